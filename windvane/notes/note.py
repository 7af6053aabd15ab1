"""A note: what happened, as a code and typed facts, and because of what. It is kept as JSON, and nobody reads its wording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from windvane.notes.codes import DataValue, NoteCode


@dataclass(frozen=True)
class Note:
    """One thing that happened, as a code with facts.

    facts     as the code has them; one that is None is left out
    because   what it happened because of

    raises    TypeError if the facts are not those of the code
    """

    code: NoteCode
    facts: Mapping[str, object] = field(default_factory=dict)
    because: Note | None = None

    def __post_init__(self) -> None:
        facts = {name: fact for name, fact in self.facts.items() if fact is not None}
        kinds = self.code.facts
        if unknown := facts.keys() - kinds.keys():
            raise TypeError(f"A note of {self.code} has no fact {', '.join(sorted(unknown))}.")
        for name, kind in kinds.items():
            if not isinstance(facts.get(name), kind):
                raise TypeError(f"{facts.get(name)!r} is no {name!r} of a note of {self.code}.")
        for fact in facts.values():
            _check_members(fact)
        object.__setattr__(self, "facts", facts)

    def has(self, *codes: NoteCode) -> bool:
        """Return whether the note has one of the codes."""
        return self.code in codes


def said(text: str) -> Note:
    """Return what only a text tells: of a library, of a service, or an explanation that no code decides on. It may quote
    data."""
    return Note(NoteCode.SAID, {"text": DataValue(text)})


def raised(error: BaseException) -> Note:
    """Return an error of a library or of ours that nobody expected."""
    return Note(
        NoteCode.RAISED, {"error": type(error).__name__, "text": DataValue(str(error) or "-")}
    )


def unreadable(file: str, form: str, why: str) -> Note:
    """Return that a file could not be read as what it should be."""
    facts = {"file": DataValue(file), "format": form, "why": DataValue(why)}
    return Note(NoteCode.FILE_UNREADABLE, facts)


def note_to_json(note: Note) -> dict[str, Any]:
    """Return a note as JSON."""
    document: dict[str, Any] = {"code": note.code.value}
    if note.facts:
        document["facts"] = {name: _fact_to_json(fact) for name, fact in note.facts.items()}
    if note.because is not None:
        document["because"] = note_to_json(note.because)
    return document


def note_from_json(document: Mapping[str, Any]) -> Note:
    """Return the note of which `note_to_json` made this.

    raises    KeyError, TypeError or ValueError if it is none
    """
    facts = {name: _fact_from_json(fact) for name, fact in document.get("facts", {}).items()}
    because = document.get("because")
    cause = None if because is None else note_from_json(because)
    return Note(NoteCode(document["code"]), facts, cause)


def notes_to_json(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Return notes as JSON."""
    return [note_to_json(note) for note in notes]


def _fact_to_json(fact: object) -> Any:
    if isinstance(fact, DataValue):
        return {"data": fact.text}
    return list(fact) if isinstance(fact, tuple) else fact


def _fact_from_json(fact: Any) -> object:
    if isinstance(fact, dict) and set(fact) == {"data"} and isinstance(fact["data"], str):
        return DataValue(fact["data"])
    return tuple(fact) if isinstance(fact, list) else fact


def _check_members(fact: object) -> None:
    """Check what a tuple or dictionary of a note holds.

    raises    TypeError unless a tuple has texts, and a dict numbers by texts
    """
    texts = fact if isinstance(fact, tuple | dict) else ()
    figures = fact.values() if isinstance(fact, dict) else ()
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(figure, int | float) for figure in figures
    ):
        raise TypeError(f"{fact!r} is no fact: lists have texts, and objects numbers.")

"""Untrusted notes: those that tasks and other processes hand over, which may have been written by anybody."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from windvane.notes.codes import DataValue
from windvane.notes.earlier import kept_note
from windvane.notes.note import Note
from windvane.notes.sentences import sentence

LONGEST_TEXT = 4000
"""Characters of all data values of a note, what it happened because of included. A process leaves its note in a pipe, which
holds 65,536 bytes, and as JSON a character takes up to 12."""

_DEEPEST = 8
_MOST_TEXTS, _MOST = 100, 1e15
"""Of a list of names; and of a number, so that nobody's data fit into one."""

_PLAIN = re.compile(r"[A-Za-z0-9_. -]{1,100}", re.ASCII)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""No database takes these: whoever recorded such a note would end itself."""


def read_untrusted_note(document: Mapping[str, Any] | str) -> Note:
    """Return the note that was handed over as JSON. It can be worded; it holds no text that is not marked as data, but names;
    and no more of anything than is kept.

    raises    LookupError, TypeError or ValueError if it is none
    """
    note = bounded(kept_note(_without_depths(document, _DEEPEST)))
    _check_plain(note)
    sentence(note)
    return note


def _without_depths(document: Any, depth: int) -> Any:
    """Return the document without what is deeper than is kept: notes of all tasks of a job are read again whenever one ends."""
    if not isinstance(document, Mapping) or "because" not in document:
        return document
    cause = None if depth == 1 else _without_depths(document["because"], depth - 1)
    return {**document, "because": cause}


def bounded(note: Note, most: int = LONGEST_TEXT) -> Note:
    """Return the note with no more of texts, and of what it happened because of, than is kept.

    most    characters of all data values; with 0 it tells nothing of anybody's data
    """
    return _bounded(note, _DEEPEST, most)


def _bounded(note: Note, depth: int, room: int) -> Note:
    """Return the note with its data values cut to a length.

    room    characters of data values
    """
    facts: dict[str, object] = {}
    for name, fact in note.facts.items():
        facts[name] = fact
        if isinstance(fact, DataValue):
            text = _UNSTORABLE.sub("?", fact.text[:room])
            facts[name], room = DataValue(text), room - len(text)
    is_last = note.because is None or depth == 1
    because = None if is_last or note.because is None else _bounded(note.because, depth - 1, room)
    is_as_it_was = because is note.because and facts == note.facts
    return note if is_as_it_was else Note(note.code, facts, because)


def _check_plain(note: Note) -> None:
    """Check that a note has nothing in plain text that may come from data.

    raises    ValueError if a fact is a text that is neither marked as data nor a name, or holds more than one needs
    """
    for fact in note.facts.values():
        if isinstance(fact, dict):
            raise ValueError("a task counts nothing in a note")  # noqa: TRY004 - the content is wrong, no caller
        if isinstance(fact, float) and not math.isfinite(fact):
            raise ValueError(f"{fact} is no number of a note")
        if isinstance(fact, int) and abs(fact) > _MOST:
            raise ValueError(f"{len(str(fact))} digits are no number of a note")
        texts = fact if isinstance(fact, tuple) else (fact,) if isinstance(fact, str) else ()
        if len(texts) > _MOST_TEXTS:
            raise ValueError(f"{len(texts)} names are too many for a note")
        for text in texts:
            if not _PLAIN.fullmatch(text):
                raise ValueError(f"{text[:60]!r} is no name")
    if note.because is not None:
        _check_plain(note.because)

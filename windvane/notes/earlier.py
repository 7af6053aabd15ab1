"""Sentences that earlier versions kept in records, as the notes that today's code keeps in their place.

Only what code decides on is told apart; the rest is a text. The sentences are those of versions that were released, and are
not changed when a note is worded anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_from_json, said

_C = NoteCode

_BEGINNINGS: Mapping[str, NoteCode] = {
    "The explainability report is missing: ": _C.EXPLAINABILITY_MISSING,
    "The model insights report is missing: ": _C.INSIGHTS_MISSING,
}

_WHOLE: Mapping[str, NoteCode] = {
    "latency is the sum of the members' latencies": _C.LATENCY_ADDED,
    "not refitted on all rows: this is the model of the first fold": _C.NOT_REFITTED,
    "the score is slightly optimistic: the weights were tuned on the validation rows": _C.WEIGHTS_TUNED,
}

_BEFORE_THAT = "the model is the first fold's: there was no refit on all rows"

_CUT_SHORT = re.compile(r"training was cut short in fold ([0-9]+(?:, [0-9]+)*)(?: .*|: .*)")


def note_of(text: str) -> Note:
    """Return the note that a sentence of an earlier version stands for: of a failure, or of what is worth knowing of a
    candidate."""
    if (code := _WHOLE.get(text)) is not None:
        return Note(code)
    if text == _BEFORE_THAT:
        return Note(_C.NOT_REFITTED)
    if (cut := _CUT_SHORT.fullmatch(text)) is not None:
        return Note(_C.CUT_SHORT, {"folds": tuple(cut[1].split(", "))})
    for beginning, found in _BEGINNINGS.items():
        if text.startswith(beginning):
            return Note(found, because=said(text.removeprefix(beginning)))
    return said(text)


def kept_note(kept: Mapping[str, Any] | str) -> Note:
    """Return a note that was kept as JSON, or as a sentence by an earlier version.

    raises    KeyError, TypeError or ValueError if it is none
    """
    return note_of(kept) if isinstance(kept, str) else note_from_json(kept)


def kept_failure(kept: Mapping[str, Any] | str | None) -> Note | None:
    """Return the same of a reason for a failure; None if there was none."""
    return kept_note(kept) if kept else None

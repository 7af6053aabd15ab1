"""What the end of a process tells of the work that it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.executor.base import End, Ended
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note
from windvane.process.child import Ending, Exit

_ENDS = {
    Ending.FINISHED: End.FINISHED,
    Ending.FAILED: End.FAILED,
    Ending.KILLED_TIME: End.OUT_OF_TIME,
    Ending.KILLED_MEMORY: End.OUT_OF_MEMORY,
    Ending.KILLED: End.KILLED,
    Ending.CRASHED: End.CRASHED,
}


def ended_of(key: str, end: Exit, result: Mapping[str, Any]) -> Ended:
    """Return the end of the work of a key, whose process ended so."""
    peak_mb = end.peak_memory_mb or None
    return Ended(key, _ENDS[end.ending], result, end.note, end.error_classes, peak_mb)


def lost(key: str, why: str) -> Ended:
    """Return the end of work that is gone with whatever ran it.

    why    for people
    """
    return Ended(key, End.LOST, note=Note(NoteCode.PROCESS_LOST, {"text": DataValue(why)}))

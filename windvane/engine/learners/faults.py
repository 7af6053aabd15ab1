"""What a library says when it cannot learn, as a candidate's fault."""

from __future__ import annotations

from windvane.errors import CandidateFault, OutOfMemory
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said

_MEMORY = ("bad_alloc", "bad allocation", "out of memory", "cannot allocate", "unable to allocate")


def candidate_fault(algorithm: str, error: Exception) -> CandidateFault:
    """Return the fault to raise from `error`."""
    text = str(error).strip() or type(error).__name__
    if isinstance(error, MemoryError) or any(word in text.lower() for word in _MEMORY):
        return OutOfMemory(_note(NoteCode.TRAINING_OUT_OF_MEMORY, algorithm, text))
    return CandidateFault(_note(NoteCode.NOT_TRAINABLE, algorithm, text))


def _note(code: NoteCode, algorithm: str, text: str) -> Note:
    return Note(code, {"algorithm": algorithm}, said(text))

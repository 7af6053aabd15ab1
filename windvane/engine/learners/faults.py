"""What a library says when it cannot learn, as a candidate's fault."""

from __future__ import annotations

from windvane.errors import CandidateFault, OutOfMemory

_MEMORY = ("bad_alloc", "bad allocation", "out of memory", "cannot allocate", "unable to allocate")


def candidate_fault(algorithm: str, error: Exception) -> CandidateFault:
    """The fault to raise from `error`."""
    text = str(error).strip() or type(error).__name__
    if isinstance(error, MemoryError) or any(word in text.lower() for word in _MEMORY):
        return OutOfMemory(f"{algorithm} ran out of memory: {text}")
    return CandidateFault(f"{algorithm} could not be trained on these rows: {text}")

"""Partial failures, as a job keeps them: what went wrong although the job went on."""

from __future__ import annotations

from dataclasses import replace

from windvane.notes.note import Note
from windvane.work.jobs.state import JobState

MAX_PARTIAL_FAILURES = 5


def with_partial_failure(
    state: JobState, reason: Note, at_most: int = MAX_PARTIAL_FAILURES
) -> JobState:
    """Return the job with another partial failure. It keeps the first few; the others are in the candidates.

    at_most    reasons kept before this one; fewer than the usual make room for it
    """
    known = state.job.partial_failures[:at_most]
    reasons = (*known, reason)[:MAX_PARTIAL_FAILURES]
    if reason in state.job.partial_failures:
        return state
    return replace(state, job=replace(state.job, partial_failures=reasons))

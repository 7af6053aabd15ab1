"""Reasons for partial failures, as a job keeps them."""

from __future__ import annotations

from dataclasses import replace

from windvane.notes.note import Note
from windvane.work.jobs.state import JobState

MAX_REASONS = 5


def with_reason(state: JobState, reason: Note, at_most: int = MAX_REASONS) -> JobState:
    """The first few partial failures are told, the rest are in the candidates.

    at_most    reasons kept before this one; fewer than the usual make room for it
    """
    known = state.job.partial_failures[:at_most]
    reasons = (*known, reason)[:MAX_REASONS]
    if reason in state.job.partial_failures:
        return state
    return replace(state, job=replace(state.job, partial_failures=reasons))

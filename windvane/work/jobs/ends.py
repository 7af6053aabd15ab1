"""How a job ends, and what it shows until then. Pure, as all of work/jobs/flow.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from windvane.domain.candidate import CandidateStatus
from windvane.domain.job import EndOfSearch, JobStatus, SecondaryStatus
from windvane.domain.task import TaskKind
from windvane.domain.timing import timetable
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.work.jobs import trials
from windvane.work.jobs.state import JobState

Passed = tuple[JobState, bool]
"""What is to be true, and whether the phase is over."""


def fail_if_late(state: JobState, now: datetime) -> Passed:
    """Return a job whose data were never looked at in its time has nothing to finish with."""
    if now < timetable(state.job, state.up_since).finish:
        return state, False
    late = Note(NoteCode.NOT_READ_IN_TIME, {"limit_s": state.job.limits.max_runtime_s})
    return failed(state, late, now), False


def failed(state: JobState, why: Note, now: datetime) -> JobState:
    job = replace(state.job, failure=why)
    return ended(replace(state, job=job), JobStatus.FAILED, SecondaryStatus.FAILED, now)


def ended(
    state: JobState, status: JobStatus, secondary: SecondaryStatus, now: datetime
) -> JobState:
    state = state.without_ready(frozenset(TaskKind), now)
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        state = trials.stopped(state, candidate, now)
    is_stopped = status is JobStatus.STOPPED
    end = EndOfSearch.STOPPED if is_stopped else state.job.search_ended
    job = replace(state.job, status=status, secondary=secondary, ended=now, search_ended=end)
    return replace(state, job=job)


def showing(state: JobState, secondary: SecondaryStatus) -> JobState:
    return replace(state, job=replace(state.job, secondary=secondary))

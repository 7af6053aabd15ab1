"""What of a job's actions is too late, and how many more may be begun. Pure, as all of work/jobs/flow.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from windvane.domain.candidate import CandidateStatus
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.timing import LATE, Timetable
from windvane.work.jobs import trials
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import ACTIONS, SEARCH


def late_tasks(state: JobState, times: Timetable, now: datetime) -> Iterator[Task]:
    """Running tasks whose end is not waited for any more: their worker is taken for dead."""
    for task in state.tasks:
        is_running = task.status is TaskStatus.RUNNING and task.kind in ACTIONS
        if is_running and now >= _end_of(task.kind, times) + LATE:
            yield task


def without_late(state: JobState, times: Timetable, now: datetime) -> JobState:
    """Return the state with what no worker has begun given up where it is too late for it; likewise candidates that are late."""
    kinds = frozenset(kind for kind in ACTIONS if now >= _end_of(kind, times))
    if state.job.search_ended is None and now >= times.last_start:
        kinds |= SEARCH
    state = trials.without_waiting(state, kinds, now)
    for task in late_tasks(state, times, now):
        candidate = state.candidate_of(task)
        if candidate is not None and candidate.status is CandidateStatus.IN_PROGRESS:
            state = trials.stopped(state, candidate, now)
    return state


def _end_of(kind: TaskKind, times: Timetable) -> datetime:
    """Return when a task must be over."""
    return {
        TaskKind.FEATURES: times.packing,
        TaskKind.TRAIN: times.search,
        TaskKind.FEWER_ROWS: times.search,
        TaskKind.ENSEMBLE: times.packing,
        TaskKind.REFIT: times.packing,
        TaskKind.PACK: times.reported,
        TaskKind.BASELINE: times.finish,
    }[kind]


def room(state: JobState, times: Timetable, now: datetime) -> int:
    """Return how many more actions may be begun: one waits for the next worker that becomes free."""
    late = {task.id for task in late_tasks(state, times, now)}
    is_open = [
        task.id not in late for task in state.tasks if task.status.is_open and task.kind in ACTIONS
    ]
    queued = [task for task in state.queued if task.kind in ACTIONS]
    return state.workers + 1 - sum(is_open) - len(queued)

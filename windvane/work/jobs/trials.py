"""The candidates of a job: which of them count, which are given up, and whose models are not kept. Pure, as all of
work/jobs/flow.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import SecondaryStatus
from windvane.domain.problem import Mode
from windvane.domain.task import TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.work.jobs import records
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import given_up, index_of

_SEARCH_ENDED = Note(NoteCode.SEARCH_ENDED)


def without_waiting(state: JobState, kinds: frozenset[TaskKind], now: datetime) -> JobState:
    """Return the state with what no worker has begun given up, candidates included."""
    state = state.without_ready(kinds, now)
    queued = {index_of(task) for task in state.queued}
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        task = state.training(candidate.index)
        is_given_up = task is None or task.status is TaskStatus.CANCELLED
        if is_given_up and candidate.index not in queued:
            state = stopped(state, candidate, now)
    return state


def search_shows(state: JobState) -> SecondaryStatus:
    if state.job.mode is Mode.ENSEMBLING:
        return SecondaryStatus.TRAINING_MODELS
    has_begun = bool(state.candidates)
    return SecondaryStatus.MODEL_TUNING if has_begun else SecondaryStatus.FEATURE_ENGINEERING


def spare(state: JobState) -> list[Candidate]:
    """Single candidates whose models are not to be kept: those beyond the best ones, unless one is the best of all or
    a member of an ensemble. Those scored on fewer folds come after all others."""
    if not state.kept_models:
        return []
    finished = state.having(CandidateStatus.COMPLETED)
    needed = {name for candidate in finished for name in candidate.members}
    needed |= {state.job.best_candidate or ""}
    singles = [c for c in finished if c.algorithm not in (records.ENSEMBLE, records.BASELINE)]
    first = [c for c in _ranked(state, comparable(state)) if c in singles]
    rest = [c for c in _ranked(state, singles) if c not in first]
    return [c for c in (*first, *rest)[state.kept_models :] if c.name not in needed]


def _ranked(state: JobState, candidates: Iterable[Candidate]) -> list[Candidate]:
    objective = state.job.objective
    sign = 1.0 if objective is not None and objective.is_minimized else -1.0
    return sorted(candidates, key=lambda c: (sign * (c.score or 0.0), c.index))


def stopped(state: JobState, candidate: Candidate, at: datetime | None) -> JobState:
    task = state.training(candidate.index)
    why = (given_up(task) or task.failure if task else None) or _SEARCH_ENDED
    return state.with_candidate(records.ended(candidate, CandidateStatus.STOPPED, at, why))


def comparable(state: JobState) -> list[Candidate]:
    """Return the finished candidates that were scored on as many folds as any: only they can be the best."""
    finished = state.having(CandidateStatus.COMPLETED)
    most = max((candidate.folds or 0 for candidate in finished), default=0)
    return [candidate for candidate in finished if (candidate.folds or 0) == most]

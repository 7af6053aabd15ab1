"""How far an AutoML job is: its phases with their times, and its candidates in the order in which they finished.

Pure: a function of the job, its tasks and its candidates, so that it says the same after a restart and once the job is
over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob, SecondaryStatus
from windvane.domain.problem import Mode
from windvane.domain.task import Task, TaskKind
from windvane.domain.timing import Timetable

_BESIDE = frozenset({TaskKind.EXPLORE, TaskKind.SPLIT, TaskKind.TRANSFORM})
_DEPLOYS = frozenset({SecondaryStatus.DEPLOYING_MODEL, SecondaryStatus.MODEL_DEPLOYMENT_ERROR})


@dataclass(frozen=True)
class Phase:
    """A part of a job's way, named after the secondary status that shows it.

    planned_end   it is over by then
    began, ended  None if it has not; a phase that was passed over has neither
    """

    secondary: SecondaryStatus
    planned_end: datetime
    began: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True)
class Finish:
    """A candidate that was scored.

    rank      1 for the best of all; those that were scored on fewer folds come after the others
    is_best   it was the best of all that had finished when it did
    """

    candidate: Candidate
    score: float
    rank: int
    is_best: bool


def phases(job: AutoMLJob, tasks: Sequence[Task], times: Timetable) -> tuple[Phase, ...]:
    """Return the phases of a job in their order. One lasts until the next one that took place begins, the last one
    until the job's end."""
    planned = list(_planned(job, tasks, times))
    next_began = job.ended
    for place in reversed(range(len(planned))):
        began = planned[place].began
        if began is not None:
            planned[place] = replace(planned[place], ended=next_began)
            next_began = began
    return tuple(planned)


def _planned(job: AutoMLJob, tasks: Sequence[Task], times: Timetable) -> Iterator[Phase]:
    analysis = next((task for task in tasks if task.kind is TaskKind.ANALYZE), None)
    search = times.finish if job.definitions_only else times.search
    yield Phase(SecondaryStatus.STARTING, search, job.created)
    yield Phase(SecondaryStatus.ANALYZING_DATA, search, analysis.started if analysis else None)
    if job.definitions_only:
        return
    analysed = analysis.ended if analysis and analysis.result is not None else None
    if job.mode is Mode.ENSEMBLING:
        yield Phase(SecondaryStatus.TRAINING_MODELS, times.ensemble, analysed)
    else:
        yield Phase(SecondaryStatus.FEATURE_ENGINEERING, times.search, analysed)
        first = _queued(tasks, TaskKind.TRAIN)
        yield Phase(SecondaryStatus.MODEL_TUNING, times.ensemble, first)
    explained = _queued(tasks, TaskKind.EXPLAIN)
    yield Phase(SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT, times.reported, explained)
    judged = _judged(tasks)
    yield Phase(SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT, times.reported, judged)
    if job.endpoint_name:
        yield Phase(SecondaryStatus.DEPLOYING_MODEL, times.finish, _deployment(job, tasks))


def _queued(tasks: Sequence[Task], kind: TaskKind) -> datetime | None:
    return min((task.created for task in tasks if task.kind is kind), default=None)


def _judged(tasks: Sequence[Task]) -> datetime | None:
    """Reports are made at once: the second one is waited for once the first is over, if it takes longer."""
    first = [task for task in tasks if task.kind is TaskKind.EXPLAIN]
    second = [task for task in tasks if task.kind is TaskKind.INSIGHTS]
    if not first:
        return _queued(tasks, TaskKind.INSIGHTS)
    explained = max((task.ended for task in first if task.ended), default=None)
    if explained is None or all(task.ended and task.ended <= explained for task in second):
        return None
    return explained


def _deployment(job: AutoMLJob, tasks: Sequence[Task]) -> datetime | None:
    """It follows the last task that the job waited for."""
    if not job.deployed and job.secondary not in _DEPLOYS:
        return None
    ends = (task.ended for task in tasks if task.ended is not None and task.kind not in _BESIDE)
    return max(ends, default=None)


def finishes(candidates: Iterable[Candidate], job: AutoMLJob) -> tuple[Finish, ...]:
    """Return every candidate that has a score, in the order in which they finished. Of records that do not say on how
    many folds they were scored nothing is held against them. Ranks are those of the leaderboard."""
    objective = job.objective
    sign = 1.0 if objective is not None and objective.is_minimized else -1.0
    scored = sorted(_scored(candidates, sign), key=lambda one: (one.ended, one.candidate.index))
    most = max((one.candidate.folds or 0 for one in scored), default=0)
    ranked = sorted(
        scored,
        key=lambda one: (
            not one.is_comparable(most),
            sign * (one.candidate.ranked_by(objective) or 0.0),
            one.candidate.name != job.best_candidate,
            one.candidate.latency_s or 0.0,
            one.candidate.index,
        ),
    )
    ranks = {one.candidate.index: rank for rank, one in enumerate(ranked, start=1)}
    return tuple(
        Finish(one.candidate, one.score, ranks[one.candidate.index], is_best)
        for one, is_best in _best_so_far(scored)
    )


@dataclass(frozen=True)
class _Scored:
    """A finished candidate with its score.

    cost    the less, the better
    """

    candidate: Candidate
    score: float
    cost: float
    ended: datetime

    def is_comparable(self, most: int) -> bool:
        """Return whether the score can be compared with those that were scored on the most folds."""
        return self.candidate.folds in (None, most)


def _best_so_far(scored: Iterable[_Scored]) -> Iterator[tuple[_Scored, bool]]:
    """Yield the first that is scored on more folds than all before it takes their place, whatever its score."""
    most, least_cost = 0, math.inf
    for one in scored:
        if (one.candidate.folds or 0) > most:
            most, least_cost = one.candidate.folds or 0, math.inf
        is_best = one.is_comparable(most) and one.cost < least_cost
        least_cost = one.cost if is_best else least_cost
        yield one, is_best


def _scored(candidates: Iterable[Candidate], sign: float) -> Iterator[_Scored]:
    for one in candidates:
        if one.status is not CandidateStatus.COMPLETED or one.score is None or one.ended is None:
            continue
        if math.isfinite(one.score):
            yield _Scored(one, one.score, sign * one.score, one.ended)

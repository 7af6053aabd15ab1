"""When the parts of a job must be over, so that the whole ends by its deadline.

    created ....... search ....... packing ....... ensemble ....... reported ....... deadline
             candidates   ensemble, refits  packages         reports        deployment

The reserve after the search, but for the reports, is 8 % of the job's time, at least 10 s (a fifth of a short job) and
at most 240 s: choosing an ensemble, packing it and starting an endpoint take seconds, hardly more on large data. Half of it
is for what comes after the reports; a job that deploys nothing keeps a fifth of that half. The reports, which are made at
once, have 8 % more, at least 10 s (12 % of a short job), at most 120 s. With one worker the model insights report comes first:
it takes as long as it takes, and an explanation is of fewer rows where there is less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task, TaskKind


@dataclass(frozen=True)
class _Reserve:
    """A share of the job's time, at least so many seconds (or so much of a short job) and at most so many."""

    share: float
    least_s: float
    least_share: float
    most_s: float

    def of(self, max_runtime_s: float) -> float:
        least = min(self.least_s, self.least_share * max_runtime_s)
        return max(least, min(self.share * max_runtime_s, self.most_s))


_ENDING = _Reserve(0.08, 10.0, 0.2, 240.0)
_REPORTS = _Reserve(0.08, 10.0, 0.12, 120.0)

_AFTER_REPORTS, _AFTER_REPORTS_ALONE = 0.5, 0.1
"""Of _ENDING, for what comes after the reports: with a deployment, and without."""

_MOST_EXPLAINING_SHARE = 0.1
"""Of the job's time. A short job keeps more free than it means to use: drawing takes seconds however short it is."""

_AFTER_DOWNTIME_S = 30.0
"""What a job may take beyond its deadline to finish when the server was down at the deadline."""

LATE = timedelta(seconds=3)
"""How long after its time the end of a task is waited for; then its worker is taken for dead."""

_USEFUL_SHARE = 0.02
"""Of the job's time; a candidate that could run for less is not begun."""


@dataclass(frozen=True)
class Timetable:
    """Points in time of one job.

    last_start   no candidate is begun after it
    search       candidates are over
    packing      so are the ensemble and the models of all rows
    ensemble     the best candidate is packed; and an analysis that takes so long is over
    reported     so are the explainability and the model insights report
    finish       an endpoint that is not in service yet is not waited for
    """

    last_start: datetime
    search: datetime
    packing: datetime
    ensemble: datetime
    reported: datetime
    finish: datetime


def reserve_s(max_runtime_s: float, *, deploys: bool) -> float:
    """Seconds kept free at the end of a job for everything but candidates."""
    ending_s = _ENDING.of(max_runtime_s)
    return ending_s / 2 + _REPORTS.of(max_runtime_s) + _after_share(deploys) * ending_s


def explanation_s(job: AutoMLJob) -> float:
    """What the explainability report means to take, also when there is more time."""
    runtime_s = job.limits.max_runtime_s
    return min(_REPORTS.of(runtime_s), _MOST_EXPLAINING_SHARE * runtime_s)


def search_end(job: AutoMLJob) -> datetime:
    """Candidates are over by then."""
    reserve = reserve_s(job.limits.max_runtime_s, deploys=bool(job.endpoint_name))
    return job.deadline - timedelta(seconds=reserve)


def _after_share(deploys: bool) -> float:
    return _AFTER_REPORTS if deploys else _AFTER_REPORTS_ALONE


def timetable(job: AutoMLJob, up_since: datetime) -> Timetable:
    """up_since    when this server started; after a time that passed while it was down there is still what the parts
    of the reserve have
    """
    runtime_s = job.limits.max_runtime_s
    reports, ending = (timedelta(seconds=one.of(runtime_s)) for one in (_REPORTS, _ENDING))
    search = search_end(job)
    ensemble = search + ending / 2
    reported = max(ensemble, up_since) + reports
    extra = min(ending, timedelta(seconds=_AFTER_DOWNTIME_S))
    return Timetable(
        last_start=search - timedelta(seconds=max(1.0, _USEFUL_SHARE * runtime_s)),
        search=search,
        packing=search + ending / 4,
        ensemble=ensemble,
        reported=reported,
        finish=max(reported + _after_share(bool(job.endpoint_name)) * ending, up_since + extra),
    )


def next_change(job: AutoMLJob, up_since: datetime, now: datetime) -> datetime:
    """When time alone will next make something due for a job."""
    times = timetable(job, up_since)
    ends = (
        times.search,
        times.packing,
        times.ensemble,
        times.reported,
        times.finish,
    )
    points = (times.last_start, *ends, *(end + LATE for end in ends))
    return min((point for point in points if point > now), default=datetime.max.replace(tzinfo=UTC))


def stop_at(job: AutoMLJob, task: Task, up_since: datetime) -> datetime:
    """When this claimed task must have ended; what still runs then is killed."""
    times = timetable(job, up_since)
    if task.kind is TaskKind.TRAIN:
        own = timedelta(seconds=job.limits.max_candidate_runtime_s)
        return min(times.search, (task.started or task.created) + own)
    return {
        TaskKind.ANALYZE: times.ensemble,
        TaskKind.SPLIT: times.search,
        TaskKind.FEATURES: times.search,
        TaskKind.TRANSFORM: times.reported,
        TaskKind.EXPLORE: times.search,
        TaskKind.FEWER_ROWS: times.search,
        TaskKind.ENSEMBLE: times.packing,
        TaskKind.REFIT: times.packing,
        TaskKind.PACK: times.reported,
        TaskKind.BASELINE: times.finish,
        TaskKind.EXPLAIN: times.reported,
        TaskKind.INSIGHTS: times.reported,
        TaskKind.RETAIN: times.finish,
    }[task.kind]

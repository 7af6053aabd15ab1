"""When the parts of a job must be over, so that the whole ends by its deadline.

    created ........ search ....... ensemble ........ deadline
            candidates      ensemble        deployment
                            (analysis and features may not go on beyond these either)

The reserve after the search is 8 % of the job's time, at least 10 s (a fifth of a short job) and at most
240 s: choosing an ensemble, packing it and starting an endpoint take seconds, hardly more on large data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task, TaskKind

_SHARE, _MOST_S = 0.08, 240.0
_LEAST_S, _LEAST_SHARE = 10.0, 0.2

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
    ensemble     so is the ensemble; and an analysis that takes so long
    finish       an endpoint that is not in service yet is not waited for
    """

    last_start: datetime
    search: datetime
    ensemble: datetime
    finish: datetime


def reserve_s(max_runtime_s: float) -> float:
    """Seconds kept free at the end of a job for everything but candidates."""
    least = min(_LEAST_S, _LEAST_SHARE * max_runtime_s)
    return max(least, min(_SHARE * max_runtime_s, _MOST_S))


def search_end(job: AutoMLJob) -> datetime:
    """Candidates are over by then."""
    return job.deadline - timedelta(seconds=reserve_s(job.limits.max_runtime_s))


def timetable(job: AutoMLJob, up_since: datetime) -> Timetable:
    """up_since    when this server started; after the job's deadline it still gets a short while to finish"""
    reserve = timedelta(seconds=reserve_s(job.limits.max_runtime_s))
    search = search_end(job)
    useful = timedelta(seconds=max(1.0, _USEFUL_SHARE * job.limits.max_runtime_s))
    extra = min(reserve, timedelta(seconds=_AFTER_DOWNTIME_S))
    return Timetable(
        last_start=search - useful,
        search=search,
        ensemble=job.deadline - reserve / 2,
        finish=max(job.deadline, up_since + extra),
    )


def next_change(job: AutoMLJob, up_since: datetime, now: datetime) -> datetime:
    """When time alone will next make something due for a job."""
    times = timetable(job, up_since)
    ends = (times.search, times.ensemble, times.finish)
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
        TaskKind.FEATURES: times.search,
        TaskKind.ENSEMBLE: times.ensemble,
        TaskKind.BASELINE: times.finish,
    }[task.kind]

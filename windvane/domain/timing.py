"""When the parts of a job must be over, so that the whole ends by its deadline.

    created ....... search ....... packing ....... ensemble ....... reported ....... deadline
             candidates   ensemble, refits  packages         reports        deployment

The reserve after the search, but for the reports, is at most 8 % of the job's time, at least 10 s (a fifth of a short job)
and at most 240 s: packing an ensemble and starting an endpoint take seconds, hardly more on large data. Half of it is for
what comes after the reports; a job that deploys nothing keeps a fifth of that half. The reports, which are made at once, have
at most 8 % more, at least 10 s (12 % of a short job), at most 120 s. With one worker the model insights report comes first: it
takes as long as it takes, and an explanation is of fewer rows where there is less time.

A job whose data waited long for a process to read them has its whole time a little later (`with_wait_given_back`).

How long a table took to be analysed on this machine, as busy as it is, is known before candidates are tried. Packing and
reports keep no more than several times as long, so that most of what small tables need no more is left to the search; and no
less than a few times as long, up to a share of the job's time, so that they are made on a busy machine, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class _Need:
    """Seconds, and so many for each second that the analysis of the table took, and a share of the job's time for what
    may become slower meanwhile."""

    least_s: float
    per_second: float
    share: float = 0.01

    def of(self, job: AutoMLJob) -> float:
        if job.analysis_s is None:
            return math.inf
        return (
            self.least_s + self.per_second * job.analysis_s + self.share * job.limits.max_runtime_s
        )


_ENDING = _Reserve(0.08, 10.0, 0.2, 240.0)
_REPORTS = _Reserve(0.08, 10.0, 0.12, 120.0)

_PACKING_NEED = _Need(least_s=1.0, per_second=1.5)
_REPORTS_NEED = _Need(least_s=4.0, per_second=2.0)
"""source    tables of 800 to 75,000 rows and 1 to 856 columns on two cores with five processes that wanted them: analysed in
0.4 to 1.5 s, packed in 0.7 to 1.5 s, the insights report 2.4 to 4.0 s
"""

_PACKING_PART, _MOST_PACKING_SHARE = 2.0, 0.15
_REPORTS_PART, _MOST_REPORTS_SHARE = 3.0, 0.25
_MOST_MEASURED_S = 240.0
"""Kept in any case: so many times what the analysis took, at most such a share of the job's time, and so many seconds.

source    as above: on a machine that is k times slower all of it takes k times as long
"""

_AFTER_REPORTS, _AFTER_REPORTS_ALONE = 0.5, 0.1
"""Of _ENDING, for what comes after the reports: with a deployment, and without."""

_EXPLAINING_SHARE = 0.2
"""Of the job's time, at most as long as the reports have in the longest job."""

_AFTER_DOWNTIME_S = 30.0
"""What a job may take beyond its deadline to finish when the server was down at the deadline."""

LATE = timedelta(seconds=3)
"""How long after its time the end of a task is waited for; then its worker is taken for dead."""

_LONG_WAIT_SHARE, _MOST_GIVEN_BACK_S = 0.25, 20.0
"""Of a job's time: data that waited so long for a process to read them are read with as much more time, at most so many seconds."""

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


def with_wait_given_back(job: AutoMLJob, began: datetime) -> AutoMLJob:
    """Return a job with what its data waited for given back, if that was much of its time: the processes of a server that has
    just started, or is busy, may not be there for as long as all of a short job has.

    began    when its data began to be read
    """
    limit_s = job.limits.max_runtime_s
    waited_s = (began - job.created).total_seconds()
    given_s = min(waited_s, _MOST_GIVEN_BACK_S) if waited_s > _LONG_WAIT_SHARE * limit_s else 0.0
    return replace(job, deadline=job.created + timedelta(seconds=limit_s + given_s))


def reserve_s(job: AutoMLJob) -> float:
    """Return seconds kept free at the end of a job for everything but candidates."""
    return _packing_s(job) + _reports_s(job) + _after_s(job)


def explanation_s(job: AutoMLJob) -> float:
    """Return the most that the explainability report takes, also when there is more time."""
    return min(_REPORTS.most_s, _EXPLAINING_SHARE * job.limits.max_runtime_s)


def search_end(job: AutoMLJob) -> datetime:
    """Return when candidates have to be over."""
    return job.deadline - timedelta(seconds=reserve_s(job))


def _packing_s(job: AutoMLJob) -> float:
    """Return the seconds for the ensemble, its package, and what of its training takes longer than expected."""
    usual_s = min(_ENDING.of(job.limits.max_runtime_s) / 2, _PACKING_NEED.of(job))
    return max(usual_s, _measured_s(job, _PACKING_PART, _MOST_PACKING_SHARE))


def _reports_s(job: AutoMLJob) -> float:
    usual_s = min(_REPORTS.of(job.limits.max_runtime_s), _REPORTS_NEED.of(job))
    return max(usual_s, _measured_s(job, _REPORTS_PART, _MOST_REPORTS_SHARE))


def _measured_s(job: AutoMLJob, part: float, most_share: float) -> float:
    most_s = min(most_share * job.limits.max_runtime_s, _MOST_MEASURED_S)
    return min(part * (job.analysis_s or 0.0), most_s)


def _after_s(job: AutoMLJob) -> float:
    share = _AFTER_REPORTS if job.endpoint_name else _AFTER_REPORTS_ALONE
    return share * _ENDING.of(job.limits.max_runtime_s)


def timetable(job: AutoMLJob, up_since: datetime) -> Timetable:
    """Return the times at which the parts of a job are to end.

    up_since    since when one server or another has been up without a gap; after a time that passed while all were down
    there is still what the parts of the reserve have
    """
    runtime_s = job.limits.max_runtime_s
    search, packing = search_end(job), timedelta(seconds=_packing_s(job))
    ensemble = search + packing
    reported = max(ensemble, up_since) + timedelta(seconds=_reports_s(job))
    extra = timedelta(seconds=min(_ENDING.of(runtime_s), _AFTER_DOWNTIME_S))
    return Timetable(
        last_start=search - timedelta(seconds=max(1.0, _USEFUL_SHARE * runtime_s)),
        search=search,
        packing=search + packing / 2,
        ensemble=ensemble,
        reported=reported,
        finish=max(reported + timedelta(seconds=_after_s(job)), up_since + extra),
    )


def next_change(job: AutoMLJob, up_since: datetime, now: datetime) -> datetime:
    """Return when time alone will next make something due for a job."""
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
    """Return when this claimed task must have ended; what still runs then is killed."""
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

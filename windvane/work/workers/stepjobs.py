"""The way of a step job that a client created: one task, whose end is the job's end.

    Create            -> InProgress, the task is queued (control/steps.py)
    a worker claims   -> started
    the task is done  -> Completed;  failed -> Failed
    Stop              -> Stopping until the task is no worker's any more, then Stopped
    out of time       -> Stopped, `out_of_time`

The candidate that it makes reports on, if any, has them from the moment when the job is Completed.

`advance` is level-triggered: it may be asked at any time and any number of times.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.control.rules import MAX_RUNTIME_S
from windvane.domain.candidate import (
    Candidate,
    Metric,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.problem import MetricName
from windvane.domain.reports import reported
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.candidates import Score
from windvane.notes.log import in_log
from windvane.notes.note import Note
from windvane.store.base import Transaction
from windvane.work.jobs.records import metrics_of
from windvane.work.jobs.steplines import tell_step

_LOG = logging.getLogger(__name__)

UNFINISHED = tuple(status for status in StepStatus if not status.is_final)

_KINDS: tuple[type[ProcessingJob], ...] = (TrainingJob, ProcessingJob, TransformJob)


def find_step_job(tx: Transaction, job_arn: str) -> ProcessingJob | None:
    """Return the step job of an ARN; None if there is none, or it is a step of an AutoML job."""
    for kind in _KINDS:
        job = tx.by_arn(kind, job_arn)
        if job is not None and not job.parent:
            return job
    return None


def unfinished(
    tx: Transaction, statuses: tuple[StepStatus, ...] = UNFINISHED
) -> Iterator[ProcessingJob]:
    """Yield those that clients created."""
    for kind in _KINDS:
        yield from (job for job in tx.every(kind, statuses) if not job.parent)


def begin(tx: Transaction, task: Task, now: datetime) -> ProcessingJob | None:
    """Return the job of a task that was just claimed, which now tells since when it is worked on."""
    job = find_step_job(tx, task.job_arn)
    if job is None:
        return None
    begun = replace(job, started=task.started, modified=now)
    tx.update(begun)
    tell_step(tx, job, begun, now)
    return begun


def advance(tx: Transaction, job_arn: str, now: datetime) -> None:
    """Bring the job in line with its task; nothing happens if nothing is due, or it is no job of this kind."""
    job = find_step_job(tx, job_arn)
    if job is None or job.status.is_final:
        return
    if job.status is StepStatus.STOPPING:
        tx.cancel_ready_tasks(job.arn, [TaskKind.STEP], now)
    for task in tx.tasks(job.arn):
        if not task.status.is_open:
            ended = _ended(job, task, now)
            tx.update(ended)
            tell_step(tx, job, ended, now, task.result or {})
            _tell_candidate(tx, ended, now)
            _LOG.info("%s is %s. %s", job.arn, ended.status, in_log(ended.failure))


def fail(tx: Transaction, job_arn: str, why: Note, now: datetime) -> None:
    """End a job whose records cannot be written as they are to be: nothing is written but that."""
    job = find_step_job(tx, job_arn)
    if job is None or job.status.is_final:
        return
    tx.cancel_ready_tasks(job.arn, [TaskKind.STEP], now)
    tx.update(replace(job, status=StepStatus.FAILED, ended=now, modified=now, failure=why))


def max_runtime_s(job: ProcessingJob) -> int:
    """A transform job has no StoppingCondition."""
    condition = job.details.get("StoppingCondition", {})
    seconds: int = condition.get("MaxRuntimeInSeconds", MAX_RUNTIME_S)
    return seconds


def _tell_candidate(tx: Transaction, job: ProcessingJob, now: datetime) -> None:
    if job.status is not StepStatus.COMPLETED or not job.reports_on:
        return
    candidate = tx.by_arn(Candidate, job.reports_on)
    if candidate is not None:
        tx.update(replace(reported(candidate, job), modified=now))


def _ended(job: ProcessingJob, task: Task, now: datetime) -> ProcessingJob:
    is_late = task.status is TaskStatus.CANCELLED and job.status is not StepStatus.STOPPING
    ended = replace(
        job,
        status=_ENDS[task.status],
        ended=task.ended or now,
        modified=now,
        out_of_time=is_late,
        failure=task.failure if is_late or task.status is TaskStatus.FAILED else None,
    )
    if isinstance(ended, TrainingJob):
        return replace(ended, metrics=_metrics(task.result or {}))
    return ended


_ENDS = {
    TaskStatus.DONE: StepStatus.COMPLETED,
    TaskStatus.FAILED: StepStatus.FAILED,
    TaskStatus.CANCELLED: StepStatus.STOPPED,
}


def _metrics(result: dict[str, Any]) -> tuple[Metric, ...]:
    scores = [
        Score(MetricName(one["metric"]), one["value"], one["standard_error"])
        for one in result.get("scores", ())
    ]
    return tuple(metrics_of(scores, "Validation"))

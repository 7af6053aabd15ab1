"""SecondaryStatusTransitions of a training job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from windvane.api.answers import present, reason
from windvane.domain.candidate import StepStatus, TrainingJob


def transitions(job: TrainingJob) -> list[dict[str, Any]]:
    """Return the secondary statuses that the job had so far, each with its times."""
    ways = [_transition("Starting", job.created, job.started or job.ended, "Waiting for a worker.")]
    if job.started is not None:
        ways.append(_transition("Training", job.started, job.ended, "The worker is at it."))
    if job.ended is not None:
        status = "MaxRuntimeExceeded" if job.out_of_time else job.status.value
        text = reason(job.failure) or f"The training job is {status}."
        if job.cut_short:
            text += " The time of its AutoML job cut its training short."
        ways.append(_transition(status, job.ended, job.ended, text))
    elif job.status is StepStatus.STOPPING:
        ways.append(_transition("Stopping", job.modified, None, "The worker is told to stop."))
    return ways


def _transition(status: str, start: datetime, end: datetime | None, text: str) -> dict[str, Any]:
    return {"Status": status, "StartTime": start, "StatusMessage": text, **present(EndTime=end)}

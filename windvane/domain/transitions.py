"""Which status may follow which: one table for each type of record, to which the store holds whatever it writes.

A record may always be written with the status that it has. One that is not among the keys has come to its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from windvane.domain.candidate import Candidate, CandidateStatus, ProcessingJob, StepStatus
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.resource import Resource
from windvane.domain.scaling import ActivityStatus, ScalingActivity
from windvane.domain.task import Task, TaskStatus
from windvane.errors import WrongTransition

JOBS: Mapping[StrEnum, frozenset[StrEnum]] = {
    JobStatus.IN_PROGRESS: frozenset({JobStatus.STOPPING, JobStatus.COMPLETED, JobStatus.FAILED}),
    JobStatus.STOPPING: frozenset({JobStatus.STOPPED, JobStatus.FAILED}),
}

CANDIDATES: Mapping[StrEnum, frozenset[StrEnum]] = {
    CandidateStatus.IN_PROGRESS: frozenset(
        {CandidateStatus.COMPLETED, CandidateStatus.FAILED, CandidateStatus.STOPPED}
    ),
}

STEPS: Mapping[StrEnum, frozenset[StrEnum]] = {
    StepStatus.IN_PROGRESS: frozenset(
        {StepStatus.STOPPING, StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.STOPPED}
    ),
    StepStatus.STOPPING: frozenset({StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.STOPPED}),
}
"""A step that is out of time is Stopped without anybody having asked; one that was asked to stop may be done first."""

ENDPOINTS: Mapping[StrEnum, frozenset[StrEnum]] = {
    EndpointStatus.CREATING: frozenset(
        {EndpointStatus.IN_SERVICE, EndpointStatus.FAILED, EndpointStatus.DELETING}
    ),
    EndpointStatus.UPDATING: frozenset({EndpointStatus.IN_SERVICE, EndpointStatus.DELETING}),
    EndpointStatus.IN_SERVICE: frozenset({EndpointStatus.UPDATING, EndpointStatus.DELETING}),
    EndpointStatus.FAILED: frozenset({EndpointStatus.DELETING}),
}
"""An update that fails leaves the endpoint InService, as it was before."""

SCALING_ACTIVITIES: Mapping[StrEnum, frozenset[StrEnum]] = {
    ActivityStatus.IN_PROGRESS: frozenset(
        {ActivityStatus.SUCCESSFUL, ActivityStatus.OVERRIDDEN, ActivityStatus.FAILED}
    ),
}

TASKS: Mapping[StrEnum, frozenset[StrEnum]] = {
    TaskStatus.READY: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED}),
    TaskStatus.RUNNING: frozenset(
        {TaskStatus.READY, TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED}
    ),
}
"""A task whose worker is gone is ready again."""


def check_transition(before: Resource | Task, after: Resource | Task) -> None:
    """Check that a record may take the status that it is to be written with.

    raises    WrongTransition
    """
    if isinstance(before, Task) and isinstance(after, Task):
        _check(TASKS, "task", before.key, before.status, after.status)
    elif isinstance(before, AutoMLJob) and isinstance(after, AutoMLJob):
        _check(JOBS, "AutoML job", before.name, before.status, after.status)
    elif isinstance(before, Candidate) and isinstance(after, Candidate):
        _check(CANDIDATES, "candidate", before.name, before.status, after.status)
    elif isinstance(before, ProcessingJob) and isinstance(after, ProcessingJob):
        words = str(before.kind).replace("-", " ")
        _check(STEPS, words, before.name, before.status, after.status)
    elif isinstance(before, Endpoint) and isinstance(after, Endpoint):
        _check(ENDPOINTS, "endpoint", before.name, before.status, after.status)
    elif isinstance(before, ScalingActivity) and isinstance(after, ScalingActivity):
        _check(SCALING_ACTIVITIES, "scaling activity", before.id, before.status, after.status)


def _check(
    table: Mapping[StrEnum, frozenset[StrEnum]],
    words: str,
    name: str,
    before: StrEnum,
    after: StrEnum,
) -> None:
    if after is not before and after not in table.get(before, frozenset()):
        raise WrongTransition(words, name, before, after)

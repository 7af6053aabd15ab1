"""State changes as events in the shape of EventBridge.

AWS has events for training, processing and transform jobs and for endpoints: ours have its names, source and members
of the detail, less whatever may hold data or secrets (hyperparameters, environments, inputs; notes/log.py).
AWS has none for AutoML jobs and candidates: these are our own and say so in their source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from windvane.domain.candidate import Candidate, ProcessingJob, TrainingJob
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.resource import Kind, Resource
from windvane.names import Scope
from windvane.notes.log import in_log

AWS, OWN = "aws.sagemaker", "windvane"

JOB_CHANGE = "Windvane AutoML Job State Change"
CANDIDATE_CHANGE = "Windvane AutoML Candidate State Change"
ENDPOINT_CHANGE = "SageMaker Endpoint State Change"

_STEP_WORDS: dict[StrEnum, str] = {
    Kind.PROCESSING_JOB: "Processing",
    Kind.TRAINING_JOB: "Training",
    Kind.TRANSFORM_JOB: "Transform",
}

DETAIL_TYPES = (
    JOB_CHANGE,
    CANDIDATE_CHANGE,
    *(f"SageMaker {word} Job State Change" for word in _STEP_WORDS.values()),
    ENDPOINT_CHANGE,
)

_STEP_MEMBERS = (
    "AlgorithmSpecification",
    "AppSpecification",
    "ModelName",
    "ModelArtifacts",
    "OutputDataConfig",
    "ResourceConfig",
    "RoleArn",
    "StoppingCondition",
    "TransformOutput",
    "TransformResources",
)
"""Members of Describe that stand in an event's detail too."""

_IMAGES = {
    "AlgorithmSpecification": ("TrainingImage", "TrainingInputMode"),
    "AppSpecification": ("ImageUri",),
}
"""What of them; all of the others."""


@dataclass(frozen=True)
class Event:
    """A state change as it was written.

    sequence    grows with each event of a store
    id          unique among all events ever
    owner       ARN of the AutoML job it belongs to; of the resource itself if it belongs to none
    document    JSON text, the same at each delivery
    """

    sequence: int
    id: str
    scope: Scope
    owner: str
    detail_type: str
    time: datetime
    document: str

    @property
    def is_end_of_job(self) -> bool:
        """Return whether it says that an AutoML job has ended, or was changed after its end."""
        if self.detail_type != JOB_CHANGE:
            return False
        return JobStatus(json.loads(self.document)["detail"]["AutoMLJobStatus"]).is_final


def state_of(record: Resource) -> str:
    """Return what a change of makes an event; "" for a kind of resource that has none."""
    if isinstance(record, AutoMLJob):
        return f"{record.status}/{record.secondary}"
    if isinstance(record, TrainingJob):
        return f"{record.status}/{record.secondary}"
    if isinstance(record, Candidate | ProcessingJob | Endpoint):
        return str(record.status)
    return ""


def owner_of(record: Resource) -> str:
    return record.parent or record.arn


def detail_type_of(record: Resource) -> str:
    """Return the detail type of a record's events.

    raises    KeyError for a kind of resource that has no events
    """
    if record.kind in _STEP_WORDS:
        return f"SageMaker {_STEP_WORDS[record.kind]} Job State Change"
    return _OTHER_TYPES[record.kind]


def document_of(
    record: Resource, event_id: str, job: AutoMLJob | None = None, *, is_gone: bool = False
) -> str:
    """Return the event that says what state a resource has come to.

    job      that a candidate belongs to
    is_gone  the resource was deleted
    """
    resource = owner_of(record) if isinstance(record, Candidate) else record.arn
    return json.dumps(
        {
            "version": "0",
            "id": event_id,
            "detail-type": detail_type_of(record),
            "source": OWN if isinstance(record, AutoMLJob | Candidate) else AWS,
            "account": record.scope.account,
            "time": record.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": record.scope.region,
            "resources": [resource],
            "detail": _detail(record, job, is_gone),
        },
        separators=(",", ":"),
    )


def _detail(record: Resource, job: AutoMLJob | None, is_gone: bool) -> dict[str, Any]:
    detail: Mapping[str, Any] = {}
    if isinstance(record, AutoMLJob):
        detail = _job_detail(record)
    elif isinstance(record, Candidate):
        detail = _candidate_detail(record, job)
    elif isinstance(record, ProcessingJob):
        detail = _step_detail(record)
    elif isinstance(record, Endpoint):
        detail = _endpoint_detail(record, is_gone)
    times = {"CreationTime": _millis(record.created), "LastModifiedTime": _millis(record.modified)}
    return {name: value for name, value in {**detail, **times}.items() if value not in (None, "")}


def _job_detail(job: AutoMLJob) -> dict[str, Any]:
    return {
        "AutoMLJobName": job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": str(job.status),
        "AutoMLJobSecondaryStatus": str(job.secondary),
        "BestCandidateName": job.best_candidate,
        "EndpointName": job.endpoint_name,
        "EndTime": _millis(job.ended),
        "FailureReason": in_log(job.failure),
    }


def _candidate_detail(candidate: Candidate, job: AutoMLJob | None) -> dict[str, Any]:
    return {
        "AutoMLJobName": job.name if job is not None else None,
        "AutoMLJobArn": candidate.parent,
        "CandidateName": candidate.name,
        "CandidateStatus": str(candidate.status),
        "Algorithm": candidate.algorithm,
        "FinalAutoMLJobObjectiveMetric": _objective(candidate, job),
        "EndTime": _millis(candidate.ended),
        "FailureReason": in_log(candidate.failure),
    }


def _objective(candidate: Candidate, job: AutoMLJob | None) -> dict[str, Any] | None:
    objective = job.objective if job is not None else None
    for metric in candidate.metrics:
        if metric.name is objective and metric.split == "Validation":
            error = metric.standard_error
            told = {} if error is None else {"StandardError": _number(error)}
            return {"MetricName": str(metric.name), "Value": _number(metric.value), **told}
    return None


def _number(value: float) -> float | str:
    """JSON has no word for what is not finite."""
    return value if abs(value) < float("inf") else str(value)


def _step_detail(job: ProcessingJob) -> dict[str, Any]:
    word = _STEP_WORDS[job.kind]
    return {
        f"{word}JobName": job.name,
        f"{word}JobArn": job.arn,
        f"{word}JobStatus": str(job.status),
        "SecondaryStatus": str(job.secondary) if isinstance(job, TrainingJob) else None,
        **{
            name: _detail_member(name, job.details[name])
            for name in _STEP_MEMBERS
            if name in job.details
        },
        "AutoMLJobArn": job.parent,
        f"{word}StartTime": _millis(job.started),
        f"{word}EndTime": _millis(job.ended),
        "FailureReason": in_log(job.failure),
    }


def _detail_member(name: str, member: Any) -> Any:
    if name not in _IMAGES or not isinstance(member, Mapping):
        return member
    return {key: member[key] for key in _IMAGES[name] if key in member}


def _endpoint_detail(endpoint: Endpoint, is_gone: bool) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config_name,
        "EndpointStatus": "DELETED" if is_gone else _in_capitals(str(endpoint.status)),
        "ProductionVariants": [
            {
                "VariantName": one.variant.name,
                "DesiredWeight": one.variant.weight,
                "DesiredInstanceCount": one.variant.instance_count,
            }
            for one in endpoint.desired
            if one.variant.name != endpoint.desired_shadow
        ],
        "FailureReason": in_log(endpoint.failure),
    }


def _in_capitals(status: str) -> str:
    """InService as IN_SERVICE: AWS spells the status of an endpoint so in its events."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def _millis(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)


_OTHER_TYPES: dict[StrEnum, str] = {
    Kind.AUTO_ML_JOB: JOB_CHANGE,
    Kind.CANDIDATE: CANDIDATE_CHANGE,
    Kind.ENDPOINT: ENDPOINT_CHANGE,
}

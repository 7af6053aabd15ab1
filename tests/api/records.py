"""Small valid records, as workers leave them in the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from api.world import IMAGE, MODEL_DATA, ROLE, SCOPE, job_request

from windvane.api.automl_request.spec import job_spec
from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    Container,
    Metric,
    ProcessingJob,
    Step,
    TrainingJob,
    TransformJob,
)
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, Limits
from windvane.domain.problem import MetricName
from windvane.domain.resource import Kind
from windvane.names import arn

JOB_ARN = arn(SCOPE, Kind.AUTO_ML_JOB, "churn")
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}

DETAILS: dict[type[ProcessingJob], dict[str, Any]] = {
    ProcessingJob: {
        "ProcessingResources": {"ClusterConfig": CLUSTER},
        "AppSpecification": {"ImageUri": IMAGE},
        "RoleArn": ROLE,
    },
    TrainingJob: {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "ModelArtifacts": {"S3ModelArtifacts": MODEL_DATA},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://results/jobs"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "EnableNetworkIsolation": False,
        "EnableManagedSpotTraining": False,
    },
    TransformJob: {
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x"}}
        },
        "TransformOutput": {"S3OutputPath": "s3://results/jobs"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        "DataProcessing": {"JoinSource": "None"},
    },
}


def step_record(kind: type[ProcessingJob], now: datetime, name: str = "step-1") -> ProcessingJob:
    return kind(
        scope=SCOPE, name=name, created=now, modified=now, parent=JOB_ARN, details=DETAILS[kind]
    )


def job_record(now: datetime, name: str = "churn", **changes: Any) -> AutoMLJob:
    """changes    fields, and `request`: members of the request to CreateAutoMLJob"""
    request = dict(job_request(name, **changes.pop("request", {})).items())
    fields: dict[str, Any] = {
        "scope": SCOPE,
        "name": name,
        "created": now,
        "modified": now,
        "spec": job_spec(request),
        "echo": Echo(ApiVersion.V1, request),
        "limits": Limits(10, 600, 60),
        "deadline": now + timedelta(seconds=600),
    }
    return AutoMLJob(**(fields | changes))


def candidate_record(now: datetime, index: int = 1, **changes: Any) -> Candidate:
    fields: dict[str, Any] = {
        "scope": SCOPE,
        "name": f"churn-{index:03}",
        "created": now,
        "modified": now,
        "parent": JOB_ARN,
        "index": index,
        "algorithm": "xgboost",
        "recipe": "dpp0",
        "hyperparameters": {},
    }
    return Candidate(**(fields | changes))


def finished_candidate(now: datetime, index: int = 1, **changes: Any) -> Candidate:
    finished = {
        "status": CandidateStatus.COMPLETED,
        "score": 0.9,
        "ended": now,
        "latency_s": 0.001,
        "metrics": (
            Metric(MetricName.F1, 0.9),
            Metric(MetricName.LOG_LOSS, 0.3),
            Metric(MetricName.F1, 0.95, "Train"),
        ),
        "steps": (
            Step(Kind.PROCESSING_JOB, "db-1"),
            Step(Kind.TRAINING_JOB, "dpp0-1"),
            Step(Kind.TRANSFORM_JOB, "dpp0-csv-1"),
            Step(Kind.TRAINING_JOB, f"churn-{index:03}"),
        ),
        "containers": (Container(IMAGE, MODEL_DATA, {"A": "1"}), Container(IMAGE, MODEL_DATA)),
    }
    return candidate_record(now, index, **(finished | changes))

"""The records that clients see of a job's work: candidates, and the step jobs behind them.

All are a function of the job, its tasks and their results, so a restart makes the same. `details` holds what
Describe says besides times and status, in AWS's spelling, and only what is true of this machine.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    Metric,
    ProcessingJob,
    Step,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.images import TRANSFORMERS, image_uri
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import Mode
from windvane.domain.resource import Kind
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.outcomes import outcome_from_json
from windvane.work.containers import containers_of, mode_of
from windvane.work.workspace import Keys

ENSEMBLE = "ensemble"
BASELINE = "baseline"

_MAX_TEXT = 1024
_MAX_PARAMETER = 2500

_INSTANCE = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
"""The service model demands an instance type; everything runs on the machine of the server."""

_STEP_STATUS = {
    TaskStatus.READY: StepStatus.IN_PROGRESS,
    TaskStatus.RUNNING: StepStatus.IN_PROGRESS,
    TaskStatus.DONE: StepStatus.COMPLETED,
    TaskStatus.FAILED: StepStatus.FAILED,
    TaskStatus.CANCELLED: StepStatus.STOPPED,
}
_CANDIDATE_STEP_STATUS = {
    CandidateStatus.IN_PROGRESS: StepStatus.IN_PROGRESS,
    CandidateStatus.COMPLETED: StepStatus.COMPLETED,
    CandidateStatus.FAILED: StepStatus.FAILED,
    CandidateStatus.STOPPED: StepStatus.STOPPED,
}
_TAGS = {TaskKind.ENSEMBLE: ENSEMBLE, TaskKind.BASELINE: BASELINE}


def begun(job: AutoMLJob, plan: Plan, now: datetime) -> Candidate:
    """A candidate that is to be trained."""
    return Candidate(
        scope=job.scope,
        name=Keys(job).candidate_name(plan.index),
        parent=job.arn,
        created=now,
        modified=now,
        index=plan.index,
        algorithm=plan.algorithm,
        recipe=plan.recipe,
        hyperparameters=plan.hyperparameters,
        steps=_steps(job, plan.index, plan.recipe or plan.algorithm),
    )


def unplanned(job: AutoMLJob, index: int, algorithm: str, now: datetime) -> Candidate:
    """An ensemble or a baseline, which the search did not propose."""
    return begun(job, Plan(index, "", algorithm, {}, seed=0), now)


def completed(
    job: AutoMLJob, candidate: Candidate, result: dict[str, Any], ended: datetime | None
) -> Candidate:
    """A candidate with what its task brought."""
    outcome, tag = outcome_from_json(result["outcome"]), result["tag"]
    keys = Keys(job)
    return replace(
        candidate,
        status=CandidateStatus.COMPLETED,
        score=outcome.objective,
        metrics=_metrics(outcome),
        latency_s=outcome.latency_s,
        members={keys.candidate_name(i): weight for i, weight in outcome.members.items()},
        containers=containers_of(job, candidate, tag),
        ended=ended,
    )


def ended(
    candidate: Candidate, status: CandidateStatus, at: datetime | None, reason: str
) -> Candidate:
    """A candidate that came to nothing."""
    return replace(candidate, status=status, ended=at, failure_reason=reason[:_MAX_TEXT])


def step_jobs(job: AutoMLJob, task: Task) -> tuple[ProcessingJob, ...]:
    """The step jobs that candidates share and this task does; the last one tells how far all are."""
    if task.kind is TaskKind.ANALYZE:
        return (_split_job(job, task),)
    if task.kind is TaskKind.EXPLORE:
        return (_exploration_job(job, task),)
    if task.kind is TaskKind.FEATURES:
        return _transformer_jobs(job, task, task.payload["recipe"])
    if task.kind in _TAGS and (task.result or {}).get("outcome"):
        return _transformer_jobs(job, task, _TAGS[task.kind])
    return ()


def training_job(job: AutoMLJob, candidate: Candidate, task: Task | None) -> TrainingJob:
    """The last step of a candidate, of the same name."""
    keys = Keys(job)
    output, artefact = (
        (keys.whole_folder(), keys.whole(candidate.index))
        if mode_of(job) is Mode.ENSEMBLING
        else (
            keys.model_folder(candidate.recipe, candidate.algorithm),
            keys.model(candidate.index, candidate.recipe, candidate.algorithm),
        )
    )
    return TrainingJob(
        scope=job.scope,
        name=candidate.name,
        parent=job.arn,
        created=candidate.created,
        modified=candidate.modified,
        started=task.started if task else None,
        ended=candidate.ended,
        status=_CANDIDATE_STEP_STATUS[candidate.status],
        failure_reason=candidate.failure_reason,
        metrics=tuple(m for m in candidate.metrics if m.split == "Validation"),
        details={
            **_training_details(job, candidate.algorithm, str(output), str(artefact)),
            "HyperParameters": _strings(candidate.hyperparameters),
        },
    )


def _steps(job: AutoMLJob, index: int, tag: str) -> tuple[Step, ...]:
    keys = Keys(job)
    return (
        Step(Kind.PROCESSING_JOB, keys.split_name),
        Step(Kind.TRAINING_JOB, keys.transformers_name(tag)),
        Step(Kind.TRANSFORM_JOB, keys.transform_name(tag)),
        Step(Kind.TRAINING_JOB, keys.candidate_name(index)),
    )


def _metrics(outcome: Outcome) -> tuple[Metric, ...]:
    validation = (Metric(s.metric, s.value, "Validation", s.standard_error) for s in outcome.scores)
    train = (Metric(s.metric, s.value, "Train", s.standard_error) for s in outcome.train_scores)
    return (*validation, *train)


def _common(job: AutoMLJob, task: Task) -> dict[str, Any]:
    return {
        "scope": job.scope,
        "parent": job.arn,
        "created": task.created,
        "modified": task.ended or task.created,
        "started": task.started,
        "ended": task.ended,
        "status": _STEP_STATUS[task.status],
        "failure_reason": task.error[:_MAX_TEXT] if task.status is TaskStatus.FAILED else "",
    }


def _split_job(job: AutoMLJob, task: Task) -> ProcessingJob:
    keys = Keys(job)
    details = _processing_details(job, "header", str(keys.headers))
    return ProcessingJob(name=keys.split_name, details=details, **_common(job, task))


def _exploration_job(job: AutoMLJob, task: Task) -> ProcessingJob:
    keys = Keys(job)
    details = _processing_details(job, "notebooks", str(keys.notebooks))
    return ProcessingJob(name=keys.exploration_name, details=details, **_common(job, task))


def _processing_details(job: AutoMLJob, output: str, uri: str) -> dict[str, Any]:
    return {
        "AppSpecification": {"ImageUri": image_uri(job.scope, TRANSFORMERS)},
        "ProcessingResources": {"ClusterConfig": {**_INSTANCE, "VolumeSizeInGB": 1}},
        "ProcessingInputs": [
            {"InputName": channel["ChannelName"], "S3Input": channel["DataSource"]["S3DataSource"]}
            for channel in _channels(job)
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {"S3Uri": uri, "S3UploadMode": "EndOfJob"},
                }
            ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": job.limits.max_runtime_s},
        "RoleArn": job.request["RoleArn"],
    }


def _transformer_jobs(job: AutoMLJob, task: Task, tag: str) -> tuple[ProcessingJob, ...]:
    keys, common = Keys(job), _common(job, task)
    source = job.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    fit = TrainingJob(
        name=keys.transformers_name(tag),
        details=_training_details(
            job, TRANSFORMERS, str(keys.transformers_folder), str(keys.transformers(tag))
        ),
        **common,
    )
    transform = TransformJob(
        name=keys.transform_name(tag),
        details={
            "ModelName": keys.transformers_name(tag),
            "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
            "TransformResources": _INSTANCE,
        },
        **common,
    )
    return fit, transform


def _training_details(job: AutoMLJob, algorithm: str, output: str, artefact: str) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": image_uri(job.scope, algorithm),
            "TrainingInputMode": "File",
        },
        "RoleArn": job.request["RoleArn"],
        "InputDataConfig": _channels(job),
        "OutputDataConfig": {"S3OutputPath": output},
        "ModelArtifacts": {"S3ModelArtifacts": artefact},
        "ResourceConfig": {**_INSTANCE, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.limits.max_candidate_runtime_s},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
    }


def _channels(job: AutoMLJob) -> list[dict[str, Any]]:
    return [
        {
            "ChannelName": channel.get("ChannelType", "training"),
            "DataSource": {"S3DataSource": dict(channel["DataSource"]["S3DataSource"])},
        }
        for channel in job.request["InputDataConfig"]
    ]


def _strings(hyperparameters: dict[str, Any]) -> dict[str, str]:
    return {name: str(value)[:_MAX_PARAMETER] for name, value in hyperparameters.items()}

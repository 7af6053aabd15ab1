"""The step jobs behind the candidates of a job, as clients see them.

All are a function of the job, its tasks and their results, so a restart makes the same. `details` holds what
Describe says besides times and status, in AWS's spelling, and only what is true of this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from windvane.artifacts.base import Location
from windvane.control.reruns import MEMBERS, SECOND_LAYER
from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.images import FORECASTER, TRANSFORMERS, image_uri, step_image_uri
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import Mode
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.candidate_io import outcome_from_json
from windvane.engine.candidates import Plan
from windvane.engine.plan_text import hyperparameters_of
from windvane.notes.note import Note
from windvane.work.jobs.records import SPLIT, transform_key
from windvane.work.jobs.splitting import split_environment, split_inputs
from windvane.work.workspace import Keys

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
_UNPLANNED = (TaskKind.ENSEMBLE, TaskKind.BASELINE)


def step_jobs(job: AutoMLJob, tasks: Sequence[Task]) -> Iterator[ProcessingJob]:
    """Yield the step jobs that candidates share, as far as these tasks have begun them."""
    if job.is_forecast:
        yield from (_series_job(job, task) for task in tasks if task.kind is TaskKind.ANALYZE)
        return
    by_key = {task.key: task for task in tasks}
    for task in tasks:
        if task.kind is TaskKind.ANALYZE:
            yield _split_job(job, task, by_key.get(SPLIT))
        elif task.kind is TaskKind.EXPLORE:
            yield _exploration_job(job, task)
        elif task.kind in _UNPLANNED and (task.result or {}).get("outcome"):
            yield from _of_unplanned(job, task, tasks, by_key)
    yield from _of_recipes(job, tasks, by_key)


def _of_recipes(
    job: AutoMLJob, tasks: Sequence[Task], by_key: Mapping[str, Task]
) -> Iterator[ProcessingJob]:
    """Yield the steps of each recipe, which its first task brings to S3."""
    first: dict[str, Task] = {}
    for task in tasks:
        if task.kind is TaskKind.FEATURES:
            first.setdefault(task.payload["recipe"], task)
    for recipe, task in first.items():
        yield _transformers_job(job, task, recipe, {"_recipe": recipe})
        transform = by_key.get(transform_key(recipe))
        yield _transform_job(job, task, recipe, transform, _transformed(job, task, transform))


def _of_unplanned(
    job: AutoMLJob, task: Task, tasks: Sequence[Task], by_key: Mapping[str, Task]
) -> Iterator[ProcessingJob]:
    """Yield those of an ensemble or of the baseline, which the task's key names."""
    recipes = _recipes(task, tasks)
    yield _transformers_job(job, task, task.key, {"_recipe": json.dumps(recipes)})
    transforms = (by_key.get(transform_key(recipe)) for recipe in recipes)
    is_written = any(_rows_written(transform) for transform in transforms)
    output = Keys(job).all_transformed if is_written else None
    yield _transform_job(job, task, task.key, None, output)


def _recipes(task: Task, tasks: Sequence[Task]) -> list[Any]:
    """Return those that an ensemble's members take their matrices from; none for the baseline."""
    plans = [other.payload["plan"] for other in tasks if other.kind is TaskKind.TRAIN]
    by_index = {plan["index"]: plan["recipe"] for plan in plans}
    members = outcome_from_json((task.result or {})["outcome"]).members
    found = (by_index.get(index) for index in members)
    return [recipe for recipe in dict.fromkeys(found) if recipe]


def training_job(
    job: AutoMLJob, candidate: Candidate, task: Task | None, others: Sequence[Candidate] = ()
) -> TrainingJob:
    """Return the last step of a candidate, of the same name.

    others    the candidates that an ensemble is made of, among any
    """
    by_name = {other.name: other for other in others}
    members = [by_name[name] for name in candidate.members if name in by_name]
    has_model = candidate.status is CandidateStatus.IN_PROGRESS or bool(candidate.containers)
    return TrainingJob(
        scope=job.scope,
        name=candidate.name,
        parent=job.arn,
        created=candidate.created,
        modified=candidate.modified,
        started=task.started if task else None,
        ended=candidate.ended,
        status=_CANDIDATE_STEP_STATUS[candidate.status],
        failure=candidate.failure,
        metrics=tuple(candidate.metrics_of_training),
        cut_short=any(one.cut_short for one in (candidate, *members)),
        details={
            **_training_details(
                job,
                candidate.name,
                FORECASTER if job.is_forecast else candidate.algorithm,
                _model_folder(job, candidate),
                model_location(job, candidate) if has_model else None,
            ),
            "InputDataConfig": [*_dataset_channel(job), *_member_channels(job, members)],
            "HyperParameters": {} if job.is_forecast else _hyperparameters(candidate),
        },
    )


def model_location(job: AutoMLJob, candidate: Candidate) -> Location:
    """Return where the model of a candidate lies, or would."""
    keys, c = Keys(job), candidate
    if job.mode is Mode.ENSEMBLING:
        return keys.whole(c.index)
    return keys.model(c.index, c.recipe, c.algorithm)


def _model_folder(job: AutoMLJob, candidate: Candidate) -> Location:
    """Return what the training job was told to write below."""
    keys = Keys(job)
    if job.mode is Mode.ENSEMBLING:
        return keys.whole_folder
    return keys.model_folder(candidate.recipe, candidate.algorithm)


def _hyperparameters(candidate: Candidate) -> dict[str, str]:
    """Return the hyperparameters of which a client makes the same candidate again; none that are cut short."""
    c = candidate
    if c.members:
        members = json.dumps(c.members)
        layer = {SECOND_LAYER: json.dumps(c.hyperparameters)} if c.hyperparameters else {}
        return {MEMBERS: members, **layer} if len(members) <= _MAX_PARAMETER else {}
    plan = Plan(
        c.index,
        c.recipe,
        c.algorithm,
        c.hyperparameters,
        c.seed or 0,
        n_rows=c.n_rows,
        stops=c.stops,
    )
    told = hyperparameters_of(plan, c.folds)
    return {name: text for name, text in told.items() if name != "_seed" or c.seed is not None}


def _member_channels(job: AutoMLJob, members: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Return the channels as they stand in `_members`: the order of a sum counts in its last digit."""
    return [
        _channel(f"member-{number}", f"{model_location(job, member).parent}/")
        for number, member in enumerate(members, 1)
    ]


def _dataset_channel(job: AutoMLJob) -> list[dict[str, Any]]:
    """Return the channel of what training reads: the dataset, or the rows themselves of a forecasting job."""
    if job.is_forecast:
        return [{"ChannelName": "training", "DataSource": {"S3DataSource": _rows(job)}}]
    return [_channel("dataset", str(Keys(job).dataset))]


def _channel(name: str, prefix: str) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": _prefix(prefix)}}


def _prefix(uri: str) -> dict[str, str]:
    return {"S3DataType": "S3Prefix", "S3Uri": uri}


def _rows(job: AutoMLJob) -> dict[str, str]:
    source = job.spec.data.training.source
    return {
        "S3DataType": "ManifestFile" if source.is_manifest else "S3Prefix",
        "S3Uri": source.uri,
    }


def _common(job: AutoMLJob, task: Task) -> dict[str, Any]:
    return {
        "scope": job.scope,
        "parent": job.arn,
        "created": task.created,
        "modified": task.ended or task.created,
        "started": task.started,
        "ended": task.ended,
        "status": _STEP_STATUS[task.status],
        "failure": _failure(task),
    }


def _failure(task: Task) -> Note | None:
    return task.failure if task.status is TaskStatus.FAILED else None


def _split_job(job: AutoMLJob, task: Task, split: Task | None) -> ProcessingJob:
    """The data are read by one task and written by another."""
    keys = Keys(job)
    outputs = {"header": keys.headers.parent}
    common = _common(job, task)
    if task.status is TaskStatus.DONE:
        outputs |= {"tuning_data": keys.tuning_folder, "dataset": keys.dataset}
        common |= _finished_by(job, split)
    environment = {"Environment": split_environment(job, task)}
    details = _processing_details(job, split_inputs(job), outputs) | environment
    return ProcessingJob(name=keys.split_name, details=details, **common)


def _series_job(job: AutoMLJob, task: Task) -> ProcessingJob:
    """Reads the rows of a forecasting job and makes them regular series."""
    keys = Keys(job)
    is_done = task.status is TaskStatus.DONE
    outputs = {"series": keys.findings.parent} if is_done else {}
    details = _processing_details(job, split_inputs(job), outputs)
    return ProcessingJob(name=keys.split_name, details=details, **_common(job, task))


def _finished_by(job: AutoMLJob, later: Task | None) -> dict[str, Any]:
    """Return how far a step is that a later task finishes: a job that has ended begins none any more."""
    if later is None and job.status.is_final:
        return {"ended": job.ended, "status": StepStatus.STOPPED}
    if later is None:
        return {"ended": None, "status": StepStatus.IN_PROGRESS}
    return {
        "modified": later.ended or later.created,
        "ended": later.ended,
        "status": _STEP_STATUS[later.status],
        "failure": _failure(later),
    }


def _exploration_job(job: AutoMLJob, task: Task) -> ProcessingJob:
    keys = Keys(job)
    inputs = {"dataset": _prefix(str(keys.dataset))}
    details = _processing_details(job, inputs, {"notebooks": keys.notebooks})
    return ProcessingJob(name=keys.exploration_name, details=details, **_common(job, task))


def _processing_details(
    job: AutoMLJob, inputs: Mapping[str, Mapping[str, Any]], outputs: Mapping[str, Location]
) -> dict[str, Any]:
    """Return a processing job as Describe answers it.

    inputs    name -> S3Input
    """
    return {
        "AppSpecification": {"ImageUri": image_uri(job.scope, TRANSFORMERS)},
        "ProcessingResources": {
            "ClusterConfig": {**_INSTANCE, "VolumeSizeInGB": 1, **_volume(job)}
        },
        "ProcessingInputs": [
            {"InputName": name, "S3Input": dict(place)} for name, place in inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": name,
                    "S3Output": {"S3Uri": str(place), "S3UploadMode": "EndOfJob"},
                }
                for name, place in outputs.items()
            ],
            **_output(job),
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": job.limits.max_runtime_s},
        "RoleArn": job.spec.role,
    }


def _transformers_job(
    job: AutoMLJob, task: Task, tag: str, hyperparameters: dict[str, str]
) -> TrainingJob:
    """Fits the transformers. Those of an ensemble are in its whole package, in the mode that has such."""
    keys, common = Keys(job), _common(job, task)
    is_apart = task.kind not in _UNPLANNED or job.mode is not Mode.ENSEMBLING
    has_model = is_apart and common["status"] in (StepStatus.IN_PROGRESS, StepStatus.COMPLETED)
    artefact = keys.transformers(tag) if has_model else None
    name = keys.transformers_name(tag)
    details = {
        **_training_details(job, name, TRANSFORMERS, keys.transformers_folder, artefact),
        "InputDataConfig": _dataset_channel(job),
        "HyperParameters": hyperparameters,
    }
    return TrainingJob(name=name, details=details, **common)


def _rows_written(transform: Task | None) -> dict[str, int]:
    """Part -> rows of what a recipe made of the data; empty if none are written."""
    rows: dict[str, int] = (transform.result or {}).get("rows", {}) if transform else {}
    return rows if any(rows.values()) else {}


def _transformed(job: AutoMLJob, features: Task, transform: Task | None) -> Location | None:
    """Return where a recipe's rows are, or are to be; None if there will be none."""
    is_open = features.status.is_open if transform is None else transform.status.is_open
    if is_open or _rows_written(transform):
        return Keys(job).transformed_folder(features.payload["recipe"])
    return None


def _transform_job(
    job: AutoMLJob, task: Task, tag: str, transform: Task | None, output: Location | None
) -> TransformJob:
    """Transforms the data. `task` makes the matrices that are trained on, `transform` writes some rows of one for
    people to see. An ensemble takes the matrices of its members' recipes: below its output are those of all of them.

    output    None if nothing is written
    """
    keys, common = Keys(job), _common(job, task)
    written = {f"{part.upper()}_ROWS": str(n) for part, n in _rows_written(transform).items()}
    if transform is not None:
        common |= {**_finished_by(job, transform), "started": transform.started}
    return TransformJob(
        name=keys.transform_name(tag),
        details={
            "ModelName": keys.transformers_name(tag),
            "TransformInput": {"DataSource": {"S3DataSource": _prefix(str(keys.dataset))}},
            **(
                {"TransformOutput": {"S3OutputPath": str(output), **_output(job)}} if output else {}
            ),
            "TransformResources": {**_INSTANCE, **_volume(job)},
            **({"Environment": written} if written else {}),
        },
        **common,
    )


def _training_details(
    job: AutoMLJob, name: str, algorithm: str, output: Location, artefact: Location | None
) -> dict[str, Any]:
    """Return a training job as Describe answers it.

    name        of the step
    artefact    None if there is none
    """
    model = {} if artefact is None else {"ModelArtifacts": {"S3ModelArtifacts": str(artefact)}}
    return {
        "AlgorithmSpecification": {
            "TrainingImage": step_image_uri(job.scope, algorithm, name),
            "TrainingInputMode": "File",
        },
        "RoleArn": job.spec.role,
        "OutputDataConfig": {"S3OutputPath": str(output), **_output(job)},
        **model,
        **_network(job),
        "ResourceConfig": {**_INSTANCE, "VolumeSizeInGB": 1, **_volume(job)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.limits.max_candidate_runtime_s},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": job.spec.security.encrypt_traffic,
        "EnableManagedSpotTraining": False,
    }


def _network(job: AutoMLJob) -> dict[str, Any]:
    vpc = job.spec.security.vpc
    if vpc is None:
        return {}
    return {
        "VpcConfig": {
            "SecurityGroupIds": list(vpc.security_groups),
            "Subnets": list(vpc.subnets),
        }
    }


def _output(job: AutoMLJob) -> dict[str, Any]:
    key = job.spec.output.key
    return {"KmsKeyId": key} if key else {}


def _volume(job: AutoMLJob) -> dict[str, Any]:
    key = job.spec.security.volume_key
    return {"VolumeKmsKeyId": key} if key else {}

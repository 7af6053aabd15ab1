"""The step of a candidate sent back: what a training job leaves out that names a step by its image.

CandidateEstimator.fit of the SageMaker SDK sends back a step's image without its hyperparameters (it looks for them
under a name that no answer has) and with one channel, `train`, of whatever data it was given. What is left out is filled
in from the step when the job is created, and Describe tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from windvane.control.channel_rules import (
    MEMBER,
    SPECIFICATION,
    TRAIN,
    VALIDATION,
    TableForm,
    form_of,
)
from windvane.control.members import Request, first
from windvane.control.quotas import MOST_DETAILS
from windvane.domain.candidate import ProcessingJob, TrainingJob
from windvane.domain.images import algorithm_of, step_of
from windvane.domain.resource import Kind
from windvane.engine.tuning.aliases import (
    FRACTION,
    OBJECTIVE,
    PROBLEM_TYPE,
    SAMPLE_WEIGHT,
    TARGET,
    TEXT_COLUMN,
)
from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.store.base import Transaction

MEMBERS, OF_MEMBER, SECOND_LAYER = "_members", "_member-", "_second_layer"

_TARGET = "TARGET_ATTRIBUTE_NAME"
_ABOUT_THE_TABLE = {
    _TARGET: TARGET,
    "PROBLEM_TYPE": PROBLEM_TYPE,
    "OBJECTIVE": OBJECTIVE,
    "SAMPLE_WEIGHT_ATTRIBUTE_NAME": SAMPLE_WEIGHT,
    "TEXT_COLUMN": TEXT_COLUMN,
    "VALIDATION_FRACTION": FRACTION,
}
"""Environment variables of the processing job that read the table, and hyperparameters that say the same."""


MaySee = Callable[[Kind, str], None]
"""Checks that whoever asks may have a step job of this kind and name described; raises AccessDenied."""


def filled_in(tx: Transaction, scope: Scope, request: Request, may_see: MaySee) -> dict[str, Any]:
    """Return the request of CreateTrainingJob with what it leaves to the step that its image names; itself if it names none.

    may_see   is asked about the other jobs that something is taken from: members of an ensemble, which a client's own
              job may name as it likes, and the job that read the table
    raises    InvalidRequest if there is no such step, or its members are too long together; AccessDenied
    """
    name = step_of(_image(request))
    if name is None:
        return dict(request)
    step = tx.find(TrainingJob, scope, name)
    if step is None or algorithm_of(_image(step.details)) != algorithm_of(_image(request)):
        raise InvalidRequest(
            f"The image '{_image(request)}' names the step '{name}', and there is no such step of a candidate: take "
            "TrainingImage from DescribeTrainingJob, or leave out what follows 1-cpu-py3."
        )
    given = request.get("HyperParameters") or _own(tx, scope, step, request, may_see)
    split = _split(tx, step, request)
    if split is not None:
        may_see(split.kind, split.name)
    told = {**_about_the_table(split, request), **given}
    filled = {**request, "InputDataConfig": _channels(split, request)}
    return {**filled, "HyperParameters": told} if told else filled


def _own(
    tx: Transaction, scope: Scope, step: TrainingJob, request: Request, may_see: MaySee
) -> dict[str, str]:
    """Return the step's hyperparameters; those of an ensemble with its members', unless they have channels."""
    own: dict[str, str] = step.details.get("HyperParameters", {})
    channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if MEMBERS not in own or any(name.startswith(MEMBER) for name in channels):
        return own
    names = _names_in(own[MEMBERS])
    for name in names:
        may_see(Kind.TRAINING_JOB, name)
    told, n_characters = dict(own), 0
    for number, name in enumerate(names, 1):
        if (member := tx.find(TrainingJob, scope, name)) is not None:
            told[f"{OF_MEMBER}{number}"] = text = _described(member)
            n_characters += len(text)
        if n_characters > MOST_DETAILS:
            raise InvalidRequest(
                f"The hyperparameters of the members of '{step.name}' have over {MOST_DETAILS} characters together: "
                f"give it channels, {MEMBER}1, {MEMBER}2 ..., instead."
            )
    return told


def _names_in(text: str) -> list[str]:
    """Return the members that an ensemble's weights name; none of a text that is not a step's: clients may write any."""
    try:
        weights = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(weights) if isinstance(weights, dict) else []


def _described(member: TrainingJob) -> str:
    return json.dumps(
        {
            "algorithm": algorithm_of(_image(member.details)),
            "hyperparameters": member.details.get("HyperParameters", {}),
        }
    )


def _split(tx: Transaction, step: TrainingJob, request: Request) -> ProcessingJob | None:
    """Return the job that read the table of the step, if the request has a table to be read as that was: columns with names,
    and no dataset, which says itself what it is."""
    channels = _by_name(request)
    if TRAIN not in channels or not step.parent:
        return None
    if form_of(channels[TRAIN]) is TableForm.ROWS:
        return None
    jobs = tx.children(ProcessingJob, step.parent)
    return next((one for one in jobs if _TARGET in one.details.get("Environment", {})), None)


def _about_the_table(split: ProcessingJob | None, request: Request) -> dict[str, str]:
    """Return what the job of the step found its table to be, and the share that it held out."""
    if split is None:
        return {}
    environment = split.details["Environment"]
    told = {own: environment[name] for name, own in _ABOUT_THE_TABLE.items() if name in environment}
    if VALIDATION in _by_name(request):
        told.pop(FRACTION, None)
    return told


def _channels(split: ProcessingJob | None, request: Request) -> list[Any]:
    """Return those of the request, and the feature specification that the table of the step was read by."""
    channels = list(request.get("InputDataConfig", ()))
    if split is None or SPECIFICATION in _by_name(request):
        return channels
    for one in split.details.get("ProcessingInputs", ()):
        if one["InputName"] == SPECIFICATION:
            source = {"S3DataType": "S3Prefix", "S3Uri": one["S3Input"]["S3Uri"]}
            channels.append({"ChannelName": SPECIFICATION, "DataSource": {"S3DataSource": source}})
    return channels


def _by_name(request: Request) -> dict[str, Any]:
    return {channel["ChannelName"]: channel for channel in request.get("InputDataConfig", ())}


def _image(request: Request) -> str:
    return first(request, "AlgorithmSpecification.TrainingImage") or ""

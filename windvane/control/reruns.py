"""The step of a candidate sent back: what a training job leaves out that names a step by its image.

CandidateEstimator.fit of the SageMaker SDK sends back a step's image without its hyperparameters (it looks for them
under a name that no answer has) and with one channel, `train`, of whatever data it was given. What is left out is filled
in from the step when the job is created, and Describe tells it.
"""

from __future__ import annotations

import json
from typing import Any

from windvane.control.channel_rules import DATASET, MEMBER, TARGET, TRAIN, TableForm, form_of
from windvane.control.members import Request, first
from windvane.domain.candidate import ProcessingJob, TrainingJob
from windvane.domain.images import algorithm_of, step_of
from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.store.base import Transaction

MEMBERS, OF_MEMBER = "_members", "_member-"

_ABOUT_THE_TABLE = {
    "TARGET_ATTRIBUTE_NAME": TARGET,
    "PROBLEM_TYPE": "_problem_type",
    "OBJECTIVE": "_objective",
    "SAMPLE_WEIGHT_ATTRIBUTE_NAME": "_sample_weight",
}
"""Environment variables of the processing job that read the table, and hyperparameters that say the same."""


def filled_in(tx: Transaction, scope: Scope, request: Request) -> dict[str, Any]:
    """The request of CreateTrainingJob with what it leaves to the step that its image names; itself if it names none.

    raises    InvalidRequest if there is no such step
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
    given = request.get("HyperParameters") or _own(tx, scope, step, request)
    told = {**_about_the_table(tx, step, request), **given}
    return {**request, "HyperParameters": told} if told else dict(request)


def _own(tx: Transaction, scope: Scope, step: TrainingJob, request: Request) -> dict[str, str]:
    """The step's hyperparameters; those of an ensemble with its members', unless they have channels."""
    own: dict[str, str] = step.details.get("HyperParameters", {})
    channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if MEMBERS not in own or any(name.startswith(MEMBER) for name in channels):
        return own
    members = [tx.find(TrainingJob, scope, name) for name in json.loads(own[MEMBERS])]
    return {
        **own,
        **{
            f"{OF_MEMBER}{number}": _described(member)
            for number, member in enumerate(members, 1)
            if member is not None
        },
    }


def _described(member: TrainingJob) -> str:
    return json.dumps(
        {
            "algorithm": algorithm_of(_image(member.details)),
            "hyperparameters": member.details.get("HyperParameters", {}),
        }
    )


def _about_the_table(tx: Transaction, step: TrainingJob, request: Request) -> dict[str, str]:
    """What the job of the step found its table to be; nothing if a channel is a dataset, which says so itself, or has
    columns without names."""
    channels = {channel["ChannelName"]: channel for channel in request.get("InputDataConfig", ())}
    if DATASET in channels or TRAIN not in channels or not step.parent:
        return {}
    if form_of(channels[TRAIN]) is TableForm.ROWS:
        return {}
    for job in tx.children(ProcessingJob, step.parent):
        environment = job.details.get("Environment", {})
        if "TARGET_ATTRIBUTE_NAME" in environment:
            return {
                own: environment[name]
                for name, own in _ABOUT_THE_TABLE.items()
                if name in environment
            }
    return {}


def _image(request: Request) -> str:
    return first(request, "AlgorithmSpecification.TrainingImage") or ""

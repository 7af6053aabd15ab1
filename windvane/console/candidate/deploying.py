"""A candidate becomes a model, an endpoint configuration and an endpoint: what the page's form asks for, by the
operations that any client has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from windvane.console.candidate.head import Answer
from windvane.console.request_context import RequestContext
from windvane.errors import InvalidRequest, WindvaneError
from windvane.names import fitted, fresh_suffix

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_MOST_INSTANCES = 8
_LONGEST = 63
_VARIANT, _INSTANCE = "AllTraffic", "ml.m5.large"
_OUTPUT, _INPUT = "SAGEMAKER_INFERENCE_OUTPUT", "SAGEMAKER_INFERENCE_INPUT"
_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"

EVERYTHING = ("predicted_label", "probability", "labels", "probabilities")
LABEL = ("predicted_label",)


def check_wishes(name: str, instances: str) -> int:
    """Return the number of instances.

    raises    InvalidRequest, in the words of the form
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "An endpoint name must have 1 to 63 letters, digits and hyphens, and must start and end with a letter or digit."
        )
    is_number = re.fullmatch("[0-9]{1,3}", instances) is not None
    if not is_number or not 1 <= int(instances) <= _MOST_INSTANCES:
        raise InvalidRequest(
            f"The number of instances must be a whole number from 1 to {_MOST_INSTANCES}."
        )
    return int(instances)


def answering(
    containers: Sequence[Mapping[str, Any]], wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Containers that answer what is wanted, as far as each can; those of a regression stay as they are."""
    made, before = [], ""
    for container in containers:
        environment = dict(container["Environment"])
        supported = [one.strip() for one in environment.get(_SUPPORTED, "").split(",")]
        if _INPUT in environment and before:
            environment[_INPUT] = before
        if _OUTPUT in environment:
            before = ",".join(one for one in wanted if one in supported)
            environment[_OUTPUT] = before
        made.append({**container, "Environment": environment})
    return made


async def deploy(
    context: RequestContext, answer: Answer, endpoint: str, instances: int, wanted: Sequence[str]
) -> None:
    """Create model, configuration and endpoint: all three, or none of them.

    raises    what the operations raise
    """
    job = await context.ask(
        "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": answer["AutoMLJobName"]}
    )
    name = fitted(endpoint, fresh_suffix(8), _LONGEST)
    model = {
        "ModelName": name,
        "ExecutionRoleArn": job["RoleArn"],
        "Containers": answering(answer["InferenceContainers"], wanted),
    }
    variant = {
        "VariantName": _VARIANT,
        "ModelName": name,
        "InitialInstanceCount": instances,
        "InstanceType": _INSTANCE,
        "InitialVariantWeight": 1.0,
    }
    config = {"EndpointConfigName": name, "ProductionVariants": [variant]}
    steps = (
        ("CreateModel", model, ("DeleteModel", {"ModelName": name})),
        ("CreateEndpointConfig", config, ("DeleteEndpointConfig", {"EndpointConfigName": name})),
        ("CreateEndpoint", {"EndpointName": endpoint, "EndpointConfigName": name}, None),
    )
    done: list[tuple[str, dict[str, Any]]] = []
    try:
        for operation, parameters, undo in steps:
            await context.ask("sagemaker", operation, parameters)
            if undo is not None:
                done.append(undo)
    except WindvaneError:
        for operation, parameters in reversed(done):
            await context.ask("sagemaker", operation, parameters)
        raise

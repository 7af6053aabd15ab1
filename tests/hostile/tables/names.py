"""Names that a resource cannot have: every operation that takes one.

source    constraints: the service model; grammar: autopilot.md 1.3
"""

from __future__ import annotations

from typing import Any

from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.grammar import (
    detected,
    longest,
    null,
    pattern,
    value,
)


def _one(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return invalid(name, sagemaker(operation, **members), detected(*faults))


def _named(operation: str, member: str, limit: int, shape: str) -> tuple[Case, ...]:
    """What any name of a resource must not be."""
    path = member[0].lower() + member[1:]
    if member.startswith("AutoML"):
        path = f"autoML{member[6:]}"
    told = f"{operation}: "
    rest = _REST.get(operation, {})

    def given(text: str) -> dict[str, Any]:
        return {**rest, member: text}

    bad = pattern(shape)
    return (
        _one(f"{told}no name", operation, dict(rest), null(path)),
        _one(
            f"{told}a name too long",
            operation,
            given("n" * (limit + 1)),
            value("n" * (limit + 1), path, longest(limit)),
            *_too_long(shape, "n" * (limit + 1), path),
        ),
        _one(f"{told}a name of a path", operation, given("../etc"), value("../etc", path, bad)),
        _one(f"{told}a name with a line break", operation, given("a\nb"), value("a\nb", path, bad)),
        _one(
            f"{told}a name that ends in a line break",
            operation,
            given("a\n"),
            value("a\n", path, bad),
        ),
        _one(
            f"{told}a name of SQL",
            operation,
            given("a' OR '1'='1"),
            value("a' OR '1'='1", path, bad),
        ),
    )


def _too_long(shape: str, text: str, path: str) -> tuple[str, ...]:
    """Patterns that count for themselves are broken too."""
    return (value(text, path, pattern(shape)),) if shape in _COUNTING else ()


_COUNTING = (
    "AutoMLJobName",
    "EndpointName",
    "EndpointConfigName",
    "ProcessingJobName",
    "TrainingJobName",
    "TransformJobName",
)

_REST = {
    "CreateEndpoint": {"EndpointConfigName": "c"},
    "UpdateEndpoint": {"EndpointConfigName": "c"},
}

_NAMES = (
    *_named("DescribeAutoMLJob", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("DescribeAutoMLJobV2", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("StopAutoMLJob", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("ListCandidatesForAutoMLJob", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("DescribeModel", "ModelName", 63, "ModelName"),
    *_named("DeleteModel", "ModelName", 63, "ModelName"),
    *_named("DescribeEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("DeleteEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("CreateEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("UpdateEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("DescribeEndpointConfig", "EndpointConfigName", 63, "EndpointConfigName"),
    *_named("DeleteEndpointConfig", "EndpointConfigName", 63, "EndpointConfigName"),
    *_named("DescribeTrainingJob", "TrainingJobName", 63, "TrainingJobName"),
    *_named("StopTrainingJob", "TrainingJobName", 63, "TrainingJobName"),
    *_named("DescribeProcessingJob", "ProcessingJobName", 63, "ProcessingJobName"),
    *_named("StopProcessingJob", "ProcessingJobName", 63, "ProcessingJobName"),
    *_named("DescribeTransformJob", "TransformJobName", 63, "TransformJobName"),
    *_named("StopTransformJob", "TransformJobName", 63, "TransformJobName"),
)

CASES = (*_NAMES,)

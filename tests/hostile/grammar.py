"""AWS's words for a broken constraint, with the constraints of the service model itself.

source    autopilot.md 1.3, after messages that people were given
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

NOT_NULL = "Member must not be null"


def detected(*items: str) -> str:
    """The whole message."""
    noun = "error" if len(items) == 1 else "errors"
    return f"{len(items)} validation {noun} detected: {'; '.join(items)}"


def value(shown: Any, path: str, constraint: str) -> str:
    """One item of it."""
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: {NOT_NULL}"


def broken(shown: Any, path: str, constraint: str) -> str:
    """The message about a single value."""
    return detected(value(shown, path, constraint))


def missing(*paths: str) -> str:
    return detected(*map(null, paths))


def longest(length: int) -> str:
    return f"Member must have length less than or equal to {length}"


def shortest(length: int) -> str:
    return f"Member must have length greater than or equal to {length}"


def most(number: int) -> str:
    return f"Member must have value less than or equal to {number}"


def least(number: int) -> str:
    return f"Member must have value greater than or equal to {number}"


def pattern(shape: str, service: str = "sagemaker") -> str:
    """Of a shape of the service model."""
    found = _model(service).shape_for(shape).metadata["pattern"]
    return f"Member must satisfy regular expression pattern: {found}"


def options(shape: str, service: str = "sagemaker") -> str:
    found = _model(service).shape_for(shape).metadata["enum"]
    return f"Member must satisfy enum value set: [{', '.join(found)}]"


def items(*constraints: str) -> str:
    """What the members of a list must fulfil."""
    return f"Member must satisfy constraint: [{', '.join(constraints)}]"


def keys(*constraints: str) -> str:
    return f"Map keys must satisfy constraint: [{', '.join(constraints)}]"


def values(*constraints: str) -> str:
    return f"Map value must satisfy constraint: [{', '.join(constraints)}]"


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)

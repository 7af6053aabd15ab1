"""The paths of the Open Inference Protocol that are operations: which one each is, and the parts of it that are parameters.

source    https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "/v2"
HEALTH = frozenset({f"{PREFIX}/health/live", f"{PREFIX}/health/ready"})
PUBLIC = HEALTH | {PREFIX}
"""What anybody may ask: probes, and what the server is. Nothing of models."""

MEDIA = "application/vnd.open-inference.v2+json"
"""The content type by which a model knows that a request and its answer are tensors."""

READY = "ready"
"""A label of requests that ask whether a model is ready."""

_ENDPOINT = rf"{PREFIX}/models/(?P<EndpointName>[^/]+)"
_PATHS = (
    (
        "POST",
        re.compile(rf"{_ENDPOINT}(?:/versions/(?P<TargetVariant>[^/]+))?/infer"),
        "sagemaker-runtime",
        "InvokeEndpoint",
    ),
    (
        "GET",
        re.compile(rf"{_ENDPOINT}(?:/versions/(?P<VariantName>[^/]+))?(?:/(?P<{READY}>ready))?"),
        "windvane",
        "DescribeEndpointSchema",
    ),
)


@dataclass(frozen=True)
class Called:
    """The operation that a path stands for; labels are still percent-encoded."""

    service: str
    operation: str
    labels: tuple[tuple[str, str], ...]


def is_below(path: str) -> bool:
    """Return whether a path is of the protocol. (No bucket has a name as short.)"""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def find(method: str, path: str) -> Called | None:
    """Return the operation that is asked for; None for a path that the protocol does not have, or that is not served."""
    for wanted, pattern, service, operation in _PATHS:
        if method == wanted and (match := pattern.fullmatch(path)):
            labels = tuple((name, text) for name, text in match.groupdict().items() if text)
            return Called(service, operation, labels)
    return None

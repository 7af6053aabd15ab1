"""What a request asks for: which operation of which service, with which members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape

from windvane.errors import Malformed, UnknownOperation
from windvane.wire.call import Request
from windvane.wire.codec import CODECS
from windvane.wire.model import S3, Protocol, Route, Service, route, service_of


@dataclass(frozen=True)
class Asked:
    """service      None if the request is for none of ours
    operation    None if it names none
    """

    service: Service | None
    operation: OperationModel | None
    route: Route | None


NOBODYS = Asked(None, None, None)


def asked_of(request: Request) -> Asked | None:
    """None for S3, whose answers come from the store behind it, and for the Open Inference Protocol, whose documents are of no
    service model; the body is needed to tell operations of forms."""
    try:
        found = route(request)
    except UnknownOperation:
        return NOBODYS
    if found.service == S3 or found.protocol is Protocol.OPEN_INFERENCE:
        return None
    service = service_of(found)
    try:
        name = CODECS[service.protocol].operation_name(found, request)
        return Asked(service, service.operation(name), found)
    except (Malformed, UnknownOperation):
        return Asked(service, None, found)


def members_given(asked: Asked, request: Request) -> Iterable[str]:
    """The innermost members of an accepted request."""
    assert asked.service is not None
    parameters = CODECS[asked.service.protocol].decode(asked.operation, asked.route, request)
    shape = asked.operation.input_shape
    return () if shape is None else sorted(set(_leaves(parameters, shape, "")))


def _leaves(value: Any, shape: Shape, path: str) -> Iterable[str]:
    """As shapes.leaves, of values as handlers get them, by their names in the model."""
    if shape.type_name == "structure" and shape.members:
        for name, item in value.items():
            yield from _leaves(item, shape.members[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        for item in value:
            yield from _leaves(item, shape.member, f"{path}[]")
    elif shape.type_name == "map":
        for item in value.values():
            yield from _leaves(item, shape.value, f"{path}{{}}")
    elif path:
        yield path

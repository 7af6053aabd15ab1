"""One S3 request on its way through the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Send

from windvane.wire.bodies import BodyReader
from windvane.wire.call import Request, RequestRecord
from windvane.wire.heads import MAY_REPEAT
from windvane.wire.s3.authentication import VerifiedHead
from windvane.wire.s3.model import POST_OBJECT, Resolved, operation_model
from windvane.wire.s3.payload import BodyPlan, of_the_object, read_plan
from windvane.wire.s3.reading import read_head


@dataclass
class Exchange:
    """The facts of a request whose signature is verified.

    head         with the headers that a signed query brings
    parameters   of path, query and headers
    """

    record: RequestRecord
    head: Request
    headers: Mapping[str, str]
    resolved: Resolved
    parameters: Mapping[str, Any]
    verified: VerifiedHead
    body: BodyReader
    send: Send

    @property
    def account(self) -> str:
        return self.verified.caller.account


def plan_of(exchange: Exchange) -> BodyPlan:
    """Read what the head says of the body; raises S3Refusal."""
    headers = exchange.headers
    if exchange.resolved.operation == "CompleteMultipartUpload":
        headers = of_the_object(headers)
    return read_plan(headers, exchange.verified.declared)


def headers_of(head: Request) -> dict[str, str]:
    """Return the headers by name; those that may be repeated are joined to one list."""
    headers: dict[str, str] = {}
    for name, value in head.headers:
        if name in headers and name in MAY_REPEAT:
            headers[name] = f"{headers[name]},{value.strip()}"
        else:
            headers[name] = value.strip()
    return headers


def parameters_of(resolved: Resolved, headers: Mapping[str, str]) -> dict[str, Any]:
    """Read what path, query and headers say; raises S3Refusal."""
    if resolved.operation == POST_OBJECT:
        return {"Bucket": resolved.bucket}
    return read_head(operation_model(resolved.operation), resolved, headers)

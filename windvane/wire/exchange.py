"""One request on its way through the edge: its head, its body as it comes, and the answer."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from botocore.model import OperationModel

from windvane.errors import MissingToken, UnknownOperation
from windvane.tracing.context import TraceContext
from windvane.tracing.span import OpenSpan
from windvane.wire.bodies import BodyReader
from windvane.wire.call import Caller, Recorder, Request, RequestRecord
from windvane.wire.codec import Answer
from windvane.wire.model import Route, Service
from windvane.wire.sigv4_signature import claimed_access_key

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

IS_GONE = "client_is_gone"
"""In the state of a request: a function by which the web server says whether its client has gone. What is sent then is
dropped, so it is not noticed otherwise."""


class Exchange:
    """One request on its way along the chain; each step fills its own fields.

    request    the head from the start, the body too once it is read
    receive    where the body comes from
    record     what outlives the request
    speaks     how errors are told, as `faults.DIALECTS` knows it
    span       of the request; None if it is not traced
    """

    route: Route
    service: Service
    body: BodyReader
    operation: OperationModel
    answer: Answer
    chunks: AsyncIterator[bytes] | None = None
    span: OpenSpan | None = None

    def __init__(self, request: Request, receive: Receive, source_ip: str) -> None:
        self.request = request
        self.receive = receive
        self.speaks = "sagemaker"
        self.record = RequestRecord(
            request_id=new_request_id(),
            source_ip=source_ip,
            user_agent=header(request, "user-agent"),
            service="sagemaker",
        )

    def note_claims(self) -> None:
        """Write into the record of a request that came no further which key and operation it names."""
        record = self.record
        record.access_key = record.access_key or claimed_access_key(self.request)
        route = getattr(self, "route", None)
        if not record.operation and route is not None and route.served and route.operation:
            with suppress(UnknownOperation):
                self.service.operation(route.operation)
                record.operation = route.operation

    @property
    def trace_context(self) -> TraceContext | None:
        """The span that what is done for this request belongs to; None if it is not traced, or nobody knows yet who calls:
        what a stranger says of traces counts for nothing."""
        return None if self.span is None or self.record.caller is None else self.span.context

    @property
    def caller(self) -> Caller:
        """Who calls; known once the signature is verified."""
        if self.record.caller is None:
            raise MissingToken("Missing Authentication Token")
        return self.record.caller


def read_head(scope: Scope) -> Request:
    """Return the head of an ASGI request."""
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        b"",
    )


def source_ip(scope: Scope) -> str:
    """Return the peer's address, and never what a header says of it: anybody can write one. "" if unknown."""
    client = scope.get("client")
    return client[0] if client else ""


def header(request: Request, name: str) -> str:
    """Return the value of a header (its name in lower case); "" if there is none."""
    return request.first.get(name, "")


def new_request_id() -> str:
    """Return a random UUID (version 4), as text."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class WatchedSend:
    """Sends on; before an answer begins it is recorded, and its status kept in the record (0 until then)."""

    def __init__(self, send: Send, record: RequestRecord, recorder: Recorder | None) -> None:
        self._send = send
        self._record = record
        self._recorder = recorder

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send a message once the audit log has recorded the request.

        raises    StoreUnusable if what was done could not be recorded; nothing was sent then
        """
        if message["type"] == "http.response.start":
            if self._recorder is not None:
                written = self._recorder.begin_answer(self._record)
                if written is not None:
                    await written
            self._record.status = message["status"]
        await self._send(message)

"""The ASGI application for AWS traffic: route, then read the body, authenticate, find the operation, serve.

Serving is decode, validate, handle, encode. For synchronous operations all of it happens in one of a bounded
pool of threads; for asynchronous ones (InvokeEndpoint) on the event loop. S3 goes to its gateway, which
authenticates by itself. The Date header is the server's to set.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from botocore.model import OperationModel

from windvane.errors import (
    Malformed,
    MissingToken,
    Throttled,
    TooLarge,
    TooSlow,
    UnknownOperation,
)
from windvane.wire import sigv4
from windvane.wire.call import (
    Call,
    Caller,
    Handler,
    KeyRing,
    Operations,
    Request,
    RequestRecord,
    Result,
)
from windvane.wire.codec import CODECS, Answer
from windvane.wire.faults import INTERNAL, OURS, encode_fault, fault_of, is_ours
from windvane.wire.model import S3, Protocol, Route, Service, load_service, route
from windvane.wire.s3.answers import CLOSE, Headers
from windvane.wire.streams import StreamHandler, send_stream
from windvane.wire.validate import validate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

AsyncHandler = Callable[[Call], Awaitable[Result]]
"""Serves one operation on the event loop: must not block it."""

OnRequest = Callable[[RequestRecord], None]
"""Told of every request once it is answered. Runs on the event loop: must not block it."""

S3Gateway = Callable[[RequestRecord, Scope, Receive, Send], Awaitable[None]]
"""Answers S3 requests; writes what it learns of one into its record."""

_HASHED_ON_THE_LOOP = 1 << 19

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EdgeLimits:
    """control_body_bytes    bodies of every service but the runtime
    runtime_body_bytes    bodies of InvokeEndpoint
    body_s                seconds from the head of a request to the end of its body
    threads               synchronous operations that run at once
    waiting               synchronous operations that wait for a thread; more are throttled
    """

    control_body_bytes: int = 1 << 20
    runtime_body_bytes: int = 6_291_456
    body_s: float = 60.0
    threads: int = 16
    waiting: int = 512


class Exchange:
    """One request on its way along the chain; each step fills its own fields.

    request       the head from the start, the body too once it is read
    receive       where the body comes from
    record        what outlives the request
    """

    route: Route
    service: Service
    operation: OperationModel
    answer: Answer
    chunks: AsyncIterator[bytes] | None = None

    def __init__(self, request: Request, receive: Receive, source_ip: str) -> None:
        self.request = request
        self.receive = receive
        self.record = RequestRecord(
            request_id=str(uuid.uuid4()),
            source_ip=source_ip,
            user_agent=_header(request, "user-agent"),
            service="sagemaker",
            access_key=sigv4.claimed_access_key(request),
        )

    @property
    def caller(self) -> Caller:
        """Who calls; known once the signature is proved."""
        if self.record.caller is None:
            raise MissingToken("Missing Authentication Token")
        return self.record.caller


class Edge:
    """operations         synchronous handlers by (service, operation)
    async_operations   asynchronous ones
    s3_gateway         answers S3 requests; None refuses them
    clock              the time in UTC
    on_request         for metrics and the audit log
    streams            handlers whose answers go on
    """

    def __init__(
        self,
        keyring: KeyRing,
        operations: Operations,
        async_operations: Mapping[tuple[str, str], AsyncHandler],
        s3_gateway: S3Gateway | None,
        clock: Callable[[], datetime],
        *,
        limits: EdgeLimits = EdgeLimits(),
        on_request: OnRequest = lambda _: None,
        streams: Mapping[tuple[str, str], StreamHandler] = MappingProxyType({}),
    ) -> None:
        for service, operation in (*operations, *async_operations, *streams):
            load_service(service).operation(operation)
        self._keyring = keyring
        self._operations = operations
        self._async_operations = async_operations
        self._streams = streams
        self._s3_gateway = s3_gateway
        self._clock = clock
        self._limits = limits
        self._on_request = on_request
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="operation")
        self._in_threads = 0
        self.chain: tuple[Callable[[Exchange], Awaitable[None]], ...] = (
            self._read_body,
            self._authenticate,
            self._find_operation,
            self._serve,
        )

    def close(self) -> None:
        """Waits for the operations that run."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = Exchange(_read_head(scope), receive, _source_ip(scope))
        watched = _WatchedSend(send)
        try:
            self._find_service(exchange)
            if exchange.route.service == S3:
                await self._pass_to_s3(exchange, scope, watched)
            else:
                for step in self.chain:
                    await step(exchange)
                await _send_what_came(exchange, watched)
        except Exception as error:  # the end of the chain: every error is answered
            if watched.status:
                raise
            ends = CLOSE if isinstance(error, TooSlow) else ()
            await _send(_answer_to(error, exchange), watched, ends)
        finally:
            exchange.record.status = watched.status
            exchange.record.seconds = time.perf_counter() - started
            self._on_request(exchange.record)

    def _find_service(self, exchange: Exchange) -> None:
        exchange.route = route(exchange.request)
        exchange.record.service = exchange.route.service
        if exchange.route.service != S3:
            exchange.service = load_service(exchange.route.service)

    async def _read_body(self, exchange: Exchange) -> None:
        runtime = exchange.record.service == "sagemaker-runtime"
        limit = self._limits.runtime_body_bytes if runtime else self._limits.control_body_bytes
        within_s = self._limits.body_s
        try:
            async with asyncio.timeout(within_s):
                body = await _read_at_most(limit, exchange.receive)
        except TimeoutError as error:
            raise TooSlow(
                f"The body of the request did not come to its end within {within_s:g} s."
            ) from error
        exchange.request = replace(exchange.request, body=body)

    async def _authenticate(self, exchange: Exchange) -> None:
        body = exchange.request.body
        if len(body) > _HASHED_ON_THE_LOOP:
            payload_hash = await asyncio.to_thread(sigv4.hash_payload, body)
        else:
            payload_hash = sigv4.hash_payload(body)
        try:
            exchange.record.caller = sigv4.verify(
                exchange.request, payload_hash, self._keyring, self._clock()
            )
        except MissingToken as error:
            if _needs_no_signature(exchange):
                raise _not_served(exchange) from error
            if exchange.service.protocol is Protocol.QUERY:
                raise MissingToken("Request is missing Authentication Token") from error
            raise

    async def _find_operation(self, exchange: Exchange) -> None:
        codec = CODECS[exchange.service.protocol]
        name = codec.operation_name(exchange.route, exchange.request)
        exchange.operation = exchange.service.operation(name)
        exchange.record.operation = name
        called = (exchange.record.service, name)
        served = (self._operations, self._async_operations, self._streams)
        if not any(called in table for table in served):
            raise _not_served(exchange)

    async def _serve(self, exchange: Exchange) -> None:
        called = (exchange.record.service, exchange.record.operation)
        if (handler := self._async_operations.get(called)) is not None:
            exchange.answer = _encode(exchange, await handler(_checked_call(exchange)))
        elif (opened := self._streams.get(called)) is not None:
            exchange.chunks = await opened(_checked_call(exchange))
        else:
            await self._serve_in_thread(exchange, self._operations[called])

    async def _serve_in_thread(self, exchange: Exchange, handler: Handler) -> None:
        if self._in_threads >= self._limits.threads + self._limits.waiting:
            raise Throttled("Rate exceeded")
        self._in_threads += 1
        try:
            exchange.answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: _encode(exchange, handler(_checked_call(exchange)))
            )
        finally:
            self._in_threads -= 1

    async def _pass_to_s3(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        if self._s3_gateway is None:
            raise UnknownOperation("S3 is not served here.")
        exchange.record.operation = exchange.request.method
        await self._s3_gateway(exchange.record, scope, exchange.receive, send)


def _needs_no_signature(exchange: Exchange) -> bool:
    """Whether it asks for an operation that AWS serves to anybody, such as AssumeRoleWithWebIdentity; none is here."""
    if exchange.service.protocol is not Protocol.QUERY:
        return False
    try:
        name = CODECS[Protocol.QUERY].operation_name(exchange.route, exchange.request)
        operation = exchange.service.operation(name)
    except (Malformed, UnknownOperation):
        return False
    exchange.record.operation = name
    return bool(operation.auth_type == "none")


def _not_served(exchange: Exchange) -> UnknownOperation:
    return UnknownOperation(
        f"The operation {exchange.record.operation} of {exchange.record.service} is not served here."
    )


def _checked_call(exchange: Exchange) -> Call:
    codec = CODECS[exchange.service.protocol]
    parameters = codec.decode(exchange.operation, exchange.route, exchange.request)
    validate(parameters, exchange.operation.input_shape)
    return Call(
        exchange.record.service,
        exchange.record.operation,
        exchange.caller,
        parameters,
        exchange.record.request_id,
    )


def _encode(exchange: Exchange, result: Result) -> Answer:
    codec = CODECS[exchange.service.protocol]
    return codec.encode(exchange.operation, result, exchange.record.request_id)


class _WatchedSend:
    """Sends on, and keeps the status; 0 until an answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


def _read_head(scope: Scope) -> Request:
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        b"",
    )


def _source_ip(scope: Scope) -> str:
    """The peer's address, and never what a header says of it: anybody can write one."""
    client = scope.get("client")
    return client[0] if client else ""


def _header(request: Request, name: str) -> str:
    return next((value for header, value in request.headers if header == name), "")


async def _read_at_most(limit: int, receive: Receive) -> bytes:
    """raises    TooLarge for a longer body, Malformed for one that ends before its time"""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("The connection ended before the request body did.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise TooLarge(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member "
                f"must have length less than or equal to {limit}"
            )
        more = message.get("more_body", False)
    return b"".join(chunks)


def _answer_to(error: Exception, exchange: Exchange) -> Answer:
    if is_ours(error, exchange.record.service):
        _log.error(
            "request %s (%s %s) failed",
            exchange.record.request_id,
            exchange.record.service,
            exchange.record.operation,
            exc_info=error,
        )
    fault = fault_of(error, exchange.record.service)
    exchange.record.error_code = fault.code if fault is not None else INTERNAL.code
    exchange.record.error_message = OURS if fault is None else str(error)
    return encode_fault(error, exchange.record.service, exchange.record.request_id)


async def _send_what_came(exchange: Exchange, send: Send) -> None:
    if exchange.chunks is None:
        await _send(exchange.answer, send)
    else:
        await send_stream(exchange.chunks, exchange.record.request_id, exchange.receive, send)


async def _send(answer: Answer, send: Send, more_headers: Headers = ()) -> None:
    headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers]
    headers += more_headers
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})

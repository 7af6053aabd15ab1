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
from windvane.wire.call import Call, Caller, Handler, KeyRing, Operations, Request, Result
from windvane.wire.codec import CODECS, Answer
from windvane.wire.faults import encode_fault, is_ours
from windvane.wire.model import S3, Protocol, Route, Service, load_service, route
from windvane.wire.s3answers import CLOSE, Headers
from windvane.wire.streams import StreamHandler, send_stream
from windvane.wire.validate import validate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

AsyncHandler = Callable[[Call], Awaitable[Result]]
"""Serves one operation on the event loop: must not block it."""

OnRequest = Callable[[str, str, int, float], None]
"""Told of every request answered: service, operation ("" if unknown), HTTP status, seconds."""

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
    """

    route: Route
    service: Service
    caller: Caller
    operation: OperationModel
    answer: Answer
    chunks: AsyncIterator[bytes] | None = None

    def __init__(self, request: Request, receive: Receive) -> None:
        self.request_id = str(uuid.uuid4())
        self.request = request
        self.receive = receive
        self.service_name = "sagemaker"
        self.operation_name = ""


class Edge:
    """operations         synchronous handlers by (service, operation)
    async_operations   asynchronous ones
    s3_gateway         ASGI application for S3; None refuses S3 requests
    clock              the time in UTC
    on_request         a hook for metrics
    streams            handlers whose answers go on
    """

    def __init__(
        self,
        keyring: KeyRing,
        operations: Operations,
        async_operations: Mapping[tuple[str, str], AsyncHandler],
        s3_gateway: AsgiApp | None,
        clock: Callable[[], datetime],
        *,
        limits: EdgeLimits = EdgeLimits(),
        on_request: OnRequest = lambda *_: None,
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
        exchange, watched = Exchange(_read_head(scope), receive), _WatchedSend(send)
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
            self._on_request(
                exchange.service_name,
                exchange.operation_name,
                watched.status,
                time.perf_counter() - started,
            )

    def _find_service(self, exchange: Exchange) -> None:
        exchange.route = route(exchange.request)
        exchange.service_name = exchange.route.service
        if exchange.route.service != S3:
            exchange.service = load_service(exchange.route.service)

    async def _read_body(self, exchange: Exchange) -> None:
        runtime = exchange.service_name == "sagemaker-runtime"
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
            exchange.caller = sigv4.verify(
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
        exchange.operation_name = name
        called = (exchange.service_name, name)
        served = (self._operations, self._async_operations, self._streams)
        if not any(called in table for table in served):
            raise _not_served(exchange)

    async def _serve(self, exchange: Exchange) -> None:
        called = (exchange.service_name, exchange.operation_name)
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
        exchange.operation_name = exchange.request.method
        await self._s3_gateway(scope, exchange.receive, send)


def _needs_no_signature(exchange: Exchange) -> bool:
    """Whether it asks for an operation that AWS serves to anybody, such as AssumeRoleWithWebIdentity; none is here."""
    if exchange.service.protocol is not Protocol.QUERY:
        return False
    try:
        name = CODECS[Protocol.QUERY].operation_name(exchange.route, exchange.request)
        operation = exchange.service.operation(name)
    except (Malformed, UnknownOperation):
        return False
    exchange.operation_name = name
    return bool(operation.auth_type == "none")


def _not_served(exchange: Exchange) -> UnknownOperation:
    return UnknownOperation(
        f"The operation {exchange.operation_name} of {exchange.service_name} is not served here."
    )


def _checked_call(exchange: Exchange) -> Call:
    codec = CODECS[exchange.service.protocol]
    parameters = codec.decode(exchange.operation, exchange.route, exchange.request)
    validate(parameters, exchange.operation.input_shape)
    return Call(
        exchange.service_name,
        exchange.operation_name,
        exchange.caller,
        parameters,
        exchange.request_id,
    )


def _encode(exchange: Exchange, result: Result) -> Answer:
    codec = CODECS[exchange.service.protocol]
    return codec.encode(exchange.operation, result, exchange.request_id)


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
    if is_ours(error, exchange.service_name):
        _log.error(
            "request %s (%s %s) failed",
            exchange.request_id,
            exchange.service_name,
            exchange.operation_name,
            exc_info=error,
        )
    return encode_fault(error, exchange.service_name, exchange.request_id)


async def _send_what_came(exchange: Exchange, send: Send) -> None:
    if exchange.chunks is None:
        await _send(exchange.answer, send)
    else:
        await send_stream(exchange.chunks, exchange.request_id, exchange.receive, send)


async def _send(answer: Answer, send: Send, more_headers: Headers = ()) -> None:
    headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers]
    headers += more_headers
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})

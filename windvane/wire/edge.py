"""The ASGI application for AWS traffic: check the head, route, authenticate, find the operation, serve.

Serving is decode, validate, handle, encode. For synchronous operations all of it happens in one of a bounded
pool of threads; for asynchronous ones (InvokeEndpoint) on the event loop. S3 goes to its gateway, which
authenticates by itself. The Date header is the server's to set.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from botocore.model import Shape

from windvane.errors import (
    CallerFault,
    UnknownOperation,
)
from windvane.tracing.context import within
from windvane.tracing.tracer import Tracer
from windvane.wire.account_threads import AccountThreads
from windvane.wire.authentication import Authentication, not_served
from windvane.wire.bodies import Bodies
from windvane.wire.call import (
    Call,
    Handler,
    IsQuick,
    KeyRing,
    Operations,
    Permit,
    Recorder,
    RequestRecord,
    Result,
    answered_arns,
    at_once,
    permit_all,
)
from windvane.wire.codec import CODECS, Answer
from windvane.wire.exchange import (
    Exchange,
    Receive,
    Scope,
    Send,
    WatchedSend,
    header,
    read_head,
    source_ip,
)
from windvane.wire.failures import FailureCounter
from windvane.wire.faults import (
    INTERNAL,
    OURS,
    encode_fault,
    fault_of,
    is_ours,
    speech_of,
)
from windvane.wire.heads import announces_body, check_head
from windvane.wire.model import S3, Protocol, Route, load_service, route, service_of
from windvane.wire.rates import AccountRates
from windvane.wire.request_span import record_request
from windvane.wire.revocation import key_check
from windvane.wire.s3.answers import CLOSE, Headers
from windvane.wire.streams import StreamHandler, send_stream
from windvane.wire.unserved import protocol_of
from windvane.wire.validate import validate

AsyncHandler = Callable[[Call], Awaitable[Result]]
"""Serves one operation on the event loop: must not block it."""

OnRequest = Callable[[RequestRecord], None]
"""Told of every request once it is answered. Runs on the event loop: must not block it."""

S3Gateway = Callable[[RequestRecord, Scope, Receive, Send], Awaitable[None]]
"""Answers S3 requests; writes what it learns of one into its record."""

_READ_ON_THE_LOOP = 1 << 16
_TO_S3 = Route(S3)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EdgeLimits:
    """Limits of requests at the edge.

    control_body_bytes    bodies of every service but the runtime
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


class Edge:
    """The ASGI application that answers AWS requests; `CHAIN` lists its steps.

    operations         synchronous handlers by (service, operation)
    async_operations   asynchronous ones
    s3_gateway         answers S3 requests; None refuses them
    clock              the time in UTC
    bodies             the bounds of all bodies that are read here and by the gateway
    failures           counts wrong keys and signatures
    rates              requests that each account may make
    recorder           the audit log
    on_request         for metrics
    streams            handlers whose answers go on
    permit             whether the caller of an operation may do what it asks for
    is_quick           whether that is said at once; else it is asked in a thread
    tracer             decides which requests are traced; None traces none
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
        bodies: Bodies | None = None,
        failures: FailureCounter | None = None,
        rates: AccountRates | None = None,
        recorder: Recorder | None = None,
        on_request: OnRequest = lambda _: None,
        streams: Mapping[tuple[str, str], StreamHandler] = MappingProxyType({}),
        permit: Permit = permit_all,
        is_quick: IsQuick = at_once,
        tracer: Tracer | None = None,
    ) -> None:
        for service, operation in (*operations, *async_operations, *streams):
            load_service(service).operation(operation)
        self._keyring = keyring
        self._check_key = key_check(keyring, clock)
        self._operations = operations
        self._async_operations = async_operations
        self._streams = streams
        self._served = frozenset((*operations, *async_operations, *streams))
        self._s3_gateway = s3_gateway
        self._clock = clock
        self._limits = limits
        self._bodies = bodies or Bodies()
        self._failures = failures or FailureCounter()
        self._recorder = recorder
        self._on_request = on_request
        self._permit = permit
        self._is_quick = is_quick
        self._tracer = tracer
        self._in_thread = AccountThreads(limits.threads, limits.waiting)
        self.chain: tuple[Callable[[Exchange], Awaitable[None]], ...] = (
            Authentication(keyring, clock, self._failures, rates or AccountRates()),
            self._decide_on_span,
            self._find_operation,
            self._serve,
        )

    def close(self) -> None:
        """Waits for the operations that run."""
        self._in_thread.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = Exchange(read_head(scope), receive, source_ip(scope))
        exchange.record.is_secure = scope.get("scheme") == "https"
        if self._tracer is not None:
            exchange.span = self._tracer.begin(header(exchange.request, "traceparent"))
        watched = WatchedSend(send, exchange.record, self._recorder)
        try:
            self._check_head(exchange)
            if exchange.route == _TO_S3:
                await self._pass_to_s3(exchange, scope, watched)
            else:
                await self._go_along_the_chain(exchange, watched)
        except Exception as error:  # the end of the chain: every error is answered
            if exchange.record.status:
                raise
            exchange.note_claims()
            told = self._failures.told(exchange.record, error)
            ends = CLOSE if told is not error else _ending(exchange)
            with within(exchange.trace_context):
                answer = _answer_to(told, exchange)
            await _send(answer, watched, ends)
        finally:
            exchange.record.seconds = time.perf_counter() - started
            self._on_request(exchange.record)
            if self._tracer is not None:
                record_request(self._tracer, exchange)

    async def _decide_on_span(self, exchange: Exchange) -> None:
        if self._tracer is not None:
            exchange.span = self._tracer.kept(exchange.span, exchange.caller.account)

    async def _go_along_the_chain(self, exchange: Exchange, send: Send) -> None:
        runtime = exchange.record.service == "sagemaker-runtime"
        limits = self._limits
        most = limits.runtime_body_bytes if runtime else limits.control_body_bytes
        with self._bodies.open(
            exchange.receive, exchange.record.source_ip, most, limits.body_s
        ) as exchange.body:
            for step in self.chain:
                await step(exchange)
            await _send_what_came(exchange, send)

    def _check_head(self, exchange: Exchange) -> None:
        try:
            check_head(exchange.request)
        except CallerFault:
            with suppress(UnknownOperation):  # only to refuse it in the words of its service
                self._find_service(exchange)
            raise
        self._find_service(exchange)

    def _find_service(self, exchange: Exchange) -> None:
        exchange.route = found = route(exchange.request)
        exchange.record.service = found.service
        exchange.speaks = speech_of(found)
        if not found.served:
            exchange.speaks = protocol_of(found.service, exchange.request)
        elif found.service != S3:
            exchange.service = service_of(found)

    async def _find_operation(self, exchange: Exchange) -> None:
        name = await self._operation_name(exchange)
        exchange.operation = exchange.service.operation(name)
        exchange.record.operation = name
        called = (exchange.record.service, name)
        if called not in self._served:
            raise not_served(exchange)
        if self._recorder is not None:
            self._recorder.check(exchange.record)

    async def _operation_name(self, exchange: Exchange) -> str:
        """A form has to be taken apart for it, which takes 0.1 s for a large one."""
        request, protocol = exchange.request, exchange.service.protocol
        find = CODECS[protocol].operation_name
        if protocol is Protocol.QUERY and len(request.body) > _READ_ON_THE_LOOP:
            return await self._in_thread(exchange.caller.account, find, exchange.route, request)
        return find(exchange.route, request)

    async def _serve(self, exchange: Exchange) -> None:
        with within(exchange.trace_context):
            await self._serve_within_its_trace(exchange)

    async def _serve_within_its_trace(self, exchange: Exchange) -> None:
        called = (exchange.record.service, exchange.record.operation)
        if (handler := self._async_operations.get(called)) is not None:
            result = await handler(await self._permitted(exchange))
            exchange.answer = await self._encoded(exchange, result)
        elif (opened := self._streams.get(called)) is not None:
            call = await self._permitted(exchange)
            exchange.chunks = self._while_permitted(call, await opened(call))
        else:
            exchange.answer = await self._in_thread(
                exchange.caller.account, self._run, exchange, self._operations[called]
            )

    async def _while_permitted(
        self, call: Call, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Yield the chunks, until the caller's keys or its permission end."""
        try:
            async for chunk in chunks:
                if not await self._is_still_permitted(call):
                    return
                yield chunk
        finally:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()

    async def _is_still_permitted(self, call: Call) -> bool:
        credential = call.caller.credential
        try:
            known = self._keyring.credential(
                credential.access_key, credential.session_token, self._clock()
            )
            await self._check_permission(call, RequestRecord(call.request_id))
        except CallerFault:
            return False
        return known is not None

    async def _encoded(self, exchange: Exchange, result: Result) -> Answer:
        """Return the answer of an operation that is served on the event loop. A document is not written there: of a model with
        thousands of columns that takes a second."""
        if _is_blob(exchange.operation.output_shape):
            return _encode(exchange, result)
        return await self._in_thread(exchange.caller.account, _encode, exchange, result)

    async def _permitted(self, exchange: Exchange) -> Call:
        """Return the call of an operation that is served on the event loop. A large document is not read there: that takes up
        to a second."""
        is_short = len(exchange.request.body) <= _READ_ON_THE_LOOP
        if is_short or _is_blob(exchange.operation.input_shape):
            call = _checked_call(exchange)
        else:
            call = await self._in_thread(exchange.caller.account, _checked_call, exchange)
        self._check_key(call.caller)
        await self._check_permission(call, exchange.record)
        return call

    async def _check_permission(self, call: Call, record: RequestRecord) -> None:
        """Policies that take long to look through keep nobody waiting but their own account."""
        if self._is_quick(call):
            self._permit(call, record)
        else:
            await self._in_thread(call.caller.account, self._permit, call, record)

    def _permitted_call(self, exchange: Exchange) -> Call:
        call = _checked_call(exchange)
        self._check_key(call.caller)
        self._permit(call, exchange.record)
        return call

    def _run(self, exchange: Exchange, handler: Handler) -> Answer:
        result = handler(self._permitted_call(exchange))
        exchange.record.answered = answered_arns(result)
        return _encode(exchange, result)

    async def _pass_to_s3(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        if self._s3_gateway is None:
            raise UnknownOperation("S3 is not served here.")
        exchange.note_claims()
        exchange.record.operation = exchange.request.method
        await self._s3_gateway(exchange.record, scope, exchange.receive, send)


def _is_blob(shape: Shape | None) -> bool:
    """Return whether the body is taken, or given, as it is."""
    payload = shape.serialization.get("payload") if shape is not None else None
    return shape is not None and bool(payload) and shape.members[payload].type_name == "blob"


def _checked_call(exchange: Exchange) -> Call:
    codec = CODECS[exchange.service.protocol]
    parameters = codec.decode(exchange.operation, exchange.route, exchange.request)
    exchange.record.parameters = parameters
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
    return codec.encode(exchange.operation, exchange.route, result, exchange.record.request_id)


def _ending(exchange: Exchange) -> Headers:
    """Return a connection on which the rest of a body may still come cannot be used again."""
    body = getattr(exchange, "body", None)
    is_read = body is not None and body.at_end
    return () if is_read or not announces_body(exchange.request) else CLOSE


def _answer_to(error: Exception, exchange: Exchange) -> Answer:
    if is_ours(error, exchange.speaks):
        _log.error(
            "request %s (%s %s) failed",
            exchange.record.request_id,
            exchange.record.service,
            exchange.record.operation,
            exc_info=error,
        )
    fault = fault_of(error, exchange.speaks)
    exchange.record.error_code = fault.code if fault is not None else INTERNAL.code
    exchange.record.error_message = OURS if fault is None else str(error)
    return encode_fault(error, exchange.speaks, exchange.record.request_id)


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

"""Operations as the console calls them: the handlers of the wire, with the same checks, without a request of HTTP."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from windvane.errors import NotAuthorized, Throttled, UnknownOperation
from windvane.tracing.context import within
from windvane.tracing.span import Record, open_here, unrecorded
from windvane.wire.account_semaphores import AccountSemaphores
from windvane.wire.call import (
    Call,
    Caller,
    IsQuick,
    Operations,
    Permit,
    Recorder,
    RequestRecord,
    answered_arns,
    at_once,
    permit_all,
)
from windvane.wire.edge import AsyncHandler
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.faults import INTERNAL, OURS, fault_of
from windvane.wire.model import load_service
from windvane.wire.request_span import span_of_call
from windvane.wire.revocation import CheckKey, no_check
from windvane.wire.s3.threads import Threads
from windvane.wire.validate import validate

T = TypeVar("T")

_USER_AGENT = "windvane console"
_AT_ONCE = 16
"""Operations that run for the console at once, shared by accounts: none waits in a thread that others need."""

_MOST_WAITING = 256
"""Of one account: each waits with what was worked out for it before."""

_LARGE_AT_ONCE = 2
"""Pages of one account that read objects whole: up to 100 MB each, and more once they are taken apart."""

_TRYING_AT_ONCE = 4
"""Pages of one account that ask a model: the rows, what it tells of itself and its answers are in memory meanwhile."""

Refusal = Callable[[Call], NotAuthorized | None]
"""Why a caller may not do what it has not asked for yet; see Permissions.refusal."""


def _no_refusal(_: Call) -> NotAuthorized | None:
    return None


class InProcessClient:
    """Calls operations for the console, without HTTP.

    operations         synchronous handlers by (service, operation)
    async_operations   asynchronous ones
    permit             as the wire asks it
    recorder           the audit log; None keeps none
    refusal            what is known against a call before it is made
    is_quick           whether permit answers at once; else it is asked in a thread
    key_check          whether the key of whoever is signed in still is: a form may take long to come
    record_span        takes in what there is to tell of a call that is part of a trace
    """

    def __init__(
        self,
        operations: Operations,
        async_operations: Mapping[tuple[str, str], AsyncHandler],
        permit: Permit = permit_all,
        recorder: Recorder | None = None,
        refusal: Refusal = _no_refusal,
        is_quick: IsQuick = at_once,
        key_check: CheckKey = no_check,
        record_span: Record = unrecorded,
    ) -> None:
        self._operations = operations
        self._async_operations = async_operations
        self._permit = permit
        self._recorder = recorder
        self._refusal = refusal
        self._is_quick = is_quick
        self._check_key = key_check
        self._record_span = record_span
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="console")
        self._in_thread = Threads(self._threads)
        self._shares = FairSemaphore(_AT_ONCE)
        self._waiting_of: Counter[str] = Counter()
        self._large, self._trying = (
            AccountSemaphores(_LARGE_AT_ONCE),
            AccountSemaphores(_TRYING_AT_ONCE),
        )

    def close(self) -> None:
        """Waits for the operations that run."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def refusal(
        self, caller: Caller, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> NotAuthorized | None:
        """Return why the caller may not do this; None if nothing is known against it. Nothing is asked, and nothing
        recorded.

        parameters    {} to ask whether there is anything that the operation may be done to
        """
        return self._refusal(Call(service, operation, caller, dict(parameters), ""))

    async def ask(
        self, caller: Caller, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the members of the answer, by their names in the service model.

        raises    InvalidRequest for parameters that the model does not allow; AccessDenied; whatever the operation raises
        """
        record = _record(caller, service, operation, parameters)
        async with self._kept(record):
            answer = await self._serve(record, caller)
            record.answered = answered_arns(answer)
        return answer

    async def use_s3(
        self, caller: Caller, operation: str, uri: str, work: Callable[..., T], *arguments: Any
    ) -> T:
        """Run `work`, which does what an operation of S3 does, and record it as one; return what it returns.

        uri       s3://BUCKET/KEY, s3://BUCKET, or what a client wrote in its place
        raises    what `work` raises
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        record = _record(caller, "s3", operation, {"Bucket": bucket, "Key": key})
        record.resources = (f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}",)
        async with self._kept(record):
            self._check_key(caller)
            return await self.in_thread(caller, work, *arguments)

    async def in_thread(self, caller: Caller, work: Callable[..., T], *arguments: Any) -> T:
        """Run `work` in a thread when it is the turn of the caller's account; return what it returns. A page that nobody
        waits for any more is its account's until its thread is free.

        raises    Throttled if too much of the account waits already
        """
        account = caller.account
        if self._waiting_of[account] >= _MOST_WAITING:
            raise Throttled("Rate exceeded")
        self._waiting_of[account] += 1
        try:
            async with self._shares.of(account):
                return await self._in_thread(work, *arguments)
        finally:
            self._waiting_of[account] -= 1

    def large(self, caller: Caller) -> AbstractAsyncContextManager[None]:
        """Return the turn of the caller's account to have large objects in memory; not to be waited for by whoever has it."""
        return self._large.of(caller.account)

    def trying(self, caller: Caller) -> AbstractAsyncContextManager[None]:
        """Return the turn of the caller's account to ask a model; not to be waited for by whoever has it."""
        return self._trying.of(caller.account)

    @asynccontextmanager
    async def _kept(self, record: RequestRecord) -> AsyncIterator[None]:
        """Record a request when it is over, with the code of what it failed with; it is part of the trace of its page."""
        span = open_here()
        is_our_fault = False
        try:
            with within(None if span is None else span.context):
                yield
        except Exception as error:
            fault = fault_of(error, record.service)
            is_our_fault = fault is None
            record.error_code = fault.code if fault is not None else INTERNAL.code
            record.error_message = str(error) if fault is not None else OURS
            await self._keep(record)
            raise
        else:
            await self._keep(record)
        finally:
            if span is not None:
                self._record_span(span_of_call(span, record, is_our_fault=is_our_fault))

    async def _serve(self, record: RequestRecord, caller: Caller) -> dict[str, Any]:
        service, operation = key = (record.service, record.operation)
        given = dict(record.parameters)
        validate(given, load_service(service).operation(operation).input_shape)
        call = Call(service, operation, caller, given, record.request_id)
        self._check_key(caller)
        if self._is_quick(call):
            self._permit(call, record)
        else:
            await self.in_thread(caller, self._permit, call, record)
        if self._recorder is not None:
            self._recorder.check(record)
        if (asynchronous := self._async_operations.get(key)) is not None:
            return dict(await asynchronous(call) or {})
        if (handler := self._operations.get(key)) is None:
            raise UnknownOperation(f"The operation {operation} of {service} is not served here.")
        answer = await self.in_thread(caller, handler, call)
        return dict(answer or {})

    async def _keep(self, record: RequestRecord) -> None:
        if self._recorder is not None:
            written = self._recorder.begin_answer(record)
            if written is not None:
                await written


def _record(
    caller: Caller, service: str, operation: str, parameters: Mapping[str, Any]
) -> RequestRecord:
    return RequestRecord(
        str(uuid.uuid4()),
        source_ip=caller.source_ip,
        is_secure=caller.is_secure,
        user_agent=_USER_AGENT,
        service=service,
        operation=operation,
        caller=caller,
        access_key=caller.credential.access_key,
        parameters=parameters,
    )

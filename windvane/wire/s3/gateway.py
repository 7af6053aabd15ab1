"""S3 through our one port: what is asked for, who asks, and whether they may; then the store answers.

The order is: the head's form; the operation; key, clock and signature; owner of the bucket and permission; the body.
Buckets that are read from elsewhere, a folder or another store, are answered by `wire/s3/mapped.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send

from windvane.errors import WindvaneError
from windvane.wire.admission import Admission
from windvane.wire.bodies import Bodies
from windvane.wire.call import Authorize, Caller, Request, RequestRecord, seen_from
from windvane.wire.exchange import IS_GONE
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.heads import check_head
from windvane.wire.s3.actions import Question, bucket_arn, object_arn, questions, read_source
from windvane.wire.s3.answers import (
    CLOSE,
    Answered,
    InThread,
    Refused,
    identified,
    send_answered,
    send_refusal,
)
from windvane.wire.s3.authentication import (
    VerifiedHead,
    VerifyHead,
    is_signed,
    with_headers_of_query,
)
from windvane.wire.s3.call import S3Call
from windvane.wire.s3.copying import CopySource, copy_into
from windvane.wire.s3.embedded import EmbeddedStore
from windvane.wire.s3.exchange import Exchange, headers_of, parameters_of
from windvane.wire.s3.external import ExternalStore
from windvane.wire.s3.forward import Forwarder, has_body
from windvane.wire.s3.mapped import FindMapped, MappedBucket, MappedReader, nothing_mapped
from windvane.wire.s3.model import POST_OBJECT, Resolved, resolve
from windvane.wire.s3.post import PostUploads
from windvane.wire.s3.read_turns import ReadTurns
from windvane.wire.s3.refusals import S3Refusal, refused

_LOG = logging.getLogger(__name__)

Refuse = Callable[[WindvaneError], tuple[int, str]]

DECIDED_AT_ONCE = 6
"""Requests whose permissions are looked at, which accounts share: long policies take their time."""

_OURS = "We encountered an internal error. Please try again."


class S3Gateway:
    """An application for S3 requests.

    store       of all buckets that are not mapped
    verify      who signed a request's head
    authorize   what the caller may do
    refuse      S3 status and code of one of our errors
    bodies      that requests' bodies are read through
    in_thread   runs blocking calls off the event loop
    mapped      the buckets that are read from elsewhere
    admission   what a request has to pass besides its signature
    """

    def __init__(
        self,
        store: EmbeddedStore | ExternalStore,
        forwarder: Forwarder,
        verify: VerifyHead,
        authorize: Authorize,
        refuse: Refuse,
        bodies: Bodies,
        in_thread: InThread,
        mapped: FindMapped = nothing_mapped,
        posts: PostUploads | None = None,
        admission: Admission | None = None,
    ) -> None:
        self._store = store
        self._forwarder = forwarder
        self._verify = verify
        self._authorize = authorize
        self._refuse = refuse
        self._bodies = bodies
        self._in_thread = in_thread
        self._mapped = mapped
        self._posts = posts
        self._admission = admission or Admission()
        self._reader = MappedReader(forwarder, in_thread)
        self._decided = FairSemaphore(DECIDED_AT_ONCE)
        self._reads = ReadTurns()

    async def close(self) -> None:
        await self._forwarder.close()

    async def __call__(
        self, record: RequestRecord, scope: Scope, receive: Receive, send: Send
    ) -> None:
        head, watched = _head(scope), _Watched(send, scope.get("state", {}).get(IS_GONE, _is_here))
        with self._bodies.open(receive, record.source_ip) as body:
            try:
                check_head(head)
                head = with_headers_of_query(head)
                exchange = await self._admit(record, head, body, watched)
                if exchange is not None:
                    await self._serve_in_turn(exchange)
            except _ClientGone:
                return
            except Exception as error:  # the end of the way: every error is answered
                if watched.has_begun:
                    raise
                refusal = self._refusal(self._admission.told(record, error), record)
                record.error_code, record.error_message = refusal.code, refusal.sentence
                ends = CLOSE if has_body(head) and not body.at_end else ()
                await send_refusal(watched, head, record, refusal, ends)

    async def _admit(
        self, record: RequestRecord, head: Request, body: Any, send: Send
    ) -> Exchange | None:
        """Return what is to be served; None if it was answered already."""
        if any(name == "x-amz-target" for name, _ in head.headers):
            raise refused(
                "NotImplemented", "X-Amz-Target names an operation of another service than S3."
            )
        resolved = resolve(head)
        record.operation = resolved.operation
        record.resources = _resources(resolved)
        headers = headers_of(head)
        if (mapped := self._mapped(resolved.bucket)) is not None:
            await self._answer_mapped(mapped, record, head, resolved, send)
            return None
        if resolved.operation == POST_OBJECT and not is_signed(head):
            await self._post(record, head, resolved, body, send)
            return None
        verified = self._verified(record, head)
        body.charge(verified.caller.account)
        self._admission.admit(record)
        await self._check_owner(resolved.operation, resolved.bucket, verified.caller)
        if not self._store.serves(resolved.operation):
            raise refused(
                "NotImplemented", f"The operation {resolved.operation} is not served here."
            )
        parameters = parameters_of(resolved, headers)
        record.parameters = parameters
        await self._check_permissions(resolved.operation, parameters, verified.caller)
        return Exchange(record, head, headers, resolved, parameters, verified, body, send)

    def _verified(self, record: RequestRecord, head: Request) -> VerifiedHead:
        """Return who calls, from where."""
        verified = self._verify(head)
        record.caller = caller = seen_from(verified.caller, record)
        return replace(verified, caller=caller)

    async def _serve_in_turn(self, exchange: Exchange) -> None:
        """An answer that may be long is begun in turn; others are small."""
        operation, source_ip = exchange.resolved.operation, exchange.record.source_ip
        if exchange.head.method == "GET" or operation == "DeleteObjects":
            who = exchange.verified.caller.credential.principal_arn
            async with self._reads.of(exchange.account, who, source_ip, operation):
                await self._serve(exchange)
        else:
            await self._serve(exchange)

    async def _serve(self, exchange: Exchange) -> None:
        is_copy = "CopySource" in exchange.parameters
        source = CopySource.of(exchange.head) if is_copy else None
        if source is not None and (origin := self._mapped(source.bucket)) is not None:
            asker = exchange.account
            async with self._reader.open(origin, source.read_head(), asker) as found:
                await copy_into(self._store, self._forwarder, exchange, self._call(exchange), found)
        else:
            await self._store.serve(exchange, self._call(exchange))

    def _call(self, exchange: Exchange) -> S3Call:
        caller = exchange.verified.caller
        return S3Call(
            exchange.resolved.operation,
            caller,
            exchange.parameters,
            exchange.record.request_id,
            lambda action, arn, facts: self._authorize(caller, action, arn, facts),
        )

    async def _post(
        self, record: RequestRecord, head: Request, resolved: Resolved, body: Any, send: Send
    ) -> None:
        if self._posts is None:
            raise refused(
                "NotImplemented", "Uploads by an HTML form are not passed on to this store."
            )
        form = await self._posts.read_fields(head, body)
        record.caller = caller = seen_from(self._posts.verify(form, resolved.bucket), record)
        body.charge(caller.account)
        self._admission.admit(record)
        await self._check_owner(POST_OBJECT, resolved.bucket, caller)
        parameters = self._posts.parameters(form, resolved.bucket)
        record.parameters = parameters
        record.resources = (object_arn(resolved.bucket, parameters["Key"]),)
        await self._check_permissions(POST_OBJECT, parameters, caller)
        exchange = Exchange(
            record,
            head,
            headers_of(head),
            resolved,
            parameters,
            VerifiedHead(caller, ""),
            body,
            send,
        )
        await self._posts.serve(form, exchange, self._call(exchange))

    async def _check_owner(self, operation: str, bucket: str, caller: Caller) -> None:
        if not bucket or operation == "CreateBucket" or not isinstance(self._store, EmbeddedStore):
            return
        owner = await self._store.owner(bucket)
        if owner is None:
            raise refused("NoSuchBucket", details={"BucketName": bucket})
        if owner != caller.account:
            raise refused("AccessDenied")

    async def _check_permissions(
        self, operation: str, parameters: Mapping[str, Any], caller: Caller
    ) -> None:
        owner = parameters.get("ExpectedBucketOwner", caller.account)
        if owner != caller.account:
            raise refused("AccessDenied")
        if "CopySource" in parameters:
            await self._check_source(parameters, caller)
        await self._check_allowed(operation, parameters, caller)

    async def _check_allowed(
        self, operation: str, parameters: Mapping[str, Any], caller: Caller
    ) -> None:
        needed = tuple(questions(operation, parameters))
        async with self._decided.of(caller.account):
            await self._in_thread(self._allow_all, caller, needed)

    def _allow_all(self, caller: Caller, needed: tuple[Question, ...]) -> None:
        for action, arn, facts in needed:
            self._authorize(caller, action, arn, facts)

    async def _check_source(self, parameters: Mapping[str, Any], caller: Caller) -> None:
        bucket, _, _ = read_source(parameters["CopySource"])
        if parameters.get("ExpectedSourceBucketOwner", caller.account) != caller.account:
            raise refused("AccessDenied")
        if (mapped := self._mapped(bucket)) is None:
            await self._check_owner("GetObject", bucket, caller)
        elif mapped.accounts and caller.account not in mapped.accounts:
            raise refused("AccessDenied")

    async def _answer_mapped(
        self,
        mapped: MappedBucket,
        record: RequestRecord,
        head: Request,
        resolved: Resolved,
        send: Send,
    ) -> None:
        asker, who = record.source_ip, ""
        if not mapped.is_public or is_signed(head):
            verified = self._verified(record, head)
            asker, who = verified.caller.account, verified.caller.credential.principal_arn
            self._admission.admit(record)
            if mapped.accounts and verified.caller.account not in mapped.accounts:
                raise refused("AccessDenied")
            parameters = parameters_of(resolved, headers_of(head))
            await self._check_allowed(resolved.operation, parameters, verified.caller)
        if resolved.operation == "CreateBucket":
            raise refused("BucketAlreadyExists")
        if head.method not in ("GET", "HEAD"):
            raise refused(
                "AccessDenied",
                "Access Denied: this bucket is only read here; it is declared in the server's configuration, "
                "section [[buckets]].",
            )
        async with (
            self._reads.of(asker, who, record.source_ip, resolved.operation),
            self._reader.open(mapped, head, asker) as answer,
        ):
            headers = [*answer.headers, *identified(record)]
            await send_answered(Answered(answer.status, headers, answer.chunks), send)

    def _refusal(self, error: Exception, record: RequestRecord) -> Refused:
        if isinstance(error, S3Refusal):
            return Refused(error.status, error.code, str(error), error.details, error.headers)
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            sentence = f"The S3 store does not answer: {error}."
            return Refused(503, "ServiceUnavailable", sentence, {}, {})
        if isinstance(error, WindvaneError):
            status, code = self._refuse(error)
            if status < 500 or code != "InternalError":
                return Refused(status, code, str(error), {}, {})
        _LOG.error("request %s (s3 %s) failed", record.request_id, record.operation, exc_info=error)
        return Refused(500, "InternalError", _OURS, {}, {})


class _ClientGone(Exception):
    """Nobody is there to take the rest of an answer."""


def _is_here() -> bool:
    return False


class _Watched:
    """Sends on, and remembers whether an answer has begun; of a long one no more is made once its client has gone.

    is_gone    whether it has
    """

    def __init__(self, send: Send, is_gone: Callable[[], bool]) -> None:
        self._send, self._is_gone = send, is_gone
        self.has_begun = False

    async def __call__(self, message: Any) -> None:
        """Pass a message on, unless the client has gone.

        raises    _ClientGone
        """
        self.has_begun = True
        if message.get("more_body") and self._is_gone():
            raise _ClientGone
        await self._send(message)


def _head(scope: Scope) -> Request:
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    path = scope["raw_path"].decode("latin-1")
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, b"")


def _resources(resolved: Resolved) -> tuple[str, ...]:
    if not resolved.bucket:
        return ()
    if not resolved.key:
        return (bucket_arn(resolved.bucket),)
    return (object_arn(resolved.bucket, resolved.key),)

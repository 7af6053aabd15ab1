"""S3 through our one port: who calls is proved here, whose bucket it is is looked up, then the request is
passed on to the S3 store behind us (`wire/s3/forward.py`).

Buckets that are read from elsewhere, a folder or another store, are answered by `wire/s3/mapped.py`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import aiohttp
from starlette.types import Receive, Scope, Send

from windvane.errors import WindvaneError
from windvane.wire.call import Caller, Request
from windvane.wire.heads import refuse_repeated
from windvane.wire.s3.answers import (
    CLOSE,
    InThread,
    S3Refusal,
    creates_bucket,
    document,
    names_subresource,
    send_answered,
    send_refusal,
    send_whole,
    target,
)
from windvane.wire.s3.copying import CopySource, copy_into
from windvane.wire.s3.forward import STALLED_S, Body, Forwarder, Upstream, answered, has_body
from windvane.wire.s3.mapped import FindMapped, MappedBucket, MappedReader, nothing_mapped

_READS = frozenset({"GET", "HEAD"})


class Buckets(Protocol):
    """Whose bucket is whose."""

    def owner(self, bucket: str) -> str | None: ...

    def claim(self, bucket: str, account: str) -> str:
        """The owner after the call."""

    def release(self, bucket: str) -> None: ...


Authenticate = Callable[[Request], Caller]
Permits = Callable[[Caller, str, bool], bool]
"""Whether the caller's role may read (False) or write (True) in a bucket."""

Refuse = Callable[[WindvaneError], tuple[int, str]]


class S3Gateway:
    """An ASGI application for S3 requests.

    authenticate   proves who signed a request head; raises Unauthenticated
    permits        what the role behind temporary keys may do
    refuse         S3 status and code of one of our errors
    in_thread      runs blocking calls off the event loop
    mapped         the buckets that are read from elsewhere
    stalled_s      an upload of which nothing comes for so long is given up
    """

    def __init__(
        self,
        upstream: Upstream,
        buckets: Buckets | None,
        authenticate: Authenticate,
        permits: Permits,
        refuse: Refuse,
        in_thread: InThread,
        mapped: FindMapped = nothing_mapped,
        stalled_s: float = STALLED_S,
    ) -> None:
        self._upstream = upstream
        self._buckets = buckets
        self._authenticate = authenticate
        self._permits = permits
        self._refuse = refuse
        self._in_thread = in_thread
        self._mapped = mapped
        self._stalled_s = stalled_s
        self._forwarder = Forwarder()
        self._reader = MappedReader(self._forwarder, in_thread)

    async def close(self) -> None:
        await self._forwarder.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _head(scope)
        try:
            refuse_repeated(head.headers)
            bucket, key = target(head.path)
            if (mapped := self._mapped(bucket)) is not None:
                self._admit_to_mapped(mapped, head, bucket, key)
                async with self._reader.open(mapped, head) as answer:
                    await send_answered(answer, send)
                return
            caller = self._authenticate(head)
            if (source := CopySource.of(head)) is not None:
                await self._admit_to_source(source.bucket, caller)
            await self._admit(head, caller, bucket, key)
            if source is not None and (origin := self._mapped(source.bucket)) is not None:
                async with self._reader.open(origin, source.read_head()) as found:
                    await copy_into(self._forwarder, self._upstream, head, found, send)
            else:
                await self._pass_on(head, caller, bucket, key, receive, send)
        except WindvaneError as error:
            status, code = (
                (error.status, error.code) if isinstance(error, S3Refusal) else self._refuse(error)
            )
            await send_refusal(send, head, status, code, str(error))
        except (aiohttp.ClientError, TimeoutError) as error:
            sentence = f"The S3 store does not answer: {error}."
            await send_refusal(send, head, 503, "ServiceUnavailable", sentence)

    def _admit_to_mapped(self, mapped: MappedBucket, head: Request, bucket: str, key: str) -> None:
        if not mapped.is_public or _is_signed(head):
            self._check_reader(mapped, self._authenticate(head), bucket)
        if creates_bucket(head, key):
            raise _name_taken()
        if head.method not in _READS:
            raise S3Refusal(
                "AccessDenied",
                403,
                "Access Denied: this bucket is only read here; it is declared in the server's configuration, "
                "section [[buckets]].",
            )

    def _check_reader(self, mapped: MappedBucket, caller: Caller, bucket: str) -> None:
        if mapped.accounts:
            if caller.account not in mapped.accounts:
                raise S3Refusal("AccessDenied", 403, "Access Denied")
            self._check_role(caller, bucket, writes=False)

    async def _admit(self, head: Request, caller: Caller, bucket: str, key: str) -> None:
        if not bucket:
            return
        self._check_role(caller, bucket, writes=head.method not in _READS)
        if self._buckets is None:
            return
        if creates_bucket(head, key):
            await self._claim(self._buckets, bucket, caller)
        else:
            await self._check_owner(self._buckets, bucket, caller)

    async def _admit_to_source(self, bucket: str, caller: Caller) -> None:
        if (mapped := self._mapped(bucket)) is not None:
            self._check_reader(mapped, caller, bucket)
            return
        self._check_role(caller, bucket, writes=False)
        if self._buckets is not None:
            await self._check_owner(self._buckets, bucket, caller)

    def _check_role(self, caller: Caller, bucket: str, *, writes: bool) -> None:
        if not self._permits(caller, bucket, writes):
            raise S3Refusal("AccessDenied", 403, "Access Denied")

    async def _claim(self, buckets: Buckets, bucket: str, caller: Caller) -> None:
        if await self._in_thread(buckets.claim, bucket, caller.account) != caller.account:
            raise _name_taken()

    async def _check_owner(self, buckets: Buckets, bucket: str, caller: Caller) -> None:
        owner = await self._in_thread(buckets.owner, bucket)
        if owner is None:
            raise S3Refusal("NoSuchBucket", 404, "The specified bucket does not exist")
        if owner != caller.account:
            raise S3Refusal("AccessDenied", 403, "Access Denied")

    async def _pass_on(
        self, head: Request, caller: Caller, bucket: str, key: str, receive: Receive, send: Send
    ) -> None:
        body = Body(receive, self._stalled_s)
        try:
            await self._exchange(head, caller, bucket, key, body, send)
        except (aiohttp.ClientError, TimeoutError) as error:
            if not body.has_stalled:
                raise
            raise S3Refusal(
                "RequestTimeout",
                400,
                f"Nothing of the upload came for {self._stalled_s:g} s: it was given up, and nothing was written.",
            ) from error

    async def _exchange(
        self, head: Request, caller: Caller, bucket: str, key: str, body: Body, send: Send
    ) -> None:
        untouched = self._upstream.knows_client_keys and caller.credential.permanent
        async with self._forwarder.send(
            self._upstream, head, body.chunks(), untouched=untouched
        ) as answer:
            await self._settle_ownership(head, bucket, key, answer.status)
            if not bucket and head.method == "GET" and answer.status == HTTPStatus.OK:
                await self._answer_bucket_list(await answer.read(), caller, answer, send)
            else:
                close = () if body.was_read or not has_body(head) else CLOSE
                await send_answered(answered(answer), send, close)

    async def _settle_ownership(self, head: Request, bucket: str, key: str, status: int) -> None:
        if self._buckets is None or key or not bucket or names_subresource(head):
            return
        deleted = head.method == "DELETE" and status in (
            HTTPStatus.NO_CONTENT,
            HTTPStatus.NOT_FOUND,
        )
        not_created = head.method == "PUT" and status == HTTPStatus.BAD_REQUEST
        if deleted or not_created:
            await self._in_thread(self._buckets.release, bucket)

    async def _answer_bucket_list(
        self, listed: bytes, caller: Caller, answer: aiohttp.ClientResponse, send: Send
    ) -> None:
        if self._buckets is not None:
            listed = await self._in_thread(_only_owned, listed, self._buckets, caller.account)
        headers = answered(answer).headers
        kept = [(n, v) for n, v in headers if n.lower() != b"content-length"]
        await send_whole(send, answer.status, listed, kept)


def _name_taken() -> S3Refusal:
    return S3Refusal(
        "BucketAlreadyExists",
        409,
        "The requested bucket name is not available. Please select a different name and try again.",
    )


def _head(scope: Scope) -> Request:
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    path = scope["raw_path"].decode("latin-1")
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, b"")


def _is_signed(head: Request) -> bool:
    return "X-Amz-" in head.query or any(name == "authorization" for name, _ in head.headers)


def _only_owned(listed: bytes, buckets: Buckets, account: str) -> bytes:
    root = ET.fromstring(listed)  # noqa: S314 - our own store's answer
    namespace = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    ET.register_namespace("", namespace.strip("{}"))
    listing = root.find(f"{namespace}Buckets")
    if listing is not None:
        for entry in list(listing):
            if buckets.owner(entry.findtext(f"{namespace}Name") or "") != account:
                listing.remove(entry)
    return document(root)

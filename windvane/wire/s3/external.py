"""Requests to a store that belongs to somebody else: what passes is an allow-list, in both directions.

Operations, query parameters and headers are those of S3's model; every request is signed anew. The last block of a
body is withheld until its hashes are right, so that the store never gets the whole of a body that was changed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

import aiohttp

from windvane.wire.call import Request
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.revocation import CheckKey
from windvane.wire.s3.actions import facts_of_deletion, of_deletion, read_source, source_text
from windvane.wire.s3.allowlist import allowed, passing, query_of, refuse_dots
from windvane.wire.s3.answers import CLOSE, Answered, InThread, identified, send_answered
from windvane.wire.s3.call import S3Call
from windvane.wire.s3.checksums import SIZES, encode, header_of
from windvane.wire.s3.exchange import Exchange, plan_of
from windvane.wire.s3.forward import Forwarder, Upstream, answered
from windvane.wire.s3.model import operation_model
from windvane.wire.s3.payload import (
    MAX_UPLOAD,
    UNSIGNED,
    UNSIGNED_TRAILER,
    BodyPlan,
    Intake,
)
from windvane.wire.s3.reading import has_streaming_body, read_payload
from windvane.wire.s3.refusals import refused

SERVED = frozenset(
    {
        *("ListBuckets", "CreateBucket", "DeleteBucket", "HeadBucket", "GetBucketLocation"),
        *("GetBucketVersioning", "PutBucketVersioning", "GetBucketTagging", "PutBucketTagging"),
        *("DeleteBucketTagging", "GetBucketLifecycleConfiguration", "DeleteBucketLifecycle"),
        *("PutBucketLifecycleConfiguration", "GetBucketEncryption", "PutBucketEncryption"),
        *("DeleteBucketEncryption", "GetPublicAccessBlock", "PutPublicAccessBlock"),
        *("GetBucketOwnershipControls", "GetBucketAcl", "GetObjectAcl", "GetBucketPolicy"),
        *("GetBucketPolicyStatus", "GetBucketCors", "GetObjectLockConfiguration"),
        *("ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"),
        *("GetObject", "HeadObject", "GetObjectAttributes", "PutObject", "CopyObject"),
        *("DeleteObject", "DeleteObjects", "GetObjectTagging", "PutObjectTagging"),
        *("DeleteObjectTagging", "CreateMultipartUpload", "UploadPart", "UploadPartCopy"),
        *("CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"),
    }
)
"""Operations that are passed on."""

_BLOCK = 1 << 20
_MAX_XML = 4 << 20
_MAX_DELETIONS = 1000
"""source    DeleteObjects in S3's API reference"""

DELETIONS_AT_ONCE = 6
"""Requests for many deletions, which accounts share: each key of each is held to policies that may be long."""

_DECIDED_FOR_S = 10.0
"""How long that is done for one request, as in the embedded store."""

_SET_ANEW = frozenset(
    {
        *("x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer"),
        *("content-length", "content-encoding", "x-amz-expected-bucket-owner"),
    }
)


_OF_DELETION = ("Key", "VersionId", "ETag")
_AS_ENTITIES = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_OF_CONTENT = _SET_ANEW | {"content-md5", "x-amz-sdk-checksum-algorithm"}


class ExternalStore:
    """Passes requests on to an external store, signed with this server's key.

    forwarder   sends requests
    upstream    the store and its key
    key_check  asked once a body is there
    """

    def __init__(
        self,
        forwarder: Forwarder,
        upstream: Upstream,
        in_thread: InThread,
        key_check: CheckKey,
    ) -> None:
        self._forwarder = forwarder
        self._upstream = upstream
        self._in_thread = in_thread
        self._check_key = key_check
        self._deletions = FairSemaphore(DELETIONS_AT_ONCE)

    @property
    def upstream(self) -> Upstream:
        return self._upstream

    def serves(self, operation: str) -> bool:
        return operation in SERVED

    async def serve(self, exchange: Exchange, call: S3Call) -> None:
        """Pass a call on whose head is verified and allowed; raises WindvaneError, ClientError, TimeoutError."""
        model = operation_model(call.operation)
        plan = plan_of(exchange)
        streams = has_streaming_body(model)
        if streams and plan.length is None:
            raise refused("MissingContentLength")
        intake = Intake(plan, exchange.verified.signing, limit=MAX_UPLOAD if streams else _MAX_XML)
        if streams:
            body = framed(self._verified(exchange, intake), plan, intake)
            head = passed_on(exchange, plan, plan.length or 0)
        else:
            pieces = [piece async for piece in self._verified(exchange, intake)]
            content = b"".join(pieces)
            head = passed_on(exchange, plan, len(content))
            if call.operation == "DeleteObjects":
                async with self._deletions.of(call.caller.account):
                    content = await self._in_thread(_allowed_deletions, call, content)
                head = _with_content(head, content)
            body = _once(content)
        watched = _Watched(body)
        try:
            async with self._forwarder.send(self._upstream, head, watched.pieces()) as found:
                answer = allowed(call.operation, answered(found))
                close = () if exchange.body.at_end else CLOSE
                headers = [*answer.headers, *identified(exchange.record)]
                await send_answered(
                    Answered(answer.status, headers, answer.chunks), exchange.send, close
                )
        except aiohttp.ClientError:
            if watched.failure is not None:
                raise watched.failure from None
            raise

    def _verified(self, exchange: Exchange, intake: Intake) -> AsyncIterator[bytes]:
        return verified(exchange, intake, self._in_thread, self._check_key)


class _Watched:
    """The body of a request that is sent, and what went wrong with it: the client that sends it hides that."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self.failure: Exception | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._body:
                yield piece
        except Exception as error:
            self.failure = error
            raise


def passed_on(exchange: Exchange, plan: BodyPlan, length: int) -> Request:
    """Return the head that goes on: the operation's own parameters and headers alone."""
    refuse_dots(exchange.head.path)
    headers = [
        (name, _source(value) if name == "x-amz-copy-source" else value)
        for name, value in passing(exchange.resolved.operation, exchange.headers)
        if name not in _SET_ANEW
    ]
    of_body = _body_headers(exchange, plan, length)
    if encoding := _encoding(exchange.headers.get("content-encoding", "")):
        of_body = [
            (name, f"{value},{encoding}" if name == "content-encoding" else value)
            for name, value in of_body
        ]
        if not _has_trailer(plan):
            of_body.append(("content-encoding", encoding))
    headers += of_body
    return Request(
        exchange.head.method, exchange.head.path, query_of(exchange.resolved), tuple(headers), b""
    )


async def verified(
    exchange: Exchange, intake: Intake, in_thread: InThread, key_check: CheckKey
) -> AsyncIterator[bytes]:
    """Yield the content of a body, the last block once the whole is as its head says.

    raises    before that block: S3Refusal if it is not, UnknownKey if the key was taken back
    """
    withheld = b""
    async for block in exchange.body.blocks(_BLOCK):
        content: bytes = await in_thread(_fed, intake, block)
        if content:
            if withheld:
                yield withheld
            withheld = content
    await in_thread(intake.finish)
    key_check(exchange.verified.caller)
    if withheld:
        yield withheld


def _fed(intake: Intake, block: bytes) -> bytes:
    content = intake.feed(block)
    intake.sum(content)
    return content


async def framed(
    content: AsyncIterator[bytes], plan: BodyPlan, intake: Intake
) -> AsyncIterator[bytes]:
    """Yield the body as it goes on: in chunks with the checksum behind them, if it came so."""
    if not _has_trailer(plan):
        async for piece in content:
            yield piece
        return
    yield _chunk_head(plan)
    async for piece in content:
        yield piece
    checksum = intake.digests.checksum if intake.digests is not None else ""
    yield _chunk_end(plan, checksum)


def _chunk_head(plan: BodyPlan) -> bytes:
    """All of the content is one chunk, so that the length of the whole is known before it is read."""
    return b"%x\r\n" % plan.length if plan.length else b""


def _chunk_end(plan: BodyPlan, checksum: str) -> bytes:
    end = "\r\n" if plan.length else ""
    return f"{end}0\r\n{header_of(plan.algorithm)}:{checksum}\r\n\r\n".encode()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    await asyncio.sleep(0)
    yield content


def _has_trailer(plan: BodyPlan) -> bool:
    return plan.has_trailers and bool(plan.algorithm)


def _body_headers(exchange: Exchange, plan: BodyPlan, length: int) -> list[tuple[str, str]]:
    if "content-length" not in exchange.headers and "transfer-encoding" not in exchange.headers:
        return [("x-amz-content-sha256", UNSIGNED)]
    if not _has_trailer(plan):
        declared = UNSIGNED if plan.is_chunked else plan.declared
        return [("content-length", str(length)), ("x-amz-content-sha256", declared)]
    framing = len(_chunk_head(plan)) + len(_chunk_end(plan, encode(bytes(SIZES[plan.algorithm]))))
    return [
        ("content-length", str(length + framing)),
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", UNSIGNED_TRAILER),
        ("x-amz-decoded-content-length", str(length)),
        ("x-amz-trailer", header_of(plan.algorithm)),
    ]


def _encoding(text: str) -> str:
    kept = [part.strip() for part in text.split(",") if part.strip() not in ("", "aws-chunked")]
    return ",".join(kept)


def _source(text: str) -> str:
    """Return the source of a copy as it was understood, whatever the store would make of the header's own spelling."""
    bucket, key, version_id = read_source(text)
    refuse_dots(f"/{bucket}/{key}")
    return source_text(bucket, key, version_id)


def _allowed_deletions(call: S3Call, body: bytes) -> bytes:
    """Return a document of the deletions as they were understood. Each is decided about, which takes as long as the
    caller's policies are long.

    raises    AccessDenied for one that is not allowed; S3Refusal, also if that takes too long
    """
    give_up = time.monotonic() + _DECIDED_FOR_S
    deletion = read_payload(operation_model("DeleteObjects"), body)["Delete"]
    elements = [f"<Quiet>{str(deletion.get('Quiet', False)).lower()}</Quiet>"]
    if len(deletion["Objects"]) > _MAX_DELETIONS:
        raise refused("MalformedXML")
    for entry in deletion["Objects"]:
        if time.monotonic() > give_up:
            raise refused("SlowDown")
        if others := sorted(entry.keys() - set(_OF_DELETION)):
            raise refused("NotImplemented", f"{others[0]} of a deletion is not passed on.")
        refuse_dots(f"/{entry['Key']}")
        for permission in of_deletion(call.parameters["Bucket"], entry):
            call.authorize(*permission, facts_of_deletion(entry))
        members = (
            f"<{n}>{escape(entry[n], _AS_ENTITIES)}</{n}>" for n in _OF_DELETION if n in entry
        )
        elements.append(f"<Object>{''.join(members)}</Object>")
    return f'<Delete xmlns="{_NAMESPACE}">{"".join(elements)}</Delete>'.encode()


def _with_content(head: Request, content: bytes) -> Request:
    """Return the head with what it says of its body made anew."""
    kept = [
        (name, value)
        for name, value in head.headers
        if name not in _OF_CONTENT and not name.startswith("x-amz-checksum-")
    ]
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    anew = [
        ("content-length", str(len(content))),
        ("content-md5", digest),
        ("x-amz-content-sha256", hashlib.sha256(content).hexdigest()),
    ]
    return Request(head.method, head.path, head.query, (*kept, *anew), b"")

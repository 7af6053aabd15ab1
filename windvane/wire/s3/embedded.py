"""Requests to the embedded store: body in, handler in a thread, answer out.

Nothing of an upload is committed before its hashes are right. Hashing and writing run in threads, while the next block
comes over the network: one block is written, and those before it summed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.revocation import CheckKey
from windvane.wire.s3.actions import read_source
from windvane.wire.s3.answers import (
    CLOSE,
    Answered,
    InThread,
    identified,
    send_answered,
    send_whole,
)
from windvane.wire.s3.call import BeginUpload, Content, S3Call, S3Result, S3Service, Sink
from windvane.wire.s3.exchange import Exchange, plan_of
from windvane.wire.s3.model import operation_model
from windvane.wire.s3.payload import MAX_UPLOAD, UNSIGNED, BodyPlan, Digests, Intake
from windvane.wire.s3.reading import read_payload
from windvane.wire.s3.refusals import refused
from windvane.wire.s3.stages import Stage
from windvane.wire.s3.writing import HeaderPairs, write_answer

BLOCK = 1 << 20
TAKEN_IN = 1 << 19
UNDER_WAY = 5
"""Blocks of an upload that are in memory: one that comes, two of either stage."""

HANDLED_AT_ONCE, BEGUN_AT_ONCE = 12, 6
"""Handlers that run, of which a copy may take minutes; and uploads whose policies and keys of KMS are looked at. Accounts
share both."""

_MAX_XML = 1 << 20
_MAX_XML_OF = {"DeleteObjects": 2 << 20, "CompleteMultipartUpload": 4 << 20}
"""Bytes: 1,000 keys of 1,024 bytes, 10,000 parts."""

_NO_LENGTH_NEEDED = frozenset({"", "0"})

Written = tuple[int, HeaderPairs, bytes]
"""Status, headers and body, as the model has them."""


class EmbeddedStore:
    """Serves requests by the embedded store.

    service     what it serves
    in_thread   runs blocking calls off the event loop
    key_check  asked once a body is there
    """

    def __init__(
        self,
        service: S3Service,
        in_thread: InThread,
        key_check: CheckKey,
    ) -> None:
        self._service = service
        self.in_thread = in_thread
        self._check_key = key_check
        self._handled = FairSemaphore(HANDLED_AT_ONCE)
        self._begun = FairSemaphore(BEGUN_AT_ONCE)
        self.uploads = service.uploads

    def serves(self, operation: str) -> bool:
        return self._service.serves(operation)

    async def owner(self, bucket: str) -> str | None:
        owner: str | None = await self.in_thread(self._service.owner, bucket)
        return owner

    async def serve(self, exchange: Exchange, call: S3Call) -> None:
        """Serve a call whose head is verified and allowed; raises WindvaneError."""
        operation = exchange.resolved.operation
        if (begin := self._service.uploads.get(operation)) is not None:
            result = await self._take_in(exchange, call, begin)
            written = written_answer(operation, result)
        else:
            result, written = await self._handle(exchange, call)
        await send_result(exchange, result, written, self.in_thread)

    async def _handle(self, exchange: Exchange, call: S3Call) -> tuple[S3Result, Written]:
        limit = _MAX_XML_OF.get(call.operation, _MAX_XML)
        plan = plan_of(exchange)
        intake = Intake(plan, exchange.verified.signing, limit=limit)
        pieces: list[bytes] = []
        await take_in(
            exchange.body.blocks(TAKEN_IN, UNDER_WAY), intake, pieces.append, self.in_thread
        )
        if _announces_body(exchange):
            await self.check_owners(call)
        handler = self._service.handlers[call.operation]
        async with self._handled.of(call.caller.account):
            answered: tuple[S3Result, Written] = await self.in_thread(
                _handle, handler, call, b"".join(pieces)
            )
        return answered

    async def _take_in(self, exchange: Exchange, call: S3Call, begin: BeginUpload) -> S3Result:
        plan = plan_of(exchange)
        if plan.length is None and "transfer-encoding" not in exchange.headers:
            raise refused("MissingContentLength")
        if (plan.length or 0) > MAX_UPLOAD:
            raise refused("EntityTooLarge")
        sink = await self.begin(begin, call)
        try:
            intake = Intake(
                plan, exchange.verified.signing, limit=MAX_UPLOAD, algorithm=sink.algorithm
            )
            blocks = exchange.body.blocks(TAKEN_IN, UNDER_WAY)
            digests = await take_in(blocks, intake, sink.write, self.in_thread)
            await self.check_owners(call)
            result: S3Result = await self.in_thread(sink.commit, digests)
            return result
        finally:
            await self.in_thread(sink.discard)

    async def begin(self, begin: BeginUpload, call: S3Call) -> Sink:
        """Make ready for the content of an upload: policies and keys are looked at once more."""
        async with self._begun.of(call.caller.account):
            sink: Sink = await self.in_thread(begin, call)
            return sink

    async def check_owners(self, call: S3Call) -> None:
        """Refuse a call on buckets that have become another account's while its body came, or with a key that was taken
        back; raises S3Refusal, UnknownKey."""
        self._check_key(call.caller)
        if call.operation == "CreateBucket":
            return
        buckets = [call.parameters.get("Bucket", "")]
        if "CopySource" in call.parameters:
            buckets.append(read_source(call.parameters["CopySource"])[0])
        for bucket in filter(None, buckets):
            if await self.owner(bucket) != call.caller.account:
                raise refused("NoSuchBucket", details={"BucketName": bucket})

    async def copy_in(self, call: S3Call, chunks: AsyncIterator[bytes], length: int) -> S3Result:
        """Take in what another store holds, as PutObject or UploadPart would; raises WindvaneError."""
        if length > MAX_UPLOAD:
            raise refused("EntityTooLarge")
        sink = await self.begin(self.uploads[call.operation], call)
        try:
            plan = BodyPlan(UNSIGNED, length)
            intake = Intake(plan, None, limit=MAX_UPLOAD, algorithm=sink.algorithm)
            digests = await take_in(chunks, intake, sink.write, self.in_thread)
            await self.check_owners(call)
            result: S3Result = await self.in_thread(sink.commit, digests)
            return result
        finally:
            await self.in_thread(sink.discard)


def _handle(
    handler: Callable[[S3Call], S3Result], call: S3Call, body: bytes
) -> tuple[S3Result, Written]:
    """The answer is written in the same thread: a list of 1,000 keys takes milliseconds."""
    model = operation_model(call.operation)
    parameters = {**call.parameters, **read_payload(model, body)}
    whole = S3Call(call.operation, call.caller, parameters, call.request_id, call.authorize)
    result = handler(whole)
    try:
        return result, written_answer(call.operation, result)
    except BaseException:
        if result.content is not None:
            result.content.close()
        raise


def written_answer(operation: str, result: S3Result) -> Written:
    return write_answer(operation_model(operation), result.members)


async def take_in(
    blocks: AsyncIterator[bytes], intake: Intake, write: Callable[[bytes], Any], in_thread: InThread
) -> Digests:
    """Take a body in block by block, and say what it was.

    raises    S3Refusal, TooSlow, Throttled, Malformed; whatever `write` raises
    """
    first = await anext(blocks, b"")
    second = await anext(blocks, None)
    if second is None:
        whole: Digests = await in_thread(_take_at_once, first, intake, write)
        return whole
    await _take_in_stages((first, second), blocks, intake, write, in_thread)
    digests: Digests = await in_thread(intake.finish)
    return digests


def _take_at_once(block: bytes, intake: Intake, write: Callable[[bytes], Any]) -> Digests:
    if content := intake.feed(block):
        write(content)
        intake.sum(content)
    return intake.finish()


async def _take_in_stages(
    begun: tuple[bytes, ...],
    blocks: AsyncIterator[bytes],
    intake: Intake,
    write: Callable[[bytes], Any],
    in_thread: InThread,
) -> None:
    """Take in a body in stages that run at the same time: check and write, and add up.

    begun    the first blocks, which came before it was known that there are more
    """
    room = asyncio.Semaphore(UNDER_WAY - 1)
    loop = asyncio.get_running_loop()

    def take(block: bytes) -> None:
        if content := intake.feed(block):
            write(content)
        summing.add(content)

    def add_up(content: bytes) -> None:
        intake.sum(content)
        loop.call_soon_threadsafe(room.release)

    async def add(block: bytes) -> bool:
        await room.acquire()
        if not (taking.is_over or summing.is_over):
            taking.add(block)
            return True
        return False

    taking = Stage(take, in_thread, room.release)
    summing = Stage(add_up, in_thread, room.release)
    try:
        for block in begun:
            await add(block)
        async for block in blocks:
            if not await add(block):
                break
        await taking.finish()
        await summing.finish()
    finally:
        await taking.stop()
        await summing.stop()


async def send_result(
    exchange: Exchange, result: S3Result, written: Written, in_thread: InThread
) -> None:
    try:
        usual, headers, body = written
        status = result.status or usual
        encoded = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers]
        encoded += identified(exchange.record)
        if not exchange.body.at_end and _announces_body(exchange):
            encoded += CLOSE
        if result.document:
            body = result.document
            encoded.append((b"content-type", b"application/xml"))
        if result.length is None:
            await send_whole(exchange.send, status, body, encoded)
            return
        encoded.append((b"content-length", str(result.length).encode()))
        chunks = None
        if result.content is not None and exchange.head.method != "HEAD":
            chunks = read_ahead(result.content, result.length, in_thread)
        await send_answered(Answered(status, encoded, chunks), exchange.send)
    finally:
        if result.content is not None:
            await in_thread(result.content.close)


def _announces_body(exchange: Exchange) -> bool:
    return (
        exchange.headers.get("content-length", "") not in _NO_LENGTH_NEEDED
        or "transfer-encoding" in exchange.headers
    )


async def read_ahead(
    content: Content, length: int, in_thread: Callable[..., Awaitable[bytes]]
) -> AsyncIterator[bytes]:
    """Yield `length` bytes in blocks; the next one is read while one is sent."""
    left = length
    coming = asyncio.ensure_future(in_thread(content.read, min(BLOCK, left)))
    try:
        while left:
            block = await coming
            if not block:
                raise OSError("An object became shorter while it was read.")
            left -= len(block)
            if left:
                coming = asyncio.ensure_future(in_thread(content.read, min(BLOCK, left)))
            yield block
    finally:
        if not coming.done():
            with suppress(Exception):
                await asyncio.shield(coming)

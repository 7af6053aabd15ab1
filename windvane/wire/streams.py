"""Answers that go on: chunks are sent as they come, until there are no more or the client is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from windvane.wire.call import Call

StreamHandler = Callable[[Call], Awaitable[AsyncIterator[bytes]]]
"""Serves one operation on the event loop; what it raises before it gives the chunks is answered as an error."""

Message = MutableMapping[str, Any]

_log = logging.getLogger(__name__)

SLOW_S = 30.0
"""A client that takes nothing for so long is let go."""


async def send_stream(
    chunks: AsyncIterator[bytes],
    request_id: str,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
    *,
    slow_s: float = SLOW_S,
) -> None:
    """Server-sent events, the body of the request being read. Whatever happens, `chunks` is closed."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        async with asyncio.timeout(slow_s):
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"x-amzn-requestid", request_id.encode()),
                        (b"content-type", b"text/event-stream"),
                        (b"cache-control", b"no-store"),
                    ],
                }
            )
        while (chunk := await _next(chunks, gone)) is not None:
            async with asyncio.timeout(slow_s):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if not gone.done():
            async with asyncio.timeout(slow_s):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        _log.warning("request %s: its client takes nothing and is let go", request_id)
    finally:
        gone.cancel()
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


async def _next(chunks: AsyncIterator[bytes], gone: asyncio.Future[None]) -> bytes | None:
    """Return the next chunk; None if there are no more, or nobody is there to take one."""
    coming = asyncio.ensure_future(_one(chunks))
    try:
        waited_for: set[asyncio.Future[Any]] = {coming, gone}
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        return None if gone.done() else coming.result()
    finally:
        if not coming.done():
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming


async def _one(chunks: AsyncIterator[bytes]) -> bytes | None:
    async for chunk in chunks:
        return chunk
    return None


async def _gone(receive: Callable[[], Awaitable[Message]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)

"""Bodies of uploads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from windvane.wire.s3.forward import Body

ENDED = {"type": "http.request", "body": b"b", "more_body": False}


def _body(*messages: dict[str, Any]) -> Body:
    pending = list(messages)

    async def receive() -> dict[str, Any]:
        if not pending:
            await asyncio.Event().wait()
        return pending.pop(0)

    return Body(receive, stalled_s=0.05)


async def _read(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


def test_chunks_come_until_there_are_no_more() -> None:
    body = _body({"type": "http.request", "body": b"a", "more_body": True}, ENDED)
    assert asyncio.run(_read(body)) == b"ab"
    assert body.was_read
    assert not body.has_stalled


def test_an_upload_that_stalls_is_given_up() -> None:
    body = _body({"type": "http.request", "body": b"a", "more_body": True})
    with pytest.raises(TimeoutError):
        asyncio.run(_read(body))
    assert body.has_stalled
    assert not body.was_read

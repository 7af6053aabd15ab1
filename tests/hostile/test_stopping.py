"""Attacks on what a server has begun when it stops: requests that are cancelled, whose threads go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3.house import Answer, S3House
from s3.signing import sha256, signed

from windvane.objects.index import Index


@pytest.fixture
def house(tmp_path: Path) -> Iterator[S3House]:
    made = S3House(tmp_path)
    made.client().create_bucket(Bucket="ours")
    yield made
    made.close()


def head(method: str, body: bytes = b"") -> Any:
    given = [("content-length", str(len(body)))] if body else []
    return signed(method, "/ours/k", given, sha256(body))


def ask(house: S3House, method: str, body: bytes = b"") -> Answer:
    return house.ask(method, "/ours/k", head(method, body), body)


def test_what_is_being_committed_when_a_server_stops_is_whole_or_not_there(
    house: S3House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that was cancelled, as those are that a stopping server has waited for long enough, dropped its file while a
    thread wrote the row that names it: the object that was stored under the key before was gone, and the new one missing."""
    first, second = b"1" * 100_000, b"2" * 100_000
    assert ask(house, "PUT", first).status == 200
    is_synced, go_on = threading.Event(), threading.Event()
    write = Index.write

    def slow(index: Index, operation: Any) -> Any:
        is_synced.set()
        go_on.wait(240)
        return write(index, operation)

    async def stopped() -> None:
        asked = house._call("PUT", "/ours/k", head("PUT", second), [second])
        running = asyncio.ensure_future(asked)
        await asyncio.to_thread(is_synced.wait, 240)
        running.cancel()
        await asyncio.wait((running,), timeout=0.5)
        go_on.set()
        await asyncio.wait((running,), timeout=240)
        assert running.cancelled()

    with monkeypatch.context() as patched:
        patched.setattr(Index, "write", slow)
        house.run(stopped())
    house._pool.submit(int).result()
    found = ask(house, "GET")
    assert (found.status, found.body) in ((200, first), (200, second))

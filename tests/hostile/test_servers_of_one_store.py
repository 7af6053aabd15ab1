"""What machines and servers that fail do to the others that share their store."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from windvane.artifacts.local import LocalArtifacts
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.names import Scope
from windvane.process.frames import Frame
from windvane.serving import peers
from windvane.serving.peers import Peer, PeerFailed, PeerGone, Peers
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.store.open import open_store
from windvane.work.hosting.hosting import Hosting

SECRET = b"s" * 32
SCOPE = Scope("111122223333", "us-east-1")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_machine_that_is_not_reached_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken for one whose model was too slow: requests to what it had hosted failed and were not tried elsewhere."""
    monkeypatch.setattr(peers, "_CONNECT_S", 0.2)
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            one = opened.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        with pytest.raises(PeerGone, match="Timeout"):
            asyncio.run(_ask(listener.getsockname()[1]))


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (b"500 Internal Server Error", PeerFailed),
        (b"503 Service Unavailable", PeerGone),
        (b"307 Temporary Redirect\r\nlocation: /elsewhere", PeerGone),
    ],
)
def test_what_fails_on_another_server_is_asked_once_and_there_alone(
    status: bytes, raised: type[Exception]
) -> None:
    """What a model's answer made fail there was asked twice a second for a minute, and a redirection was followed."""
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scene() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            with pytest.raises(raised):
                await _ask(server.sockets[0].getsockname()[1])

    asyncio.run(scene())
    assert len(asked) == 1


async def _ask(port: int) -> Frame:
    asking = Peers(SECRET, time.time)
    try:
        return await asking.ask(
            Peer("b", f"http://127.0.0.1:{port}"),
            {"ask": "invoke", "account": SCOPE.account},
            b"",
            10,
        )
    finally:
        await asking.close()


def test_a_server_that_slept_deletes_no_endpoint_that_was_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server had deleted the endpoint, and its account made one of the same name."""
    store = open_store("", tmp_path)
    store.migrate()
    old = Endpoint(
        scope=SCOPE,
        name="E",
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=(),
        status=EndpointStatus.DELETING,
    )
    new = replace(old, created=datetime(2026, 1, 3, tzinfo=UTC), status=EndpointStatus.CREATING)
    hosting = Hosting(store, LocalArtifacts(tmp_path / "s3"), tmp_path, Router(Bounds()))
    monkeypatch.setattr(hosting._removal, "is_over", lambda *_: True)
    for there, left in ((new, new), (old, None)):
        with store.transaction() as tx:
            tx.insert(there)
        hosting._delete(old)
        with store.transaction() as tx:
            assert tx.find(Endpoint, SCOPE, "E") == left
            tx.delete(there)
    hosting.stop()
    store.close()

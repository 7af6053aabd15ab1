"""What somebody without any key can make the server do."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from windvane.telemetry import Telemetry
from windvane.web import Web, metrics_page


class Slow(Telemetry):
    """Figures that are made when the test allows it; how many were."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.n_made = 0
        self.n_at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def exposition(self) -> bytes:
        with self._lock:
            self.n_at_once += 1
            self.most_at_once = max(self.most_at_once, self.n_at_once)
        assert self.release.wait(240)
        with self._lock:
            self.n_at_once -= 1
            self.n_made += 1
            return b"%d" % self.n_made


async def get(web: Web, path: str) -> bytes:
    body: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        body.append(message.get("body", b""))

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 8470),
    }
    await web(scope, receive, send)
    return b"".join(body)


async def nowhere(*_: object) -> None:
    raise AssertionError("nobody asks for this here")


def test_many_who_ask_for_metrics_keep_one_thread_busy() -> None:
    """Sixty connections that asked for them without end held forty threads, a tenth of a second of the interpreter at a
    time: a second passed between two turns of the event loop, and /healthz took four."""
    telemetry = Slow()
    web = Web(nowhere, nowhere, metrics_page(telemetry), list)

    async def all_of_it() -> list[bytes]:
        first = asyncio.create_task(get(web, "/metrics"))
        while not telemetry.n_at_once:
            await asyncio.sleep(0)
        others = [asyncio.create_task(get(web, "/metrics")) for _ in range(60)]
        async with asyncio.timeout(120):
            assert await get(web, "/healthz") == b"ok"
        telemetry.release.set()
        return await asyncio.gather(first, *others)

    told = asyncio.run(all_of_it())
    assert told == [b"1"] + [b"2"] * 60  # nobody is told what was true before it asked
    assert telemetry.most_at_once == 1

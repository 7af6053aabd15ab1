"""What each part of an InvokeEndpoint costs: python -m benchmarks.request_parts

One row goes through the edge, to another process and back, and through a small LightGBM model, part by part in this process, without
a web server. Figures are medians of CPU time, which a busy machine hardly changes; the way to the other process and
back is wall clock, the quickest tenth, for most of it is waiting. benchmarks/invoke.py measures whole requests.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.echo import edge_echo
from benchmarks.markdown import markdown_table
from benchmarks.packed import pack_model
from windvane.api.keyring import KeyRing
from windvane.process.frames import FrameBuffer, pack
from windvane.serving.answers import write_answer
from windvane.serving.content_types import CSV
from windvane.serving.model import LocalContainer, ServedModel, load_model
from windvane.serving.request_rows import read_rows
from windvane.wire import sigv4
from windvane.wire.exchange import read_head

_KEYS = Credentials("benchmark", "secret-of-the-benchmark")
_PATH = "/endpoints/any/invocations"
_ROUNDS, _BATCH = 60, 50
_HOPS = 4_000

Scope = dict[str, Any]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="windvane-parts-") as name:
        packed = pack_model(Path(name) / "model")
        body = packed.row.encode()
        model = load_model([LocalContainer({}, Path(name) / "model" / "whole")])
        scope = _scope(body)
        rows = [
            *_edge_parts(scope, body),
            ("to another process and back, wall clock", _hop_us(body)),
            *_model_parts(model, body),
        ]
    print(markdown_table(("part", "µs"), [(part, f"{us:.0f}") for part, us in rows]))
    return 0


def _edge_parts(scope: Scope, body: bytes) -> list[tuple[str, float]]:
    """Each step of the chain by itself, what is before and after it, and of the first step the signature."""
    edge = edge_echo(_KEYS.access_key, _KEYS.secret_key)
    spent: dict[str, list[float]] = {}

    def timed(
        name: str, step: Callable[[Any], Awaitable[None]]
    ) -> Callable[[Any], Awaitable[None]]:
        async def around(exchange: Any) -> None:
            before = time.thread_time_ns()
            await step(exchange)
            spent.setdefault(name, []).append((time.thread_time_ns() - before) / 1000)

        return around

    names = (
        "signature, body, account's rate",
        "whether it is traced",
        "operation",
        "members, permission, answer",
    )
    edge.chain = tuple(timed(name, step) for name, step in zip(names, edge.chain, strict=True))

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message.get("status", 200) != 200:
                raise RuntimeError(f"the edge answered {message}")

        before = time.thread_time_ns()
        await edge(dict(scope), receive, send)
        spent.setdefault("whole", []).append((time.thread_time_ns() - before) / 1000)

    async def ask_often() -> None:
        for _ in range(_ROUNDS * _BATCH):
            await ask()

    asyncio.run(ask_often())
    edge.close()
    medians = {name: statistics.median(found) for name, found in spent.items()}
    around = medians["whole"] - sum(medians[name] for name in names)
    request, keyring = (
        read_head(scope),
        KeyRing([("0" * 12, _KEYS.access_key, _KEYS.secret_key)], b""),
    )

    def verify() -> None:
        claim = sigv4.read_claim(request, keyring, datetime.now(UTC))
        claim.verify(sigv4.hash_payload(body))

    return [
        ("head, route, record, sending", around),
        *((name, medians[name]) for name in names),
        ("all of the edge", medians["whole"]),
        ("of which the signature", _us(verify)),
    ]


def _model_parts(model: ServedModel, body: bytes) -> list[tuple[str, float]]:
    rows = read_rows(body, CSV, model.predictor.schema)
    predicted = model.predictor.predict(rows)
    return [
        ("reading the row", _us(lambda: read_rows(body, CSV, model.predictor.schema))),
        ("model", _us(lambda: model.predictor.predict(rows))),
        ("writing the answer", _us(lambda: write_answer(predicted, model.selection, CSV))),
    ]


def _us(work: Callable[[], object]) -> float:
    """Median CPU time of a call."""
    found = []
    for _ in range(_ROUNDS):
        before = time.thread_time_ns()
        for _ in range(_BATCH):
            work()
        found.append((time.thread_time_ns() - before) / 1000 / _BATCH)
    return statistics.median(found)


def _hop_us(body: bytes) -> float:
    """A frame to a process that sends it back."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        while data := theirs.recv(1 << 16):
            theirs.sendall(data)
        os._exit(0)
    theirs.close()
    request, found = pack({"content_type": CSV, "accept": ""}, body), []
    buffer = FrameBuffer()
    for _ in range(_HOPS):
        before = time.perf_counter_ns()
        ours.sendall(request)
        buffer.feed(ours.recv(1 << 16))
        if buffer.next_frame() is None:
            raise RuntimeError("the frame did not come back in one piece")
        found.append((time.perf_counter_ns() - before) / 1000)
    ours.close()
    os.waitpid(child, 0)
    return float(np.quantile(found, 0.1))


def _scope(body: bytes) -> Scope:
    """As a web server gives it."""
    url = f"http://127.0.0.1:8470{_PATH}"
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": CSV})
    SigV4Auth(_KEYS, "sagemaker", "us-east-1").add_auth(request)
    headers = {"Host": "127.0.0.1:8470", "Content-Length": str(len(body)), **request.headers}
    return {
        "type": "http",
        "method": "POST",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }


if __name__ == "__main__":
    sys.exit(main())

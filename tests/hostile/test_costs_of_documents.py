"""Attacks on the event loop, memory and the interpreter by documents that are short to send and long to work on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from api.world import SCOPE, build_world, close
from hostile.asking import ACCOUNT, NOW, OWNER, Ask, by, invoke, own
from hostile.test_threads_of_accounts import caller_of
from hostile.test_wire_order import Client

from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.keyring import KeyRing
from windvane.control import logs
from windvane.domain.logs import LogLine, LogPlace
from windvane.wire import edge as wire_edge
from windvane.wire.call import Call
from windvane.wire.edge import Edge


def explain(n_cells: int) -> Ask:
    cells = {f"{number:x}": "" for number in range(n_cells)}
    body = json.dumps({"Row": {"Cells": cells}}).encode()
    return own("POST", "/windvane/endpoints/e/explanations", body=body)


@pytest.mark.parametrize(
    ("ask", "on_the_loop"),
    [(explain(10), True), (explain(20_000), False), (invoke(body=b"1," * 100_000), True)],
    ids=["a short document", "a long document", "a long body that is taken as it is"],
)
def test_a_long_document_is_not_read_on_the_event_loop(
    ask: Ask, on_the_loop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of 100,000 cells, a megabyte, was taken apart and checked there, before anybody asked whether its sender may do
    anything: nobody was answered for a second, and ten of them took ten."""
    threads: list[threading.Thread] = []
    validate = wire_edge.validate

    def noted(parameters: Mapping[str, Any], shape: Any) -> None:
        threads.append(threading.current_thread())
        validate(parameters, shape)

    async def served(_: Any) -> Mapping[str, Any]:
        if ask.service == "sagemaker-runtime":
            return {"Body": b"1", "ContentType": "text/csv"}
        return {}

    monkeypatch.setattr(wire_edge, "validate", noted)
    operations = ("windvane", "ExplainPrediction"), ("sagemaker-runtime", "InvokeEndpoint")
    ring = KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], b"k" * 32)
    edge = Edge(ring, {}, dict.fromkeys(operations, served), None, lambda: NOW)
    answered = asyncio.run(Client(edge, by(ask, key=OWNER).made()).run())
    edge.close()
    assert answered.status == 200
    assert [one is threading.main_thread() for one in threads] == [on_the_loop]


SCHEMA = {
    "EndpointName": "e",
    "VariantName": "v",
    "Target": "y",
    "ProblemType": "Regression",
    "Algorithm": "linear",
    "Labels": [],
    "Responses": ["score"],
    "ContentTypes": ["text/csv"],
    "DefaultAccept": "text/csv",
    "HasTypicalRow": False,
    "Columns": [],
}


def test_what_a_model_tells_of_itself_is_not_written_on_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The schema of a model of 10,000 columns took it 0.3 s, what a model process can tell at most 1.8 s: ten requests in
    a second, and nobody was answered for as many seconds."""
    threads: list[threading.Thread] = []
    encode = wire_edge._encode

    def noted(*given: Any) -> Any:
        threads.append(threading.current_thread())
        return encode(*given)

    async def described(_: Any) -> Mapping[str, Any]:
        return SCHEMA

    monkeypatch.setattr(wire_edge, "_encode", noted)
    ring = KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], b"k" * 32)
    operations = {("windvane", "DescribeEndpointSchema"): described}
    edge = Edge(ring, {}, operations, None, lambda: NOW)
    ask = own("GET", "/windvane/endpoints/e/schema")
    answered = asyncio.run(Client(edge, by(ask, key=OWNER).made()).run())
    edge.close()
    assert answered.status == 200
    assert [one is threading.main_thread() for one in threads] == [False]


def test_what_models_tell_leaves_threads_to_everything_else() -> None:
    """It was read in a thread of the event loop, without a turn: enough requests for what a model takes, and no revoked key
    was noticed, and no large body hashed, until the last was through."""
    release = threading.Event()

    class Document(bytes):
        """Takes long to be read."""

        def startswith(self, *_: Any) -> bool:
            assert release.wait(240)
            return False

    class Router:
        async def describe(self, *_: Any) -> tuple[str, bytes]:
            return "v", Document(b"{}")

    describe = explanation_operations(Router(), None)["windvane", "DescribeEndpointSchema"]  # type: ignore[arg-type]

    async def asked() -> None:
        call = Call(
            "windvane", "DescribeEndpointSchema", caller_of(ACCOUNT), {"EndpointName": "e"}, "r"
        )
        with pytest.raises(KeyError):
            await describe(call)

    async def all_of_it() -> None:
        tasks = [asyncio.create_task(asked()) for _ in range(40)]
        await asyncio.sleep(0)
        async with asyncio.timeout(120):
            assert await asyncio.to_thread(lambda: "done") == "done"
        release.set()
        await asyncio.gather(*tasks)

    asyncio.run(all_of_it())


def test_a_search_of_many_terms_takes_many_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call looked for 500 terms in each of 10,000 lines: half a second of the interpreter, and ten seconds where the
    lines were long, which everybody else waited for."""
    monkeypatch.setattr(logs, "MOST_COMPARED", logs.MOST_COMPARED // 100)
    world = build_world(tmp_path)
    with world.store.transaction() as tx:
        tx.log(
            LogPlace(SCOPE, "g", "s"),
            [LogLine(f"line {number} e") for number in range(50)],
            world.clock(),
        )
    pages = world.client(service="logs").get_paginator("filter_log_events")
    found = [
        [event["message"] for event in page["events"]]
        for page in pages.paginate(logGroupName="g", filterPattern="e " * 500)
    ]
    close(world)
    assert [len(page) for page in found] == [20, 20, 10]
    assert [one for page in found for one in page] == [f"line {number} e" for number in range(50)]

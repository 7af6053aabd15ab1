"""What other servers ask of this one, about the endpoints of which it has instances."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from windvane.names import Scope
from windvane.process.frames import Frame
from windvane.serving.content_types import ASK_EVALUATE, ASK_EXPLAIN, TRACEPARENT
from windvane.serving.explaining import Explaining, RowQuestion
from windvane.serving.peer_gateway import Ask
from windvane.serving.readings import snapshot_to_json
from windvane.serving.router import Router
from windvane.serving.routes import Invocation
from windvane.tracing.context import read_traceparent, within


def asks_of(router: Router, explaining: Explaining) -> dict[str, Ask]:
    """Return how each kind of request is answered, by what its header calls it. Long documents are not written on the event
    loop."""

    async def invoke(header: Mapping[str, Any], body: bytes) -> Frame:
        invocation = Invocation(body, header["content_type"], header["accept"], header["variant"])
        with within(read_traceparent(header.get(TRACEPARENT, ""))):
            answer = await router.invoke(*_place(header), invocation, is_passed_on=True)
        return {"content_type": answer.content_type, "variant": answer.variant}, answer.body

    async def describe(header: Mapping[str, Any], _body: bytes) -> Frame:
        variant, told = await router.describe(*_place(header), header["variant"], is_passed_on=True)
        return {"variant": variant}, told

    async def explain(header: Mapping[str, Any], body: bytes) -> Frame:
        question = RowQuestion(body, header["content_type"], header["variant"], header["label"])
        variant, told = await explaining.explain(*_place(header), question, is_passed_on=True)
        return {"variant": variant}, (await asyncio.to_thread(json.dumps, told)).encode()

    async def evaluate(header: Mapping[str, Any], body: bytes) -> Frame:
        asked = explaining.evaluate(*_place(header), body, header["variant"], is_passed_on=True)
        variant, told = await asked
        return {"variant": variant}, (await asyncio.to_thread(json.dumps, told)).encode()

    async def figures(header: Mapping[str, Any], _body: bytes) -> Frame:
        snapshot = router.own_snapshot(*_place(header))
        return {}, (await asyncio.to_thread(snapshot_to_json, snapshot)).encode()

    return {
        "invoke": invoke,
        "describe": describe,
        ASK_EXPLAIN: explain,
        ASK_EVALUATE: evaluate,
        "figures": figures,
    }


def _place(header: Mapping[str, Any]) -> tuple[Scope, str]:
    return Scope(header["account"], header["region"]), header["endpoint"]

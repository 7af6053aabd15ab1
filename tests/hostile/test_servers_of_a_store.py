"""Attacks on servers that share a store: what one account sends through one of them to another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from api.world import ACCOUNT, OTHER_ACCOUNT
from peered import Wired, gateway_of

from windvane.names import Scope
from windvane.process.frames import Frame
from windvane.serving.peers import Peer
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.serving.routes import Elsewhere, Invocation, Route, VariantRoute

SECRET = b"s" * 32
HOST = Peer("b", "https://b:8470")
LARGE = Invocation(bytes(5 << 20), "text/csv")
N_LARGE = 30
"""150 MB: more than half of what a server reads at once."""

MINE, THEIRS = Scope(ACCOUNT, "us-east-1"), Scope(OTHER_ACCOUNT, "us-east-1")


def test_bodies_that_one_account_has_passed_on_leave_room_for_those_of_others() -> None:
    """All that a server passes on comes from its own address: they counted for that address together."""

    async def scene() -> tuple[Any, list[Any]]:
        is_let_go = asyncio.Event()

        async def invoke(header: Mapping[str, Any], body: bytes) -> Frame:
            if header["account"] == OTHER_ACCOUNT:
                await is_let_go.wait()
            return {"content_type": "text/csv", "variant": "v"}, b"1"

        router = Router(
            Bounds(),
            Wired(SECRET, time.time, {HOST.address: gateway_of(SECRET, {"invoke": invoke})}),
        )
        router.bind()
        there = (Elsewhere(HOST, 1),)
        variant = VariantRoute("e/A", "A", 1.0, 0, "primary", (), elsewhere=there, is_here=False)
        router.publish({(scope, "e"): Route(scope, "e", (variant,)) for scope in (MINE, THEIRS)})
        floods = [asyncio.create_task(router.invoke(THEIRS, "e", LARGE)) for _ in range(N_LARGE)]
        await asyncio.sleep(0)
        while not any(flood.done() for flood in floods):  # until some are refused
            await asyncio.sleep(0)
        mine = await asyncio.gather(router.invoke(MINE, "e", LARGE), return_exceptions=True)
        is_let_go.set()
        return mine[0], await asyncio.gather(*floods, return_exceptions=True)

    mine, floods = asyncio.run(scene())
    assert getattr(mine, "body", mine) == b"1"
    assert any(isinstance(flood, Exception) for flood in floods)

"""Events as streams: operations of our own, described in wire/data/windvane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from windvane.api.operation import scope_of
from windvane.control.jobs import Jobs
from windvane.events.stream import StreamQuery, Streams
from windvane.wire.account_semaphores import AccountSemaphores
from windvane.wire.call import Call
from windvane.wire.streams import StreamHandler

_LATEST = "latest"
_AT_ONCE = 2
"""Jobs that are looked at for one account: the threads that do it are the event loop's own, which everybody needs."""


def event_operations(jobs: Jobs, streams: Streams) -> dict[tuple[str, str], StreamHandler]:
    """Return (service, operation) -> handler, as the wire wants it."""
    turns = AccountSemaphores(_AT_ONCE)

    async def follow_events(call: Call) -> AsyncIterator[bytes]:
        return await streams.open(_wish(call, ""))

    async def follow_job_events(call: Call) -> AsyncIterator[bytes]:
        name = call.parameters["AutoMLJobName"]
        async with turns.of(call.caller.account):
            view = await asyncio.to_thread(jobs.describe, scope_of(call), name)
        return await streams.open(_wish(call, view.job.arn))

    return {
        ("windvane", "FollowEvents"): follow_events,
        ("windvane", "FollowJobEvents"): follow_job_events,
    }


def _wish(call: Call, owner: str) -> StreamQuery:
    return StreamQuery(
        scope_of(call),
        _after(call.parameters),
        owner,
        follow=call.parameters.get("Follow", True),
    )


def _after(parameters: Mapping[str, Any]) -> int | None:
    """Return a client that was cut off says how far it is, whatever it asked for at first."""
    told = parameters.get("LastEventId") or parameters.get("After", "0")
    return None if told == _LATEST else int(told)

"""Copies of requests to a shadow variant, whose answers are compared with those that were given and then thrown away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from windvane.errors import WindvaneError
from windvane.names import Scope
from windvane.serving.comparing import Compared, NotComparable, rows_of
from windvane.serving.routes import Answer, Invocation
from windvane.serving.targets import KnownEndpoint

_LOG = logging.getLogger(__name__)

_MOST_OF_ENDPOINT, _MOST_BYTES = 16, 32 << 20
"""Copies of one endpoint's requests, and bytes of those of all endpoints, that are under way at the same time."""

_MOST_COMPARED_BYTES = 1 << 20
"""Of an answer that is compared: as values and text in the server itself it takes many times as much."""

Invoke = Callable[[Scope, str, Invocation], Awaitable[Answer]]


class Shadowing:
    """Copies requests after they were answered: whoever asked does not wait for it. On the event loop of a server.

    invoke    asks a variant that is named
    """

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: dict[tuple[Scope, str], int] = {}
        self._bytes = 0
        self._turn = asyncio.Semaphore(1)

    @property
    def n_under_way(self) -> int:
        """Copies that have not ended."""
        return len(self._tasks)

    def answered(self, found: KnownEndpoint, invocation: Invocation, answer: Answer) -> None:
        """Take in a request that an endpoint's production variant has answered: its shadow's share of them is copied to it."""
        compared, route = found.compared, found.route
        shadow = found.shadow
        if compared is None or shadow is None or answer.variant == compared.variant:
            return
        shadow.credit += found.shadow_share
        if shadow.credit < 1.0:
            return
        shadow.credit -= 1.0
        key, n_bytes = (route.scope, route.name), len(invocation.body) + len(answer.body)
        n_under_way = self._under_way.get(key, 0)
        if n_under_way >= _MOST_OF_ENDPOINT or self._bytes + n_bytes > _MOST_BYTES:
            compared.left_out += 1
            return
        compared.copied += 1
        self._under_way[key] = n_under_way + 1
        self._bytes += n_bytes
        copy = Invocation(
            invocation.body, invocation.content_type, invocation.accept, compared.variant
        )
        task = asyncio.ensure_future(self._compare(key, compared, copy, answer))
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._bytes -= n_bytes
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]

        task.add_done_callback(ended)

    async def _compare(
        self, key: tuple[Scope, str], compared: Compared, copy: Invocation, given: Answer
    ) -> None:
        """Ask the shadow and count how its answer differs. What fails here concerns nobody who has asked. Answers are compared one
        after another: that can take seconds, and all accounts share the server's threads."""
        scope, name = key
        try:
            answer = await self._invoke(scope, name, copy)
        except WindvaneError as error:
            compared.failed += 1
            _LOG.info(
                "The shadow variant %s of %s did not answer: %s", compared.variant, name, error
            )
            return
        try:
            async with self._turn:
                told = await asyncio.to_thread(_compared, given, answer)
        except NotComparable as error:
            compared.not_comparable += 1
            _LOG.info("Answers of %s and its shadow are not compared: %s", name, error)
            return
        compared.include(told)


def _compared(given: Answer, shadows: Answer) -> Compared:
    """Return what two answers to one request say of each other.

    raises    NotComparable
    """
    if max(len(given.body), len(shadows.body)) > _MOST_COMPARED_BYTES:
        raise NotComparable(f"One of them has more than {_MOST_COMPARED_BYTES} bytes.")
    rows = rows_of(given.body, given.content_type), rows_of(shadows.body, shadows.content_type)
    if len(rows[0]) != len(rows[1]):
        raise NotComparable(f"One has {len(rows[0])} rows, the other {len(rows[1])}.")
    told = Compared(shadows.variant)
    told.add(*rows)
    return told

"""Events as a stream that a client follows (server-sent events).

    id: 17
    data: {"version":"0", ...}

A client that says after which id it goes on misses nothing that is still kept. Nothing is buffered for a slow one: each
takes its events out of the store when it is ready for them, and is let go if it takes none for too long.

source    https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from windvane.domain.events import Event
from windvane.errors import Throttled
from windvane.events.poller import EventPoller
from windvane.names import Scope
from windvane.store.base import Store

HEARTBEAT_S = 10.0
_PAGE = 100
_STILL_HERE = b": still here\n\n"
_RETRY = b"retry: 1000\n\n"


@dataclass(frozen=True)
class StreamQuery:
    """Which events a client follows.

    after     sequence of the last event that the client has; None for what comes from now on
    owner     ARN of the AutoML job whose events are wanted; "" for all of the scope
    follow    go on when there are no more
    """

    scope: Scope
    after: int | None = 0
    owner: str = ""
    follow: bool = True


class Streams:
    """Every stream of a server, on its event loop.

    at_most        that may be open at once; one account has half of them at most, a second one a quarter, and so on
    heartbeat_s    at least so often something is sent
    """

    def __init__(
        self, store: Store, poller: EventPoller, at_most: int, heartbeat_s: float = HEARTBEAT_S
    ) -> None:
        self._store = store
        self._poller = poller
        self._at_most = at_most
        self._heartbeat_s = heartbeat_s
        self._n_open = 0
        self._open_of: Counter[str] = Counter()
        self._closing = asyncio.Event()

    @property
    def n_open(self) -> int:
        return self._n_open

    def _may_have_more(self, account: str) -> bool:
        """Return whether it leaves others as many as it has."""
        return self._open_of[account] < self._at_most - self._n_open

    def close(self) -> None:
        """End every stream soon; no other begins."""
        self._closing.set()

    async def open(self, wish: StreamQuery) -> AsyncIterator[bytes]:
        """Open a stream of events, as lines of JSON.

        raises    Throttled if there are enough already
        """
        if self._n_open >= self._at_most or self._closing.is_set():
            raise Throttled(
                f"There are {self._n_open} streams of events open already; this server has at most {self._at_most} "
                "(configuration, section [events], streams)."
            )
        account = wish.scope.account
        if not self._may_have_more(account):
            raise Throttled(
                f"The account {account} has {self._open_of[account]} streams of events open already, which is its share: "
                "as many as it leaves to others (configuration, section [events], streams)."
            )
        after = wish.after
        if after is None:
            after = await asyncio.to_thread(self._newest)
        return self._chunks(wish, after)

    async def _chunks(self, wish: StreamQuery, after: int) -> AsyncIterator[bytes]:
        account = wish.scope.account
        if not self._may_have_more(account):
            return  # others came in between
        self._n_open += 1
        self._open_of[account] += 1
        try:
            with self._poller:
                yield _RETRY
                async for chunk in self._events(wish, after):
                    yield chunk
        finally:
            self._n_open -= 1
            self._open_of[account] -= 1

    async def _events(self, wish: StreamQuery, after: int) -> AsyncIterator[bytes]:
        while not self._closing.is_set():
            seen = self._poller.newest
            newest, events = await asyncio.to_thread(self._read, wish, after)
            for event in events:
                yield _message(event)
            # Beyond the last of a full page there may be more; beyond that of another there was nothing for this wish.
            after = events[-1].sequence if len(events) == _PAGE else max(after, newest, seen)
            if len(events) < _PAGE:
                if not wish.follow:
                    return
                if not await self._wait(after):
                    yield _STILL_HERE

    async def _wait(self, after: int) -> bool:
        """Return whether there is something new; False if it is time to say that the stream is open."""
        rise = asyncio.ensure_future(self._poller.beyond(after, self._heartbeat_s))
        end = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({rise, end}, return_when=asyncio.FIRST_COMPLETED)
            return rise.done() and rise.result()
        finally:
            for task in (rise, end):
                task.cancel()

    def _read(self, wish: StreamQuery, after: int) -> tuple[int, list[Event]]:
        with self._store.snapshot() as tx:
            found = tx.events(after=after, limit=_PAGE, scope=wish.scope, owner=wish.owner)
            return tx.last_event(), found

    def _newest(self) -> int:
        with self._store.snapshot() as tx:
            return tx.last_event()


def _message(event: Event) -> bytes:
    return f"id: {event.sequence}\ndata: {event.document}\n\n".encode()

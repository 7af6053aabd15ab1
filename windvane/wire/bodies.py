"""Request bodies as they are read: with an upper limit, a lowest speed, and an account of the bytes that are in memory.

Every body of a server is read through one `Bodies`, so that all of them together, those of one peer, and those of one
account stay within bounds, however many requests come at once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from windvane.addresses import peer_of
from windvane.errors import Malformed, Throttled, TooLarge, TooSlow

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

FLOOR_BYTES_PER_S = 1024
"""The lowest speed of a body: a tenth of the slowest modem that anybody would send a table through."""

PATIENCE_S = 20.0
"""How long nothing may come. S3 gives up after about the same time; a lost packet is sent again within 3 s."""


UNCOUNTED_BYTES = 1 << 14
"""The beginning of each body is not counted: a connection's own buffers are larger, and most bodies end within it."""


@dataclass(frozen=True)
class BodyBounds:
    """Bounds of the request bodies that are in memory at once, in bytes; more are turned away with Throttled.

    Nobody has more than it leaves to others: of all, one account half at most, a second one a quarter, and so on; and so of
    addresses, unless one may have as much as all, as behind a proxy.

    per_peer       of requests from one address
    per_account    of requests signed by one account's keys
    patience_s     how long nothing may come
    """

    in_all: int = 256 << 20
    per_peer: int = 128 << 20
    per_account: int = 128 << 20
    floor_bytes_per_s: int = FLOOR_BYTES_PER_S
    patience_s: float = PATIENCE_S


class Bodies:
    """Opens readers of bodies, and counts what they hold."""

    def __init__(self, bounds: BodyBounds = BodyBounds()) -> None:
        self.bounds = bounds
        self._held: Counter[tuple[str, str]] = Counter()

    @property
    def n_bytes(self) -> int:
        """Bytes of bodies in memory now."""
        return self._held[_ALL]

    def open(
        self, receive: Receive, peer: str, limit: int | None = None, within_s: float = math.inf
    ) -> BodyReader:
        """Return a reader of one request's body; use it as a context manager, or close it.

        receive    of ASGI
        peer       address that the request came from
        limit      the most bytes that the body may have; None for no limit (one that is streamed)
        within_s   the longest that it may take, from now
        """
        return BodyReader(self, receive, ("peer", peer_of(peer)), limit, within_s)

    def open_for(
        self, receive: Receive, account: str, limit: int | None = None, within_s: float = math.inf
    ) -> BodyReader:
        """Return a reader of the body of a request that another server of the store has let through: it counts for an account,
        and for no address, as all that this server passes on come from one."""
        return BodyReader(self, receive, ("account", account), limit, within_s)

    def hold(self, purses: list[tuple[str, str]], n_bytes: int) -> None:
        """Count bytes that a reader took.

        purses    what they count for: ("all", ""), ("peer", address), ("account", number)
        raises    Throttled if one of the purses would hold too much; nothing is counted then
        """
        is_in_all = _ALL not in purses
        free = self.bounds.in_all - self._held[_ALL] + (n_bytes if is_in_all else 0)
        for purse in purses:
            if self._held[purse] + n_bytes > self._most(purse, free):
                raise Throttled(
                    "Rate exceeded: the bodies of requests in progress are too large together."
                )
        for purse in purses:
            self._held[purse] += n_bytes

    def drop(self, purses: list[tuple[str, str]], n_bytes: int) -> None:
        """Count bytes that are in memory no longer."""
        for purse in purses:
            self._held[purse] -= n_bytes
            if self._held[purse] <= 0:
                del self._held[purse]

    def _most(self, purse: tuple[str, str], free: int) -> int:
        bounds = self.bounds
        if purse == _ALL or (purse[0] == "peer" and bounds.per_peer >= bounds.in_all):
            return bounds.in_all
        return min(free, bounds.per_peer if purse[0] == "peer" else bounds.per_account)


_ALL = ("all", "")


class BodyReader:
    """The body of one request.

    purse      what it counts for from its first byte
    n_bytes    that have come so far
    at_end     the body was read to its end
    """

    def __init__(
        self,
        bodies: Bodies,
        receive: Receive,
        purse: tuple[str, str],
        limit: int | None,
        within_s: float,
    ) -> None:
        self._bodies = bodies
        self._receive = receive
        self._limit = limit
        self._purses = [_ALL, purse]
        self._held = 0
        self._patience_s = bodies.bounds.patience_s
        self._within_s = self._left_s = within_s
        self.n_bytes = 0
        self.at_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say that nothing of the body is in memory any more."""
        self._release()

    def charge(self, account: str) -> None:
        """Count what is held, and what will be, to an account too.

        raises    Throttled if that is too much for the account
        """
        purse = ("account", account)
        if self._held:
            self._bodies.hold([purse], self._held)
        self._purses.append(purse)

    async def whole(self) -> bytes:
        """Return the body, which counts as held until the reader is closed.

        raises    TooLarge, TooSlow, Throttled; Malformed if the connection ended before the body did
        """
        parts: list[bytes] = []
        while not self.at_end:
            if part := await self._next():
                parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; a chunk counts as held until the next one is asked for.

        raises    as `whole`
        """
        while not self.at_end:
            if part := await self._next():
                yield part
            self._release()

    async def message(self) -> MutableMapping[str, Any]:
        """Return the next message, as `receive` of ASGI does, for an application that reads by itself.

        raises    TooLarge, TooSlow, Throttled"""
        if self.at_end:
            return await self._receive()
        message = await self._message()
        if message["type"] == "http.request":
            self._count(message)
        return message

    async def blocks(self, size: int, under_way: int = 2) -> AsyncIterator[bytes]:
        """Yield the body in blocks of `size` bytes or little more, the last one shorter.

        A block counts as held until `under_way` more have been asked for: it is worked on while they come.

        raises    as `whole`
        """
        parts: list[bytes] = []
        held: deque[int] = deque()
        n_bytes = 0
        while not self.at_end:
            if part := await self._next():
                parts.append(part)
                n_bytes += len(part)
            if n_bytes >= size or (self.at_end and parts):
                # Of the first block less is counted than is in it.
                held.append(self._held - sum(held))
                yield parts[0] if len(parts) == 1 else b"".join(parts)
                n_bytes, parts = 0, []
                if len(held) == under_way:
                    self._give_back(held.popleft())

    def _release(self) -> None:
        self._give_back(self._held)

    def _give_back(self, n_bytes: int) -> None:
        if n_bytes:
            self._held -= n_bytes
            self._bodies.drop(self._purses, n_bytes)

    async def _next(self) -> bytes:
        message = await self._message()
        if message["type"] == "http.disconnect":
            raise Malformed("The connection ended before the request body did.")
        return self._count(message)

    def _count(self, message: MutableMapping[str, Any]) -> bytes:
        """Return what the message brings of the body."""
        part: bytes = message.get("body", b"")
        self.at_end = not message.get("more_body", False)
        self.n_bytes += len(part)
        if self._limit is not None and self.n_bytes > self._limit:
            raise TooLarge(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member "
                f"must have length less than or equal to {self._limit}"
            )
        counted = min(len(part), self.n_bytes - UNCOUNTED_BYTES)
        if counted > 0:
            self._bodies.hold(self._purses, counted)
            self._held += counted
        return part

    async def _message(self) -> MutableMapping[str, Any]:
        """Time spent waiting is taken from the patience, each byte gives some back: on average a body that keeps above
        the floor is never cut off. What its reader does between two chunks costs the client nothing."""
        started = time.monotonic()
        patience_s, left_s = self._patience_s, self._left_s
        try:
            async with asyncio.timeout(max(0.0, min(patience_s, left_s))):
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlow(self._too_slow(left_s < patience_s)) from error
        if message.get("more_body"):
            waited_s, bounds = time.monotonic() - started, self._bodies.bounds
            earned_s = len(message.get("body", b"")) / bounds.floor_bytes_per_s
            self._patience_s = min(patience_s - waited_s + earned_s, bounds.patience_s)
            self._left_s = left_s - waited_s
        return message

    def _too_slow(self, is_late: bool) -> str:
        if is_late:
            return f"The body of the request did not come to its end within {self._within_s:g} s."
        bounds = self._bodies.bounds
        return (
            f"The body of the request came too slowly: at least {bounds.floor_bytes_per_s} bytes a second are "
            f"expected, and nothing may be missing for longer than {bounds.patience_s:g} s."
        )

"""A semaphore that accounts share: each may have one more place as long as it has fewer than are free, so that a few
accounts leave something for the next, however busy they are. What waits holds no thread."""

from __future__ import annotations

import asyncio
from collections import Counter, deque


class FairSemaphore:
    """A semaphore that leaves places to others: of 16, one account has 8 at most, a second one 4 beside it, and so on; the next to get one is the account that has
    fewest. For one event loop.

    in_all    places that there are
    """

    def __init__(self, in_all: int) -> None:
        self._free = in_all
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def of(self, account: str) -> _Place:
        """Wait for one, and have it until the end of the block."""
        return _Place(self, account)

    async def take(self, account: str) -> None:
        """Wait for one, which has to be given back."""
        if account not in self._waiting and self._may_have_more(account):
            self._give(account)
            return
        given = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, deque()).append(given)
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self.give_back(account)
            elif given in self._waiting.get(account, ()):
                self._leave(account, given)
            raise

    def give_back(self, account: str) -> None:
        self._free += 1
        self._held[account] -= 1
        if not self._held[account]:
            del self._held[account]
        while (following := self._following()) is not None:
            given = self._waiting[following][0]
            self._leave(following, given)
            if not given.cancelled():  # who waited for it was, and has yet to hear of it
                self._give(following)
                given.set_result(None)

    def _following(self) -> str | None:
        """Return the account that gets the next one; None if there is none for anybody."""
        if not self._waiting:
            return None
        account = min(self._waiting, key=self._held.__getitem__)
        return account if self._may_have_more(account) else None

    def _may_have_more(self, account: str) -> bool:
        return self._held[account] < self._free

    def _give(self, account: str) -> None:
        self._free -= 1
        self._held[account] += 1

    def _leave(self, account: str, given: asyncio.Future[None]) -> None:
        line = self._waiting[account]
        line.remove(given)
        if not line:
            del self._waiting[account]


class _Place:
    """A place as the head of a block: every operation has one, so it is no generator, which costs more."""

    __slots__ = ("_account", "_semaphore")

    def __init__(self, semaphore: FairSemaphore, account: str) -> None:
        self._semaphore, self._account = semaphore, account

    async def __aenter__(self) -> None:
        await self._semaphore.take(self._account)

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.give_back(self._account)

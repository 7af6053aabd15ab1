"""A semaphore for each account: what waits for its turn holds no thread, so that others find one free."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass
class _Line:
    """The turns of one account.

    n    that have their turn or wait for it
    """

    turns: asyncio.Semaphore
    n: int = 0


class AccountSemaphores:
    """Semaphores that let each account have so many at once; more of it wait, in the order in which they came. For one event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lines: dict[str, _Line] = {}

    def of(self, account: str) -> _Turn:
        """Wait for a turn, and have it until the end of the block."""
        return _Turn(self, account)

    async def take(self, account: str) -> None:
        """Wait for a turn, which has to be given back."""
        line = self._lines.get(account)
        if line is None:
            line = self._lines[account] = _Line(asyncio.Semaphore(self._at_once))
        line.n += 1
        try:
            await line.turns.acquire()
        except BaseException:
            self._leave(account, line)
            raise

    def give_back(self, account: str) -> None:
        line = self._lines[account]
        line.turns.release()
        self._leave(account, line)

    def _leave(self, account: str, line: _Line) -> None:
        line.n -= 1
        if not line.n:
            del self._lines[account]


class _Turn:
    """A turn as the head of a block: every operation has one, so it is no generator, which costs more."""

    __slots__ = ("_account", "_semaphores")

    def __init__(self, semaphores: AccountSemaphores, account: str) -> None:
        self._semaphores, self._account = semaphores, account

    async def __aenter__(self) -> None:
        await self._semaphores.take(self._account)

    async def __aexit__(self, *_: object) -> None:
        self._semaphores.give_back(self._account)

"""Turns of accounts: what waits for its turn holds no thread, so that others find one free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class _Line:
    """n    that have their turn or wait for it"""

    turns: asyncio.Semaphore
    n: int = 0


class Turns:
    """Lets each account have so many at once; more of it wait, in the order in which they came. For one event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def of(self, account: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the end of the block."""
        line = self._lines.setdefault(account, _Line(asyncio.Semaphore(self._at_once)))
        line.n += 1
        try:
            async with line.turns:
                yield
        finally:
            line.n -= 1
            if not line.n:
                del self._lines[account]

"""The threads in which operations run, shared among accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from windvane.errors import Throttled
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.s3.threads import Threads

T = TypeVar("T")


class AccountThreads:
    """Accounts leave each other room: of what may run, and of what may run and wait, each has no more than it leaves.
    For one event loop.

    threads    calls that run at once
    waiting    calls that wait for a thread; more are throttled
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="operation")
        self._run = Threads(self._pool)
        self._semaphore = FairSemaphore(threads)
        self._most = threads + waiting
        self._taken = 0
        self._taken_of: Counter[str] = Counter()

    async def __call__(self, account: str, work: Callable[..., T], *arguments: Any) -> T:
        """Run a call for an account, and return what it returns.

        raises    Throttled if the account has its share of all that may run and wait; whatever the call raises
        """
        n_free = self._most - self._taken
        if self._taken_of[account] >= n_free:
            raise Throttled("Rate exceeded")
        self._taken += 1
        self._taken_of[account] += 1
        try:
            async with self._semaphore.of(account):
                return await self._run(work, *arguments)
        finally:
            self._taken -= 1
            self._taken_of[account] -= 1

    def close(self) -> None:
        """Wait for the calls that run."""
        self._pool.shutdown(wait=True, cancel_futures=True)

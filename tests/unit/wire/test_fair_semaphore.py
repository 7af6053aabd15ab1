"""Threads that accounts share."""

from __future__ import annotations

import asyncio
from collections import Counter

from windvane.wire.fair_semaphore import FairSemaphore


def test_each_account_leaves_as_many_as_it_has():
    async def told() -> Counter[str]:
        semaphore, held, end = FairSemaphore(16), Counter[str](), asyncio.Event()

        async def one(account: str) -> None:
            async with semaphore.of(account):
                held[account] += 1
                await end.wait()

        tasks = [asyncio.create_task(one(account)) for account in "abcde" for _ in range(20)]
        await asyncio.sleep(0.01)
        seen = held.copy()
        end.set()
        await asyncio.gather(*tasks)
        assert held == dict.fromkeys("abcde", 20)
        assert (semaphore._free, dict(semaphore._held), semaphore._waiting) == (16, {}, {})
        return seen

    assert asyncio.run(told()) == {"a": 8, "b": 4, "c": 2, "d": 1, "e": 1}


def test_whoever_is_cancelled_while_it_waits_or_as_it_is_given_one_keeps_none():
    async def all_of_it() -> None:
        semaphore = FairSemaphore(2)
        await semaphore.take("a")
        waiting = asyncio.create_task(semaphore.take("a"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        given = asyncio.create_task(semaphore.take("a"))
        await asyncio.sleep(0)
        semaphore.give_back("a")
        given.cancel()
        await asyncio.gather(given, return_exceptions=True)
        assert (semaphore._free, dict(semaphore._held), semaphore._waiting) == (2, {}, {})

    asyncio.run(all_of_it())


def test_one_of_one_is_given():
    async def all_of_it() -> None:
        async with FairSemaphore(1).of("a"):
            pass

    asyncio.run(all_of_it())

"""So many at once of each account."""

from __future__ import annotations

import asyncio

from windvane.wire.account_semaphores import AccountSemaphores


def test_each_account_has_so_many_at_once_in_the_order_in_which_they_came():
    async def told() -> list[str]:
        turns, end, seen = AccountSemaphores(2), asyncio.Event(), []

        async def one(account: str, name: str) -> None:
            async with turns.of(account):
                seen.append(name)
                await end.wait()

        names = ("a1", "a2", "a3", "a4", "b1")
        tasks = [asyncio.create_task(one(name[0], name)) for name in names]
        await asyncio.sleep(0.01)
        assert seen == ["a1", "a2", "b1"]
        tasks[2].cancel()
        end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not turns._lines
        return seen

    assert asyncio.run(told()) == ["a1", "a2", "b1", "a4"]

"""Attacks on the threads of a server: all of them ran operations of one account that took long."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hostile.asking import ACCOUNT, NOW, OTHER, OTHER_ACCOUNT, OWNER, by, sagemaker
from hostile.signing import Key
from hostile.test_wire_order import Client

from windvane.api.events import event_operations
from windvane.api.in_process import InProcessClient
from windvane.api.keyring import KeyRing
from windvane.errors import NotFound
from windvane.wire.call import Call, Caller, Credential
from windvane.wire.edge import Edge, EdgeLimits
from windvane.wire.fair_semaphore import FairSemaphore

KEYS = [
    (ACCOUNT, OWNER.access_key, OWNER.secret),
    (OTHER_ACCOUNT, OTHER.access_key, OTHER.secret),
]


@pytest.fixture
def release():
    released = threading.Event()
    yield released
    released.set()


@pytest.fixture
def edge(release):
    """With four threads, and an operation that takes as long as the first account likes."""

    def answer(call):
        if call.caller.account == ACCOUNT:
            assert release.wait(240)
        return {"Models": []}

    built = Edge(
        KeyRing(KEYS, b"k" * 32),
        {("sagemaker", "ListModels"): answer},
        {},
        None,
        lambda: NOW,
        limits=EdgeLimits(threads=4, waiting=60),
    )
    yield built
    release.set()
    built.close()


async def asked(edge: Edge, key: Key) -> int:
    sent = by(sagemaker("ListModels"), key=key).made()
    return (await Client(edge, sent, "192.0.2.1").run()).status


def test_an_account_leaves_threads_to_others(edge, release):
    """Sixteen looks at tables that waited for their turn kept every other account's operations waiting too."""

    async def all_of_it() -> tuple[int, list[int]]:
        slow = [asyncio.create_task(asked(edge, OWNER)) for _ in range(12)]
        await asyncio.sleep(0)
        async with asyncio.timeout(120):
            other = await asked(edge, OTHER)
        assert not any(task.done() for task in slow)
        release.set()
        return other, await asyncio.gather(*slow)

    other, slow = asyncio.run(all_of_it())
    assert other == 200
    assert slow == [200] * 12


def test_two_accounts_leave_threads_and_places_to_a_third(release):
    """Each had half of the threads, and half of the places to wait for one: together two had all of them."""
    third = Key("AKIATHIRD", "secret of the third")

    def answer(call):
        if call.caller.account != "777788889999":
            assert release.wait(240)
        return {"Models": []}

    edge = Edge(
        KeyRing([*KEYS, ("777788889999", third.access_key, third.secret)], b"k" * 32),
        {("sagemaker", "ListModels"): answer},
        {},
        None,
        lambda: NOW,
        limits=EdgeLimits(threads=4, waiting=12),
    )

    async def all_of_it() -> tuple[list[int], list[int]]:
        slow = [asyncio.create_task(asked(edge, key)) for key in (OWNER, OTHER) for _ in range(20)]
        await asyncio.sleep(0)
        async with asyncio.timeout(120):
            others = [await asked(edge, third) for _ in range(3)]
        release.set()
        return others, await asyncio.gather(*slow)

    others, slow = asyncio.run(all_of_it())
    edge.close()
    assert others == [200] * 3
    assert slow.count(200) == 12


def caller_of(account: str) -> Caller:
    arn = f"arn:aws:iam::{account}:user/ann"
    return Caller(account, "us-east-1", Credential(account, f"AKIA{account}", "s", arn, "AIDA"))


def test_pages_of_an_account_leave_threads_to_everything_else(release):
    """Some looks at tables from the console held all threads that the event loop has: no session of the console was
    known again, no large body hashed, no revoked key noticed while they waited."""

    def answer(call):
        if call.caller.account == ACCOUNT:
            assert release.wait(240)
        return {"Models": []}

    async def all_of_it() -> None:
        inside = InProcessClient({("sagemaker", "ListModels"): answer}, {})
        asked = [
            asyncio.create_task(inside.ask(caller_of(ACCOUNT), "sagemaker", "ListModels", {}))
            for _ in range(40)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(120):
            assert await asyncio.to_thread(lambda: "done") == "done"
            await inside.ask(caller_of(OTHER_ACCOUNT), "sagemaker", "ListModels", {})
        assert not any(task.done() for task in asked)
        release.set()
        await asyncio.gather(*asked)
        inside.close()

    asyncio.run(all_of_it())


def test_pages_that_are_left_keep_no_more_threads_than_their_account_may(release):
    """Whoever watched pages that take long, and went away, had others in other threads at once, until all were taken."""
    begun: list[str] = []

    def answer(call):
        begun.append(call.caller.account)
        if call.caller.account == ACCOUNT:
            assert release.wait(240)
        return {"Models": []}

    async def all_of_it() -> None:
        inside = InProcessClient({("sagemaker", "ListModels"): answer}, {})

        def ask(account: str) -> asyncio.Task[object]:
            return asyncio.create_task(
                inside.ask(caller_of(account), "sagemaker", "ListModels", {})
            )

        async with asyncio.timeout(120):
            left = [ask(ACCOUNT) for _ in range(8)]
            while len(begun) < 8:
                await asyncio.sleep(0.01)
            for page in left:
                page.cancel()
            more = [ask(ACCOUNT) for _ in range(8)]
            await ask(OTHER_ACCOUNT)
        assert begun == [ACCOUNT] * 8 + [OTHER_ACCOUNT]
        release.set()
        await asyncio.gather(*left, *more, return_exceptions=True)
        inside.close()

    asyncio.run(all_of_it())


def test_jobs_whose_events_are_asked_for_leave_threads_to_everything_else(release):
    """Each such request looked for its job in a thread of the event loop, without a turn: enough of them and no revoked key
    was noticed, and no large body hashed, until the last was through."""

    class Jobs:
        def describe(self, *_):
            assert release.wait(240)
            raise NotFound("There is no such job.")

    follow = event_operations(Jobs(), None)["windvane", "FollowJobEvents"]

    async def asked() -> None:
        parameters = {"AutoMLJobName": "none"}
        with pytest.raises(NotFound):
            await follow(Call("windvane", "FollowJobEvents", caller_of(ACCOUNT), parameters, "r"))

    async def all_of_it() -> None:
        tasks = [asyncio.create_task(asked()) for _ in range(40)]
        await asyncio.sleep(0)
        async with asyncio.timeout(120):
            assert await asyncio.to_thread(lambda: "done") == "done"
        release.set()
        await asyncio.gather(*tasks)

    asyncio.run(all_of_it())


def test_clients_that_go_away_while_they_wait_take_no_thread_along():
    """Whoever followed events or watched pages, and went away as a request of the account was over, was given the thread
    that this gave back: the request failed, and the thread was lost until the next start. After eight times nothing of the
    account was answered any more, and others had half of the threads."""

    async def all_of_it() -> list[None]:
        shares = FairSemaphore(4)

        async def request(is_over: asyncio.Event) -> None:
            async with shares.of(ACCOUNT):
                await is_over.wait()

        for _ in range(4):
            is_over = asyncio.Event()
            running = [asyncio.create_task(request(is_over)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting = [asyncio.create_task(request(is_over)) for _ in range(3)]
            await asyncio.sleep(0)
            is_over.set()
            for task in waiting[:2]:
                task.cancel()
            await asyncio.gather(*running, waiting[2])
        async with asyncio.timeout(120):
            return await asyncio.gather(*(request(is_over) for _ in range(8)))

    assert asyncio.run(all_of_it()) == [None] * 8

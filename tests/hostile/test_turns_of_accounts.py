"""Attacks on what the accounts of a server share: one of them kept every turn of it for itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
from api.world import ACCOUNT, OTHER_ACCOUNT

from windvane.artifacts.base import Location, ObjectInfo
from windvane.console.stream import PageStreams
from windvane.control import previews
from windvane.control.previews import Previews
from windvane.domain.datasource import DataSource
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import Throttled
from windvane.names import Scope
from windvane.serving import explaining
from windvane.serving.explaining import ExplainBounds, Explaining, RowQuestion
from windvane.wire.call import Caller, Credential

WAIT_S = 240.0
SLOW, QUICK = "slow", "quick"
ASKED = PreviewRequest("", 0)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    released = threading.Event()
    yield released
    released.set()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, release: threading.Event) -> Any:
    """Looks at a table that takes as long as its owner likes, and at one that is seen at once."""
    monkeypatch.setattr(previews, "_WAIT_S", 1.0)

    def look(asked: PreviewRequest, *_: Any) -> dict[str, Any]:
        if SLOW in asked.name:
            assert release.wait(WAIT_S)
        return {}

    def objects(_: Any, __: Any, source: DataSource) -> Iterator[ObjectInfo]:
        yield ObjectInfo(Location("data", source.uri), 1, "e")

    roles: Any = SimpleNamespace(of_caller=lambda _: None)
    monkeypatch.setattr(previews, "look", look)
    monkeypatch.setattr(previews, "readable_objects", objects)
    unused: Any = SimpleNamespace(of=lambda _: None)
    shared = Previews(unused, roles)

    def looked(account: str, name: str) -> Any:
        credential = Credential(account, "AKIA", "s", f"arn:aws:iam::{account}:user/ann", "AIDA")
        caller = Caller(account, "us-east-1", credential)
        return shared.preview(caller, "", DataSource(name), ASKED)

    return looked


def test_tables_that_take_long_leave_looks_to_others(looks: Any, release: threading.Event) -> None:
    """Two looks at hostile tables a minute, and nobody else had one."""
    with ThreadPoolExecutor(3) as threads:
        slow = [threads.submit(looks, ACCOUNT, SLOW) for _ in range(3)]
        for _ in islice(as_completed(slow), 2):  # one has its turn, the others waited in vain
            pass
        assert looks(OTHER_ACCOUNT, QUICK).n_objects == 1
        release.set()
    assert sum(isinstance(one.exception(), Throttled) for one in slow) == 2


def test_rows_that_wait_to_be_explained_keep_no_other_account_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One account had every place in the queue, and nine turns before anybody else."""
    done: list[str] = []

    async def here(*_: Any, **_named: object) -> None:
        """No other server hosts the endpoint."""

    route: Any = SimpleNamespace(
        variant=lambda scope, *_: (None, SimpleNamespace(name=scope, spec="")), passed_on=here
    )
    monkeypatch.setattr(explaining, "_request", lambda variant, *_: variant.name.account.encode())
    monkeypatch.setattr(explaining, "_told_in", lambda *_: {})
    shared = Explaining(route, {}, ExplainBounds(waiting=2))

    async def run(request: bytes, _spec: str, _within_s: float) -> None:
        await asyncio.sleep(0)
        done.append(request.decode())

    monkeypatch.setattr(shared, "_run", run)

    async def asked(account: str) -> Any:
        question = RowQuestion(b"1", "text/csv")
        return await shared.explain(Scope(account, "us-east-1"), "e", question)

    async def all_of_it() -> list[Any]:
        accounts = [ACCOUNT] * 5 + [OTHER_ACCOUNT]
        return await asyncio.gather(*map(asked, accounts), return_exceptions=True)

    told = asyncio.run(all_of_it())
    assert [isinstance(one, Throttled) for one in told] == [False] * 3 + [True] * 2 + [False]
    assert done == [ACCOUNT, OTHER_ACCOUNT, ACCOUNT, ACCOUNT]


def watched(streams: PageStreams, account: str) -> Any:
    """A live page of an account."""
    caller: Any = SimpleNamespace(account=account)

    async def is_disconnected() -> bool:
        return False

    request: Any = SimpleNamespace(
        state=SimpleNamespace(context=SimpleNamespace(caller=caller)),
        is_disconnected=is_disconnected,
    )

    async def render() -> dict[str, str]:
        return {"look": "drawn"}

    async def is_signed_in() -> bool:
        return True

    return streams.open(request, render, 60, is_signed_in).body_iterator


def test_pages_that_are_asked_for_at_once_do_not_exceed_an_accounts_share() -> None:
    """Each was let in before any of them was counted."""

    async def begun() -> list[str | None]:
        streams = PageStreams(at_most=4)
        pages = [watched(streams, ACCOUNT) for _ in range(5)]
        firsts = [await anext(page, None) for page in pages]
        await asyncio.gather(*(page.aclose() for page in pages))
        again = watched(streams, ACCOUNT)
        return [*firsts, await anext(again, None)]

    retry = "retry: 1000\n\n"
    assert asyncio.run(begun()) == [retry, retry, None, None, None, retry]


def test_pages_of_two_accounts_leave_some_to_a_third() -> None:
    """Each had half of all that may be watched, so that two of them had all."""

    async def begun() -> list[int]:
        streams, counts = PageStreams(at_most=8), []
        for account in (ACCOUNT, OTHER_ACCOUNT, "777788889999"):
            firsts = [await anext(page, None) for page in _as_many_as_may_be(streams, account)]
            counts.append(sum(first is not None for first in firsts))
        return counts

    assert asyncio.run(begun()) == [4, 2, 1]


def _as_many_as_may_be(streams: PageStreams, account: str) -> list[Any]:
    return [watched(streams, account) for _ in range(8)]

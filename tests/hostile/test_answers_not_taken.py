"""Attacks by clients that ask for much and take nothing of it: what is read for them stays in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3.house import OURS, THEIRS, S3House
from s3.signing import signed

from windvane.artifacts.folder import Folder
from windvane.wire.call import RequestRecord
from windvane.wire.exchange import IS_GONE
from windvane.wire.s3 import answers
from windvane.wire.s3.mapped import MappedBucket
from windvane.wire.s3.read_turns import ReadTurns


@pytest.fixture
def house(tmp_path: Path) -> Iterator[S3House]:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "k").write_bytes(b"x")
    mapped = MappedBucket(Folder(tmp_path / "folder"), "us-east-1", ())
    made = S3House(tmp_path, mapped={"far": mapped}.get)
    for account, bucket in ((OURS, "ours"), (THEIRS, "theirs")):
        made.client(account).create_bucket(Bucket=bucket)
        made.client(account).put_object(Bucket=bucket, Key="k", Body=b"x")
    yield made
    made.close()


class Clients:
    """Requests whose answers are not taken until `go_on`; `begun` are those whose answers have begun."""

    def __init__(self, house: S3House) -> None:
        self.house, self.go_on, self.begun = house, asyncio.Event(), 0

    async def ask(self, target: str, head: Any, source_ip: str = "192.0.2.1") -> None:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in head],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.begun += 1
                await self.go_on.wait()

        await self.house.gateway(RequestRecord("r", source_ip, service="s3"), scope, receive, send)


def test_whoever_takes_nothing_leaves_turns_to_others_of_the_account() -> None:
    """A session that might read one object, and took a kilobyte a second of it, kept every read of its account waiting: of its
    address with 64 requests, of all addresses with 128 from two."""
    turns = ReadTurns(of_account=8)

    async def main() -> None:
        go_on, begun = asyncio.Event(), list[str]()

        async def read(who: str, source_ip: str) -> None:
            async with turns.of(OURS, who, source_ip, "GetObject"):
                begun.append(who)
                await go_on.wait()

        places = [f"192.0.2.{n}" for n in range(3)]
        slow = [asyncio.ensure_future(read("slow", place)) for place in places * 8]
        async with asyncio.timeout(120):
            while len(begun) < 4:
                await asyncio.sleep(0)
        others = [asyncio.ensure_future(read("other", place)) for place in places]
        async with asyncio.timeout(120):
            while "other" not in begun or len(begun) < 7:
                await asyncio.sleep(0)
        assert begun == ["slow"] * 4 + ["other"] * 3
        go_on.set()
        await asyncio.gather(*slow, *others)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "is_signed"),
    [("/ours/k", True), ("/ours", True), ("/far/k", True), ("/far/k", False), ("/far", False)],
)
def test_answers_that_nobody_takes_are_few(house: S3House, target: str, is_signed: bool) -> None:
    """Each of a client's connections had 3 MB of an object read for it, whether or not the client took them: 300 connections
    took a gigabyte, in a quarter of a second of asking, and there may be 16,000 of one address."""
    house.gateway._reads = ReadTurns(of_account=4)

    async def main() -> None:
        clients = Clients(house)
        head = signed("GET", target) if is_signed else [("host", "windvane.test")]
        asked = [asyncio.ensure_future(clients.ask(target, head)) for _ in range(8)]
        more = [asyncio.ensure_future(clients.ask(target, head, "192.0.2.2")) for _ in range(8)]
        async with asyncio.timeout(240):
            while clients.begun < 2:
                await asyncio.sleep(0)
        # Another account is answered meanwhile; so what more of ours could begin has begun.
        theirs = Clients(house)
        theirs.go_on.set()
        for _ in range(20):
            await theirs.ask("/theirs/k", signed("GET", "/theirs/k", account=THEIRS))
        assert theirs.begun == 20
        assert clients.begun == 2
        clients.go_on.set()
        await asyncio.gather(*asked, *more)
        assert clients.begun == 16

    house.run(main())


def test_a_long_answer_is_over_when_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list was handed on whole and counted as answered, while its megabytes waited for a client that took none."""
    monkeypatch.setattr(answers, "SLOW_S", 0.05)
    sent: list[Any] = []

    async def send(message: dict[str, Any]) -> None:
        if len(sent) == 2:  # as a server does while what was sent before is not taken
            await asyncio.sleep(30)
        sent.append(message)

    with pytest.raises(TimeoutError):
        asyncio.run(answers.send_whole(send, 200, bytes(100_000), ()))
    assert [message.get("more_body") for message in sent] == [None, True]


def test_nothing_more_is_read_for_a_client_that_has_gone(house: S3House) -> None:
    """Of an object whose client hung up behind the first bytes the rest was read, decrypted and dropped: 5 GB, for a request of
    a kilobyte; and fetched, if it lay in another store."""
    house.client().put_object(Bucket="ours", Key="large", Body=bytes(8 << 20))
    n_sent = 0

    async def send(message: dict[str, Any]) -> None:
        nonlocal n_sent
        n_sent += len(message.get("body", b""))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/ours/large",
        "query_string": b"",
        "headers": [(n.encode(), v.encode()) for n, v in signed("GET", "/ours/large")],
        "state": {IS_GONE: lambda: n_sent > 0},
    }
    record = RequestRecord("r", "192.0.2.1", service="s3")
    house.run(house.gateway(record, scope, receive, send))
    assert 0 < n_sent < 4 << 20

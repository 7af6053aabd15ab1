"""Bodies are read within bounds: size, speed, and what all of them hold together."""

from __future__ import annotations

import asyncio

import pytest

from windvane.errors import Malformed, Throttled, TooLarge, TooSlow
from windvane.wire import bodies as bodies_module
from windvane.wire.bodies import Bodies, BodyBounds


@pytest.fixture(autouse=True)
def every_byte_counts(monkeypatch):
    monkeypatch.setattr(bodies_module, "UNCOUNTED_BYTES", 0)


def coming(*parts: bytes, has_end=True, pause_s=0.0):
    """`receive` of a body in these parts."""
    pending = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if has_end:
        pending.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        if not pending:
            await asyncio.Event().wait()
        await asyncio.sleep(pause_s)
        return pending.pop(0)

    return receive


def test_a_body_is_joined_and_counted_until_it_is_closed():
    bodies = Bodies()
    with bodies.open(coming(b"ab", b"", b"c"), "1.2.3.4") as reader:
        assert asyncio.run(reader.whole()) == b"abc"
        assert (bodies.n_bytes, reader.at_end) == (3, True)
    assert bodies.n_bytes == 0


def test_a_streamed_body_holds_one_chunk_at_a_time():
    bodies = Bodies()

    async def held():
        with bodies.open(coming(b"ab", b"cde"), "") as reader:
            return [bodies.n_bytes async for _ in reader.chunks()]

    assert asyncio.run(held()) == [2, 3]
    assert bodies.n_bytes == 0


def test_a_body_longer_than_its_limit_is_read_no_further():
    reader = Bodies().open(coming(b"ab", b"cd", has_end=False), "", limit=3)
    with pytest.raises(TooLarge, match="less than or equal to 3"):
        asyncio.run(reader.whole())


@pytest.mark.parametrize("bound", ["in_all", "per_peer"])
def test_bodies_together_stay_within_bounds(bound):
    bodies = Bodies(BodyBounds(**{bound: 5}))
    with bodies.open(coming(b"abcd"), "1.2.3.4") as first:
        asyncio.run(first.whole())
        with bodies.open(coming(b"ab"), "1.2.3.4") as second, pytest.raises(Throttled):
            asyncio.run(second.whole())
    with bodies.open(coming(b"abcd"), "1.2.3.4") as third:
        asyncio.run(third.whole())


def test_another_peer_has_a_bound_of_its_own():
    bodies = Bodies(BodyBounds(per_peer=5))
    with bodies.open(coming(b"abcd"), "1.2.3.4") as first:
        asyncio.run(first.whole())
        with bodies.open(coming(b"abcd"), "1.2.3.5") as second:
            asyncio.run(second.whole())


def test_an_account_is_charged_once_it_is_known():
    bodies = Bodies(BodyBounds(per_account=5))
    with bodies.open(coming(b"abcd"), "a") as first, bodies.open(coming(b"abcd"), "b") as second:
        asyncio.run(first.whole())
        first.charge("111122223333")
        asyncio.run(second.whole())
        with pytest.raises(Throttled):
            second.charge("111122223333")
        second.charge("999922223333")
    assert bodies.n_bytes == 0


def test_a_body_slower_than_the_floor_is_given_up():
    bounds = BodyBounds(floor_bytes_per_s=1000, patience_s=0.1)
    trickle = coming(*[b"a"] * 100, has_end=False, pause_s=0.03)
    with pytest.raises(TooSlow, match="1000 bytes a second"):
        asyncio.run(Bodies(bounds).open(trickle, "").whole())


def test_a_slow_body_above_the_floor_is_read():
    bounds = BodyBounds(floor_bytes_per_s=1, patience_s=0.1)
    steady = coming(*[b"a" * 20] * 12, pause_s=0.02)
    assert len(asyncio.run(Bodies(bounds).open(steady, "").whole())) == 240


def test_a_connection_that_ends_within_a_body_is_told():
    async def gone():
        return {"type": "http.disconnect"}

    with pytest.raises(Malformed):
        asyncio.run(Bodies().open(gone, "").whole())


def test_the_beginning_of_a_body_is_not_counted(monkeypatch):
    monkeypatch.setattr(bodies_module, "UNCOUNTED_BYTES", 3)
    bodies = Bodies(BodyBounds(in_all=2))
    with bodies.open(coming(b"ab", b"cd", b"e"), "") as reader:
        assert asyncio.run(reader.whole()) == b"abcde"
        assert bodies.n_bytes == 2
    assert bodies.n_bytes == 0

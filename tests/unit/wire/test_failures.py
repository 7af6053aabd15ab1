"""Failures to prove who calls are counted, forgotten, logged and, beyond a limit, throttled."""

from __future__ import annotations

import logging

import pytest

from windvane.errors import AccessDenied, BadSignature, MissingToken, Throttled, UnknownKey
from windvane.wire import failures
from windvane.wire.call import RequestRecord
from windvane.wire.failures import HALF_LIFE_S, FailureCounter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counter(clock) -> FailureCounter:
    return FailureCounter(3, clock)


def fail(counter, error, peer="192.0.2.1", key="AKIA1234"):
    return counter.told(RequestRecord("id", peer, access_key=key), error)


def test_after_too_many_failures_a_peer_is_throttled(counter):
    error = UnknownKey("x")
    assert [fail(counter, error) for _ in range(3)] == [error] * 3
    assert isinstance(fail(counter, error), Throttled)
    assert fail(counter, error, peer="192.0.2.2") is error


def test_failures_with_one_key_count_from_wherever_they_come(counter):
    for n in range(3):
        fail(counter, BadSignature("x"), peer=f"192.0.2.{n}")
    assert isinstance(fail(counter, BadSignature("x"), peer="192.0.2.9"), Throttled)


def test_a_key_that_is_not_known_counts_for_its_peer_alone(counter):
    for n in range(5):
        fail(counter, UnknownKey("x"), peer=f"192.0.2.{n}")
    assert not counter.is_excessive("192.0.2.9", "AKIA1234")


def test_failures_are_forgotten(counter, clock):
    for _ in range(6):
        fail(counter, BadSignature("x"))
    assert counter.is_excessive("192.0.2.1", "AKIA1234")
    clock.now += HALF_LIFE_S
    assert not counter.is_excessive("192.0.2.1", "AKIA1234")


@pytest.mark.parametrize("error", [MissingToken("x"), AccessDenied("x"), ValueError("x")])
def test_what_is_no_wrong_key_is_not_counted(counter, error):
    assert all(fail(counter, error) is error for _ in range(10))


def test_the_log_has_one_line_a_minute_of_each_peer(counter, clock, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            fail(counter, BadSignature("x"))
        assert len(caplog.records) == 1
        clock.now += failures.LOGGED_EVERY_S
        fail(counter, BadSignature("x"))
    assert [record.args[0] for record in caplog.records] == [1, 100]
    assert "192.0.2.1" in caplog.messages[-1]
    assert "AKIA1234" in caplog.messages[-1]


def test_what_is_remembered_is_bounded(counter, monkeypatch):
    monkeypatch.setattr(failures, "KEPT", 5)
    for n in range(50):
        fail(counter, BadSignature("x"), peer=str(n), key=f"AKIA{n:04}")
    assert (len(counter._peers), len(counter._keys)) == (5, 5)


def test_failures_at_another_server_count_and_are_forgotten(counter, clock):
    elsewhere = FailureCounter(3, clock)
    for _ in range(3):
        fail(elsewhere, BadSignature("x"))
    counter.hear([elsewhere.told_others(), {}])
    assert not counter.is_excessive("192.0.2.1", "")
    assert isinstance(fail(counter, BadSignature("x")), Throttled)
    assert not counter.is_excessive("192.0.2.2", "AKIA5678")
    clock.now += HALF_LIFE_S
    assert not counter.is_excessive("192.0.2.1", "AKIA1234")
    assert counter.told_others() == {"peers": {"192.0.2.1": 0.5}, "keys": {"AKIA1234": 0.5}}


def test_what_others_are_told_is_bounded(counter):
    for n in range(failures.MOST_TOLD + 50):
        fail(counter, BadSignature("x"), peer=f"192.0.{n // 250}.{n % 250}", key=f"AKIA{n}")
    told = counter.told_others()
    assert len(told["peers"]) == len(told["keys"]) == failures.MOST_TOLD

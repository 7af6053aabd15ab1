"""What a node keeps of work to which nobody attends any more."""

from __future__ import annotations

import pytest

from windvane.executor.base import End, Ended, Said
from windvane.executor.left_behind import Given, LeftBehind

GIVEN = Given("me", "its-key", 1, 100, is_member=False)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def left(clock: Clock) -> LeftBehind:
    made = LeftBehind(clock)
    made.leave("7", GIVEN, Said("7", {"folds": 1}))
    return made


def test_its_owner_learns_of_it_and_others_once_that_one_is_silent(left: LeftBehind) -> None:
    assert left.keys("me", ()) == ["its-key"]
    assert left.keys("them", ()) == []
    assert left.keys("them", {"me"}) == ["its-key"]
    assert left.owners() == {"me"}


def test_who_takes_it_over_is_told_what_it_said_last_and_its_end(left: LeftBehind) -> None:
    ended = Ended("7", End.FINISHED, {"score": 1})
    assert left.hear(Said("7", {"folds": 2}))
    assert left.hear(ended)
    assert not left.hear(Said("8", {}))
    taken = left.take("its-key")
    assert taken is not None
    assert (taken.number, taken.given, taken.ended) == ("7", GIVEN, ended)
    assert taken.news == [Said("7", {"folds": 2}), ended]
    assert left.take("its-key") is None
    assert not left.has("7")
    assert not left.hear(ended)


def test_what_nobody_takes_over_is_given_up(left: LeftBehind, clock: Clock) -> None:
    clock.now = 59.0
    assert left.given_up() == []
    clock.now = 60.0
    assert left.given_up() == ["7"]
    assert left.given_up() == []
    assert left.take("its-key") is None

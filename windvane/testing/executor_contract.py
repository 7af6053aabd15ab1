"""What any executor owes, as tests. A subclass provides a fixture:

executor        an executor

and one of `RemoteExecutorContract`, for an executor that outlives what runs its work, another:

lose_machine    takes away, when it is called, whatever runs the executor's work
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from windvane.errors import DataFault, JobFault
from windvane.executor.base import End, Ended, Executor, News, Said, Say, Work

_HERE = "windvane.testing.executor_contract"
_MEMORY_MB, _LITTLE_MB = 8192, 512
"""What work may hold, and what may be held by the work that takes too much. A fork holds what its parent does, which has
run many tests."""

_AT_MOST_S = 240.0
"""For machines that do much else meanwhile."""


def answer(payload: Mapping[str, Any], _: Say) -> Mapping[str, Any]:
    """Return what was asked."""
    return {"answer": payload["question"]}


def fail(_: Mapping[str, Any], __: Say) -> Mapping[str, Any]:
    """Fail with an error of ours.

    raises    DataFault
    """
    raise DataFault("The column is empty.")


def stumble(_: Mapping[str, Any], __: Say) -> Mapping[str, Any]:
    """Fail with an error that nobody expected.

    raises    ZeroDivisionError
    """
    return {"answer": 1 / 0}


def die(_: Mapping[str, Any], __: Say) -> Mapping[str, Any]:
    """End the process, as the system does that lacks memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def hang(_: Mapping[str, Any], say: Say) -> Mapping[str, Any]:
    """Say that it has begun, and go on for ever."""
    say({"begun": True})
    while True:
        time.sleep(1.0)


def say_pid(_: Mapping[str, Any], say: Say) -> Mapping[str, Any]:
    """Say which process this is, and go on for ever."""
    say({"pid": os.getpid()})
    while True:
        time.sleep(1.0)


def grow(_: Mapping[str, Any], __: Say) -> Mapping[str, Any]:
    """Hold more memory than it may."""
    held = bytearray()
    while True:
        held += b"x" * (64 << 20)


def count(payload: Mapping[str, Any], say: Say) -> Mapping[str, Any]:
    """Say each number up to the one that is asked for."""
    for number in range(payload["to"]):
        say({"number": number})
        time.sleep(0.1)
    return {}


def work(
    function: str,
    key: str = "a",
    seconds: float = _AT_MOST_S,
    memory_mb: int = _MEMORY_MB,
    **payload: Any,
) -> Work:
    """Return work that one of the functions of this module does."""
    return Work(key, f"{_HERE}:{function}", payload, memory_mb, time.time() + seconds)


def news_until_ended(executor: Executor, n_ends: int = 1) -> list[News]:
    """Return all that is told until so much work has ended."""
    news: list[News] = []
    until = time.monotonic() + _AT_MOST_S
    while sum(isinstance(one, Ended) for one in news) < n_ends:
        assert time.monotonic() < until, f"No end came: {news}"
        news += executor.poll(1.0)
    return news


def end_of(executor: Executor) -> Ended:
    """Return the end of the only work there is."""
    return next(one for one in news_until_ended(executor) if isinstance(one, Ended))


class ExecutorContract:
    """Tests of an executor."""

    def test_work_is_done_and_its_result_told(self, executor: Executor) -> None:
        executor.submit(work("answer", question=[1, {"of": "life"}]))
        ended = end_of(executor)
        assert (ended.key, ended.end, ended.text) == ("a", End.FINISHED, "")
        assert ended.result == {"answer": [1, {"of": "life"}]}

    def test_each_end_is_told_once(self, executor: Executor) -> None:
        for number in range(3):
            executor.submit(work("answer", str(number), question=number))
        ended = {one.key: one for one in news_until_ended(executor, 3) if isinstance(one, Ended)}
        assert {key: one.result["answer"] for key, one in ended.items()} == {"0": 0, "1": 1, "2": 2}
        assert executor.poll(0.0) == []

    def test_work_runs_side_by_side(self, executor: Executor) -> None:
        executor.submit(work("hang", "first"))
        executor.submit(work("answer", "second", question=1))
        ended = end_of(executor)
        assert ended.key == "second"
        executor.kill("first")
        assert end_of(executor).key == "first"

    def test_what_work_raises_is_told_with_its_classes(self, executor: Executor) -> None:
        executor.submit(work("fail"))
        ended = end_of(executor)
        assert (ended.end, ended.text) == (End.FAILED, "The column is empty.")
        assert ended.is_a(DataFault)
        assert ended.is_a(JobFault)
        assert not ended.is_a(MemoryError)

    def test_a_fault_of_ours_is_told_with_its_class(self, executor: Executor) -> None:
        executor.submit(work("stumble"))
        ended = end_of(executor)
        assert ended.end is End.FAILED
        assert "ZeroDivisionError" in ended.text

    def test_a_process_that_dies_takes_no_other_with_it(self, executor: Executor) -> None:
        executor.submit(work("die", "first"))
        executor.submit(work("count", "second", to=5))
        ended = {one.key: one for one in news_until_ended(executor, 2) if isinstance(one, Ended)}
        assert ended["first"].end is End.CRASHED
        assert ended["first"].text
        assert ended["second"].end is End.FINISHED

    def test_what_hangs_is_ended_at_its_time(self, executor: Executor) -> None:
        executor.submit(work("hang", seconds=1.0))
        ended = end_of(executor)
        assert ended.end is End.OUT_OF_TIME
        assert "time" in ended.text
        assert ended.peak_memory_mb is None or ended.peak_memory_mb > 0.0

    def test_what_holds_too_much_memory_is_ended(self, executor: Executor) -> None:
        executor.submit(work("grow", memory_mb=_LITTLE_MB))
        ended = end_of(executor)
        assert ended.end is End.OUT_OF_MEMORY
        assert "memory" in ended.text

    def test_what_is_killed_ends(self, executor: Executor) -> None:
        executor.submit(work("hang"))
        while not executor.poll(0.1):
            pass
        executor.kill("a")
        assert end_of(executor).end is End.KILLED

    def test_a_key_is_free_once_its_work_has_ended(self, executor: Executor) -> None:
        executor.submit(work("hang"))
        with pytest.raises(ValueError, match="key a already"):
            executor.submit(work("answer", question=1))
        executor.kill("a")
        end_of(executor)
        executor.submit(work("answer", question=1))
        assert end_of(executor).end is End.FINISHED

    def test_killing_what_is_not_there_changes_nothing(self, executor: Executor) -> None:
        executor.kill("nothing")
        executor.submit(work("answer", question=1))
        end_of(executor)
        executor.kill("a")
        assert executor.poll(0.0) == []

    def test_what_work_says_is_told_before_its_end(self, executor: Executor) -> None:
        executor.submit(work("count", to=3))
        news = news_until_ended(executor)
        said = [one.said["number"] for one in news if isinstance(one, Said)]
        assert said == sorted(set(said))
        assert said[-1] == 2
        assert isinstance(news[-1], Ended)

    def test_nothing_happens_within_the_time_that_is_waited(self, executor: Executor) -> None:
        began = time.monotonic()
        assert executor.poll(0.2) == []
        assert time.monotonic() - began >= 0.2

    def test_closing_ends_all_work(self, executor: Executor) -> None:
        executor.submit(work("hang"))
        executor.close()
        assert executor.poll(0.0) == []


class RemoteExecutorContract(ExecutorContract):
    """Tests of an executor whose work does not hang on its own process alone."""

    def test_work_is_lost_with_its_machine(
        self, executor: Executor, lose_machine: Callable[[], None]
    ) -> None:
        for key in ("first", "second"):
            executor.submit(work("hang", key))
        begun: list[News] = []
        while len(begun) < 2:
            begun += executor.poll(1.0)
        lose_machine()
        ended = [one for one in news_until_ended(executor, 2) if isinstance(one, Ended)]
        assert {(one.key, one.end) for one in ended} == {("first", End.LOST), ("second", End.LOST)}
        assert all(one.text for one in ended)
        executor.submit(work("answer", "first", question=1))
        assert end_of(executor).result == {"answer": 1}

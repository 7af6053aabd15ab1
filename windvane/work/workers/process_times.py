"""When the process of a task did what, for the trace that the task belongs to. The process has no network: it hands its times to the
worker with its result, and the worker makes spans of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from windvane.automl.exchange import Exchange
from windvane.executor.forked import Result

_TIMES = "times"
_MOST_PARTS = 32
_TOGETHER_NS = 50_000_000
"""What begins so soon after the same has ended is one part with it: files of a folder come one by one."""


class Part(StrEnum):
    """What a process does besides its work proper."""

    FETCH = "fetch inputs"
    PUBLISH = "publish outputs"


@dataclass(frozen=True)
class ToldTimes:
    """What a process tells of its times; each is [began_ns, ended_ns], or whatever it is that it tells."""

    whole: Any
    parts: tuple[tuple[Part, Any], ...] = ()


class ProcessTimes:
    """Notes the times of one process, from when it is made.

    clock_ns    the time in nanoseconds since 1970
    """

    def __init__(self, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._parts: list[tuple[Part, list[int]]] = []

    @contextmanager
    def timed(self, part: Part) -> Iterator[None]:
        """Note how long something takes."""
        began_ns = self._clock_ns()
        try:
            yield
        finally:
            self._note(part, began_ns, self._clock_ns())

    def _note(self, part: Part, began_ns: int, ended_ns: int) -> None:
        if self._parts:
            last, times = self._parts[-1]
            if last is part and began_ns - times[1] < _TOGETHER_NS:
                times[1] = ended_ns
                return
        self._parts.append((part, [began_ns, ended_ns]))

    def added_to(self, result: Result) -> Result:
        """Return a result with all times until now."""
        told = {"whole": [self._began_ns, self._clock_ns()], "parts": self._parts[:_MOST_PARTS]}
        return {**result, _TIMES: told}


def taken_from(result: Result) -> tuple[Result, ToldTimes | None]:
    """Return a result without the times that `added_to` added, and these; None if it has none that can be read. The process may be
    under somebody else's control."""
    left = {name: value for name, value in result.items() if name != _TIMES}
    match result.get(_TIMES):
        case {"whole": whole, "parts": [*parts]}:
            return left, ToldTimes(whole, tuple(_known(parts[:_MOST_PARTS])))
    return left, None


def _known(parts: Iterable[Any]) -> Iterator[tuple[Part, Any]]:
    for part in parts:
        match part:
            case [str(name), times] if name in set(Part):
                yield Part(name), times


class TimedExchange:
    """An exchange whose fetching and publishing is noted."""

    def __init__(self, exchange: Exchange, times: ProcessTimes) -> None:
        self._exchange, self._times = exchange, times

    @property
    def folder(self) -> Path:
        return self._exchange.folder

    def fetch(self, wanted: Iterable[str]) -> None:
        with self._times.timed(Part.FETCH):
            self._exchange.fetch(wanted)

    def publish(self, made: Iterable[str]) -> None:
        with self._times.timed(Part.PUBLISH):
            self._exchange.publish(made)

"""Runs work in forks of a fork server, which knows nothing that this process does."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from windvane.errors import WindvaneError
from windvane.executor.base import End, Ended, News, Said, Work
from windvane.executor.exits import ended_of, lost
from windvane.executor.forked import Result, read_result
from windvane.executor.forks import Forks, ForkServerSource, Line, WorkPlace
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note
from windvane.notes.untrusted import read_untrusted_note
from windvane.process.child import Ending, Exit, failed_with
from windvane.process.frames import BadFrame, Frame

_KILL_S = 10.0
"""For the end of what was told to end; then all that the fork server runs is ended with it."""


class ForkServerExecutor:
    """Runs work in forks of a fork server. To be used by the thread that made it, which lives as long as the process.

    source       where its fork server comes from
    place_of     where some work is done, asked when it begins; what cannot have a place (OSError, WindvaneError) has FAILED
    """

    def __init__(self, source: ForkServerSource, place_of: Callable[[Work], WorkPlace]) -> None:
        self.forks = Forks(source)
        self._place_of = place_of
        self._running: dict[str, _Running] = {}
        self._news: list[News] = []

    def is_ready(self, timeout_s: float) -> bool:
        """Return whether work can begin at once, within this time. A fork server that lacks libraries is replaced while it runs
        nothing."""
        if not self._running and self.forks.is_outdated():
            self.forks.renew()
        return self.forks.is_ready(timeout_s)

    def submit(self, work: Work) -> None:
        self.begin(work, self._place_of)

    def begin(self, work: Work, place_of: Callable[[Work], WorkPlace]) -> None:
        """Begin some work in a place of its own.

        raises    ValueError if there is work of its key already
        """
        if work.key in self._running:
            raise ValueError(f"There is work of the key {work.key} already.")
        try:
            place = place_of(work)
        except (OSError, WindvaneError) as error:
            self._news.append(ended_of(work.key, failed_with(error), {}))
            return
        try:
            line = self.forks.start(work, place)
        except (
            OSError
        ) as error:  # no room for a descriptor, or the fork server is gone: not the work's fault
            if place.passed_socket is not None:
                place.passed_socket.close()
            place.over()
            self._news.append(_gone(work.key, True, str(error)))
            return
        self._running[work.key] = _Running(work, line, place.over)

    def poll(self, timeout_s: float) -> list[News]:
        until = time.monotonic() + timeout_s
        while not self._look_around() and (left_s := until - time.monotonic()) > 0:
            self._wait(left_s)
        news, self._news = self._news, []
        return news

    def kill(self, key: str) -> None:
        if (running := self._running.get(key)) is not None:
            running.stop(Ending.KILLED)

    def descriptors(self) -> list[int]:
        """Return what is ready to be read when `poll` may have something to tell."""
        return [running.line.descriptor for running in self._running.values()]

    def left_behind(self) -> list[str]:
        return []  # all work ends with this process

    def take_over(self, work: Work) -> None:
        self._news.append(lost(work.key, "it has ended with the process that submitted it"))

    def close(self) -> None:
        self.forks.close()
        for running in self._running.values():
            running.line.close()
            running.over()
        self._running.clear()
        self._news.clear()

    def _wait(self, seconds: float) -> None:
        """Wait until something has happened, the time of some work is over, or so long."""
        waiter = select.poll()
        for running in self._running.values():
            waiter.register(running.line.descriptor, select.POLLIN)
            seconds = min(seconds, running.due_s())
        waiter.poll(1000 * max(0.0, seconds))

    def _look_around(self) -> bool:
        """Return whether there is any news."""
        for running in list(self._running.values()):
            try:
                self._take_in(running, running.line.receive())
            except (ConnectionError, BadFrame) as error:
                is_lost = self.forks.has_ended()
                self._end(running, _gone(running.work.key, is_lost, str(error)))
            if running.work.key in self._running:
                self._watch(running)
        return bool(self._news)

    def _take_in(self, running: _Running, frames: Sequence[Frame]) -> None:
        key = running.work.key
        for header, body in frames:
            if "said" not in header:
                self._end(running, _ended(key, header, body))
                return
            with suppress(ValueError):
                self._news.append(Said(key, read_result(body)))

    def _watch(self, running: _Running) -> None:
        """End what runs for too long, and the fork server if it does not end its work when it is told to."""
        if running.due_s() > 0.0:
            return
        if running.stopped is None:
            running.stop(Ending.KILLED_TIME)
        else:
            self.forks.end_server()
            is_late = running.stopped is Ending.KILLED_TIME
            why = Note(NoteCode.TIME_OVER if is_late else NoteCode.STARTER_ENDED)
            left = Exit(running.stopped, why)
            self._end(running, ended_of(running.work.key, left, {}))

    def _end(self, running: _Running, ended: Ended) -> None:
        """End a piece of work; nothing happens to one that has ended."""
        if self._running.pop(running.work.key, None) is not None:
            running.line.close()
            running.over()
            self._news.append(ended)


@dataclass
class _Running:
    """A piece of work that runs.

    over        called when it has ended
    stopped     how it was told to end
    give_up     the time.monotonic() until which that is waited for
    """

    work: Work
    line: Line
    over: Callable[[], None]
    stopped: Ending | None = None
    give_up: float = 0.0

    def stop(self, how: Ending) -> None:
        if self.stopped is None:
            self.stopped, self.give_up = how, time.monotonic() + _KILL_S
            self.line.send({"kill": str(how)})

    def due_s(self) -> float:
        """Return in how many seconds something is to be done about it."""
        if self.stopped is not None:
            return self.give_up - time.monotonic()
        return self.work.kill_at - time.time()


def _gone(key: str, is_lost: bool, text: str) -> Ended:
    """Return the end of work that nobody tells of."""
    note = Note(NoteCode.PROCESS_LOST, {"text": DataValue(text)})
    return Ended(key, End.LOST if is_lost else End.CRASHED, note=note)


def _ended(key: str, header: Mapping[str, Any], body: bytes) -> Ended:
    """Return the end that an attendant tells."""
    note = None if header["note"] is None else read_untrusted_note(header["note"])
    ended = Exit(
        Ending(header["ending"]), note, tuple(header["error_classes"]), header["peak_memory_mb"]
    )
    result: Result = {}
    if ended.ending is Ending.FINISHED:
        try:
            result = read_result(body)
        except ValueError as error:
            unread = Note(NoteCode.NO_RESULT, {"text": DataValue(str(error))})
            ended = Exit(Ending.FAILED, unread)
    return ended_of(key, ended, result)

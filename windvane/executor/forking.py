"""Runs work in forks of this process."""

from __future__ import annotations

import json
import select
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from windvane.executor.base import News, Said, Say, Work, function_of
from windvane.executor.exits import ended_of, lost
from windvane.process.child import Child, Ending, Exit
from windvane.process.linux import name_process

_LOOK_S = 0.02
"""Between two looks at what runs."""

_RESULT, _SAID = "result.json", "said.json"


class ForkingExecutor:
    """A fork for each piece of work; what this process has loaded is there at once. This process has one thread.

    folder    for what work says and leaves; a temporary folder is made in it
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=folder, prefix=".work-"))
        self._running: dict[str, _Running] = {}
        self._news: list[News] = []
        self._n_begun = 0

    def submit(self, work: Work) -> None:
        if work.key in self._running:
            raise ValueError(f"There is work of the key {work.key} already.")
        self._n_begun += 1
        place = self._folder / str(self._n_begun)
        place.mkdir()
        child = Child.start(partial(_perform, work, place), memory_mb=work.memory_mb)
        self._running[work.key] = _Running(work, child, place)

    def poll(self, timeout_s: float) -> list[News]:
        until = time.monotonic() + timeout_s
        while not self._look_around() and (left_s := until - time.monotonic()) > 0:
            self._wait(min(_LOOK_S, left_s))
        news, self._news = self._news, []
        return news

    def kill(self, key: str) -> None:
        running = self._running.get(key)
        if running is not None:
            self._end(running, running.child.kill())

    def left_behind(self) -> list[str]:
        return []  # all work ends with this process

    def take_over(self, work: Work) -> None:
        self._news.append(lost(work.key, "it has ended with the process that submitted it"))

    def close(self) -> None:
        for running in self._running.values():
            running.child.kill()
        self._running.clear()
        self._news.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self, seconds: float) -> None:
        """Wait until something has ended, or the time is over."""
        waiter = select.poll()
        for running in self._running.values():
            waiter.register(running.child.pidfd, select.POLLIN)
        waiter.poll(1000 * seconds)

    def _look_around(self) -> bool:
        """Return whether there is any news."""
        for running in list(self._running.values()):
            if (said := running.newly_said()) is not None:
                self._news.append(Said(running.work.key, said))
            is_late = time.time() >= running.work.kill_at
            ended = running.child.kill(Ending.KILLED_TIME) if is_late else running.child.poll()
            if ended is not None:
                self._end(running, ended)
        return bool(self._news)

    def _end(self, running: _Running, ended: Exit) -> None:
        if (said := running.newly_said()) is not None:
            self._news.append(Said(running.work.key, said))
        del self._running[running.work.key]
        is_done = ended.ending is Ending.FINISHED
        result = _read(running.place / _RESULT) if is_done else None
        self._news.append(ended_of(running.work.key, ended, result or {}))
        shutil.rmtree(running.place)


@dataclass
class _Running:
    """A piece of work that runs in a fork of this process.

    place    a folder for what it says and leaves
    """

    work: Work
    child: Child
    place: Path
    _said: Mapping[str, Any] | None = None

    def newly_said(self) -> Mapping[str, Any] | None:
        """Return what it says now, unless that was known."""
        said = _read(self.place / _SAID)
        if said == self._said:
            return None
        self._said = said
        return said


def _perform(work: Work, place: Path) -> None:
    """The whole life of the fork, which bears the name of its work."""
    name_process(work.key)
    say: Say = partial(_write, place / _SAID)
    _write(place / _RESULT, function_of(work.function)(work.payload, say))


def _write(file: Path, document: Mapping[str, Any]) -> None:
    """Write a document, whole or not at all."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(document))
    part.replace(file)


def _read(file: Path) -> Mapping[str, Any] | None:
    """Read a document; None if it is not there."""
    try:
        found: Mapping[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return found

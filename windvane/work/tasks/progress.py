"""Which objects a transform job has, and which of them are done: kept beyond the process that works on them, so that a job whose
worker died goes on where it was and never takes its own answers for input."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from windvane.artifacts.base import Artifacts, Location
from windvane.work.exchange import edition
from windvane.work.tasks.transform_source import Item

_ITEMS, _DONE = "items", "done"


class Progress(Protocol):
    """Tests: tests/unit/work/tasks/test_progress.py."""

    def items(self, find: Callable[[], list[Item]]) -> list[Item]:
        """Return the objects as they were found first."""

    def undone(self, items: Sequence[Item]) -> list[int]:
        """Return the numbers of those that are still to be done."""

    def done(self, number: int) -> None:
        """Keep that one is done."""


class ProgressInFolder:
    """The progress of a task, kept in a folder for its next attempt.

    folder    of the job
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._items, self._done = folder / "items.json", folder / "done"

    def items(self, find: Callable[[], list[Item]]) -> list[Item]:
        if not self._items.is_file():
            part = self._items.with_suffix(".part")
            part.write_text(_told(find()))
            part.replace(self._items)
        return _read(self._items.read_text())

    def undone(self, items: Sequence[Item]) -> list[int]:
        lines = self._done.read_text().split() if self._done.is_file() else []
        done = set(map(int, lines))
        return [number for number in range(len(items)) if number not in done]

    def done(self, number: int) -> None:
        with self._done.open("a") as file:
            file.write(f"{number}\n")


class ProgressInStore:
    """The progress of a task in the store; that of an attempt that failed counts: an object that it has answered is answered.

    root       prefix of the job
    attempt    Task.attempt
    """

    def __init__(self, artifacts: Artifacts, root: Location, attempt: str) -> None:
        self._artifacts, self._root, self._attempt = artifacts, root, attempt

    def items(self, find: Callable[[], list[Item]]) -> list[Item]:
        found = [info.location for info in self._artifacts.list(self._root / f"{_ITEMS}/")]
        if found:
            first = min(found, key=lambda one: int(one.key.rpartition("-")[2]))
            return _read(self._artifacts.read(first).decode())
        items = find()
        own = edition(self._root, _ITEMS, self._attempt)
        self._artifacts.write(own, _told(items).encode())
        return items

    def undone(self, items: Sequence[Item]) -> list[int]:
        marks = self._artifacts.list(self._root / f"{_DONE}/")
        done = {int(mark.location.parent.key.rpartition("/")[2]) for mark in marks}
        return [number for number in range(len(items)) if number not in done]

    def done(self, number: int) -> None:
        self._artifacts.write(edition(self._root, f"{_DONE}/{number}", self._attempt), b"")


def _told(items: list[Item]) -> str:
    return json.dumps([asdict(item) for item in items])


def _read(text: str) -> list[Item]:
    return [Item(Location(**one["source"]), one["output"]) for one in json.loads(text)]

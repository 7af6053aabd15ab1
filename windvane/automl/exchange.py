"""How a task gets what others made, and hands on what it made: by name, whatever machine either of them is on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from windvane.automl import names
from windvane.errors import CorruptArtifact


class Exchange(Protocol):
    """Brings a task what other tasks of its job made, by name, and publishes what it makes. Tests: `windvane/testing/exchange_contract.py`.

    folder    the task's own: `automl/names.py` says where in it each name lies
    """

    @property
    def folder(self) -> Path: ...

    def fetch(self, wanted: Iterable[str]) -> None:
        """Bring names into the folder; what is there stays as it is.

        raises    CorruptArtifact if nobody has published one of them, or it is damaged
        """

    def publish(self, made: Iterable[str]) -> None:
        """Let others fetch names from now on, each whole, in place of what was published under it before. What is not in the
        folder is passed over: not every action makes all that it may."""


class SharedFolder:
    """The exchange of tasks that all work in one folder, on one machine: what one wrote, the others have."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        return self._folder

    def fetch(self, wanted: Iterable[str]) -> None:
        for name in wanted:
            if not names.is_there(self._folder, name):
                raise missing(name)

    def publish(self, made: Iterable[str]) -> None:
        """Publish nothing: it is there already."""


def missing(name: str) -> CorruptArtifact:
    """Return the error of a name that nobody has published."""
    return CorruptArtifact(
        f"{name!r} is not there: no task of this job has written it, or it was removed since."
    )

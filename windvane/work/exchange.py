"""Where the tasks of a job exchange what they make: in a folder of one machine, or below a prefix of the store of artefacts, where
each name has an object for each attempt at a task that has written it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from os.path import commonpath
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts, Location
from windvane.artifacts.resumed import ResumedObject
from windvane.automl import names
from windvane.automl.exchange import missing
from windvane.engine.packages.tarball import pack_files, unpack_files


@dataclass(frozen=True)
class InFolder:
    """All tasks work in one folder."""

    folder: Path

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, which `where_from_json` reads."""
        return {"folder": str(self.folder)}


@dataclass(frozen=True)
class InStore:
    """Each attempt at a task has a folder of its own, on whatever machine it runs.

    root    prefix of what they publish; it is the job's own
    """

    root: Location

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, which `where_from_json` reads."""
        return {"bucket": self.root.bucket, "key": self.root.key}


Where = InFolder | InStore


def where_from_json(told: dict[str, Any]) -> Where:
    """Return what `to_json` told."""
    if "folder" in told:
        return InFolder(Path(told["folder"]))
    return InStore(Location(told["bucket"], told["key"]))


class ArtifactExchange:
    """An Exchange (automl/exchange.py). What a task publishes is there for others once its attempt has ended well: an attempt
    that was given up, and comes back from a machine that was cut off, changes nothing.

    root        the prefix; it is the job's own
    folder      the task's own; it is there
    attempt     of the task, unique among all claims of all tasks
    finished    attempts that have ended well, in this order; of a name that several have written, the last one's counts
    """

    def __init__(
        self,
        artifacts: Artifacts,
        root: Location,
        folder: Path,
        attempt: str,
        finished: Sequence[str],
    ) -> None:
        self._artifacts, self._root, self._folder = artifacts, root, folder
        self._attempt, self._finished = attempt, finished

    @property
    def folder(self) -> Path:
        return self._folder

    def fetch(self, wanted: Iterable[str]) -> None:
        lacking = [one for one in dict.fromkeys(wanted) if not names.is_there(self._folder, one)]
        if not lacking:
            return
        editions = self._editions(commonpath(lacking))
        for name in lacking:
            if name not in editions:
                raise missing(name)
            location = edition(self._root, name, editions[name])
            with ResumedObject(self._artifacts, location) as source:
                unpack_files(source, self._folder, name, partial(names.belongs, name=name))

    def publish(self, made: Iterable[str]) -> None:
        for name in made:
            if files := list(names.files_of(self._folder, name)):
                with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".packed-") as packed:
                    pack_files(self._folder, files, Path(packed.name))
                    location = edition(self._root, name, self._attempt)
                    self._artifacts.upload(location, Path(packed.name))

    def _editions(self, prefix: str) -> dict[str, str]:
        """Return by which attempt each name is published that begins like this."""
        order = {attempt: number for number, attempt in enumerate(self._finished)}
        found: dict[str, str] = {}
        for info in self._artifacts.list(self._root / prefix):
            key = info.location.key.removeprefix(f"{self._root.key}/")
            name, _, attempt = key.rpartition("/")
            if attempt in order and order[attempt] >= order.get(found.get(name, ""), 0):
                found[name] = attempt
        return found


def edition(root: Location, name: str, attempt: str) -> Location:
    """Return where an attempt at a task publishes a name."""
    return root / f"{name}/{attempt}"

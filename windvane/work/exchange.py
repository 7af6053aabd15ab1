"""What tasks of a job exchange where they are on several machines: each name has its objects below a prefix of the store of
artefacts, one for each attempt at a task that has written it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from windvane.artifacts.base import Artifacts, Location
from windvane.artifacts.resumed import ResumedObject
from windvane.automl import names
from windvane.automl.exchange import missing
from windvane.engine.packages.tarball import pack_files, unpack_files

_ENDING = ".tar"


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
        for name in wanted:
            if names.is_there(self._folder, name):
                continue
            found = [attempt for attempt, of in self._editions(f"{name}/") if of == name]
            if not found:
                raise missing(name)
            location = self._location(name, max(found, key=self._finished.index))
            with ResumedObject(self._artifacts, location) as source:
                unpack_files(source, self._folder, name, partial(names.belongs, name=name))

    def publish(self, made: Iterable[str]) -> None:
        for name in made:
            if files := list(names.files_of(self._folder, name)):
                with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".packed-") as packed:
                    pack_files(self._folder, files, Path(packed.name))
                    location = self._location(name, self._attempt)
                    self._artifacts.upload(location, Path(packed.name))

    def published(self, prefix: str) -> frozenset[str]:
        return frozenset(name for _, name in self._editions(prefix))

    def _editions(self, prefix: str) -> Iterable[tuple[str, str]]:
        """Attempts that have ended well and the names, beginning like this, that each has written."""
        for info in self._artifacts.list(self._root / prefix):
            key = info.location.key.removeprefix(f"{self._root.key}/").removesuffix(_ENDING)
            name, _, attempt = key.rpartition("/")
            if attempt in self._finished:
                yield attempt, name

    def _location(self, name: str, attempt: str) -> Location:
        return self._root / f"{name}/{attempt}{_ENDING}"

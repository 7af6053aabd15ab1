"""What tasks of a job exchange where they are on several machines: each name is one object below a prefix of the store of
artefacts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from windvane.artifacts.base import Artifacts, Location
from windvane.artifacts.resumed import ResumedObject
from windvane.automl import names
from windvane.automl.exchange import missing
from windvane.engine.packages.tarball import pack_files, unpack_files

_ENDING = ".tar"


class ArtifactExchange:
    """An Exchange (automl/exchange.py).

    root      the prefix; it is the job's own
    folder    the task's own; it is there
    """

    def __init__(self, artifacts: Artifacts, root: Location, folder: Path) -> None:
        self._artifacts, self._root, self._folder = artifacts, root, folder

    @property
    def folder(self) -> Path:
        return self._folder

    def fetch(self, wanted: Iterable[str]) -> None:
        for name in wanted:
            if names.is_there(self._folder, name):
                continue
            location = self._location(name)
            if self._artifacts.info(location) is None:
                raise missing(name)
            with ResumedObject(self._artifacts, location) as source:
                unpack_files(source, self._folder, name, partial(names.belongs, name=name))

    def publish(self, made: Iterable[str]) -> None:
        for name in made:
            if files := list(names.files_of(self._folder, name)):
                with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".packed-") as packed:
                    pack_files(self._folder, files, Path(packed.name))
                    self._artifacts.upload(self._location(name), Path(packed.name))

    def published(self, prefix: str) -> frozenset[str]:
        found = self._artifacts.list(self._root / prefix)
        keys = (info.location.key.removeprefix(f"{self._root.key}/") for info in found)
        return frozenset(key.removesuffix(_ENDING) for key in keys)

    def _location(self, name: str) -> Location:
        return self._root / f"{name}{_ENDING}"

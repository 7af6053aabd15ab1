"""Artifacts whose transfers are noted, for the trace of a step job: it fetches and publishes whenever it needs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from windvane.artifacts.base import Artifacts, Location, ObjectInfo
from windvane.work.workers.process_times import Part, ProcessTimes


class TimedArtifacts:
    """Artifacts (artifacts/base.py) of which whole objects are noted as they come and go. Streams are not: they are read while
    something else is done with them."""

    def __init__(self, artifacts: Artifacts, times: ProcessTimes) -> None:
        self._artifacts, self._times = artifacts, times

    def read(self, location: Location) -> bytes:
        with self._times.timed(Part.FETCH):
            return self._artifacts.read(location)

    def download(self, location: Location, path: Path) -> None:
        with self._times.timed(Part.FETCH):
            self._artifacts.download(location, path)

    def write(self, location: Location, data: bytes) -> None:
        with self._times.timed(Part.PUBLISH):
            self._artifacts.write(location, data)

    def upload(self, location: Location, path: Path) -> None:
        with self._times.timed(Part.PUBLISH):
            self._artifacts.upload(location, path)

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        return self._artifacts.open(location, start)

    def bucket_exists(self, bucket: str) -> bool:
        return self._artifacts.bucket_exists(bucket)

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        return self._artifacts.list(prefix)

    def info(self, location: Location) -> ObjectInfo | None:
        return self._artifacts.info(location)

    def ensure_bucket(self, bucket: str) -> None:
        self._artifacts.ensure_bucket(bucket)

    def folders(self, prefix: Location) -> Iterator[Location]:
        return self._artifacts.folders(prefix)

    def delete(self, location: Location) -> None:
        self._artifacts.delete(location)

    def of(self, account: str) -> TimedArtifacts:
        return TimedArtifacts(self._artifacts.of(account), self._times)

    def encrypted_under(self, key: str) -> TimedArtifacts:
        return TimedArtifacts(self._artifacts.encrypted_under(key), self._times)

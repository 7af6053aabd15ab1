"""Buckets that are read from elsewhere: from another S3 endpoint, or from a folder. Nothing is written to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from windvane.artifacts.base import Artifacts, Location, ObjectInfo, ReadableArtifacts
from windvane.artifacts.connection import Connection
from windvane.artifacts.folder import Folder, FolderArtifacts
from windvane.errors import AccessDenied, InvalidRequest

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")


@dataclass(frozen=True)
class BucketSource:
    """The place from which buckets of a name are read.

    name        of one bucket, or the beginning of names and `*`
    origin      a folder, or how to reach another S3 store (no access key: its requests are not signed)
    region      that the bucket is said to be in
    accounts    that may read it; () means every one
    """

    name: str
    origin: Path | Connection
    region: str = "us-east-1"
    accounts: tuple[str, ...] = ()

    def covers(self, bucket: str) -> bool:
        if self.name.endswith("*"):
            return bucket.startswith(self.name[:-1])
        return bucket == self.name

    def is_open_to(self, account: str) -> bool:
        return not self.accounts or account in self.accounts

    def __str__(self) -> str:
        at = self.origin if isinstance(self.origin, Path) else self.origin.endpoint
        return f"{at} (configuration, section [[buckets]], {self.name})"


class BucketMap:
    """A bucket's own name wins over a pattern, a longer pattern over a shorter one."""

    def __init__(self, sources: Iterable[BucketSource] = ()) -> None:
        self.sources = tuple(sources)
        self._in_order = sorted(
            self.sources, key=lambda source: (source.name.endswith("*"), -len(source.name))
        )

    def find(self, bucket: str) -> BucketSource | None:
        if not _BUCKET.fullmatch(bucket):
            return None
        return next((source for source in self._in_order if source.covers(bucket)), None)


class MappedArtifacts:
    """Reads buckets of the map from where they are, and every other bucket from the server's own store.

    own     every bucket that the map does not name
    """

    def __init__(self, own: Artifacts, buckets: BucketMap) -> None:
        self._own = own
        self._map = buckets
        self._readers: dict[BucketSource, ReadableArtifacts] = {}

    def bucket_exists(self, bucket: str) -> bool:
        with self._reading(bucket) as artifacts:
            return artifacts.bucket_exists(bucket)

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        with self._reading(prefix.bucket) as artifacts:
            yield from artifacts.list(prefix)

    def info(self, location: Location) -> ObjectInfo | None:
        with self._reading(location.bucket) as artifacts:
            return artifacts.info(location)

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        with self._reading(location.bucket) as artifacts:
            return artifacts.open(location, start)

    def read(self, location: Location) -> bytes:
        with self._reading(location.bucket) as artifacts, artifacts.open(location) as stream:
            return stream.read()

    def download(self, location: Location, path: Path) -> None:
        if self._map.find(location.bucket) is None:
            self._own.download(location, path)
            return
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as target:
            for chunk in self._chunks(location):
                target.write(chunk)
        part.replace(path)

    def _chunks(self, location: Location) -> Iterator[bytes]:
        with self._reading(location.bucket) as artifacts, artifacts.open(location) as stream:
            while chunk := stream.read(1 << 20):
                yield chunk

    def ensure_bucket(self, bucket: str) -> None:
        self._writable(bucket).ensure_bucket(bucket)

    def folders(self, prefix: Location) -> Iterator[Location]:
        return self._writable(prefix.bucket).folders(prefix)

    def write(self, location: Location, data: bytes) -> None:
        self._writable(location.bucket).write(location, data)

    def upload(self, location: Location, path: Path) -> None:
        self._writable(location.bucket).upload(location, path)

    def delete(self, location: Location) -> None:
        self._writable(location.bucket).delete(location)

    def of(self, account: str) -> Artifacts:
        """Buckets of the map are open to whom it says."""
        return self._with(self._own.of(account))

    def encrypted_under(self, key: str) -> Artifacts:
        return self._with(self._own.encrypted_under(key))

    def _with(self, own: Artifacts) -> MappedArtifacts:
        made = MappedArtifacts(own, self._map)
        made._readers = self._readers
        return made

    @contextmanager
    def _reading(self, bucket: str) -> Iterator[ReadableArtifacts]:
        source = self._map.find(bucket)
        if source is None:
            yield self._own
            return
        if source not in self._readers:  # a client of S3 takes a while to make
            self._readers[source] = _reader(source)
        try:
            yield self._readers[source]
        except (BotoCoreError, ClientError, PermissionError, AccessDenied) as error:
            raise InvalidRequest(
                f'Cannot read the bucket "{bucket}", which stands for {source}: {error}.'
            ) from error

    def _writable(self, bucket: str) -> Artifacts:
        if (source := self._map.find(bucket)) is not None:
            raise PermissionError(f"the bucket '{bucket}' is only read: it stands for {source}")
        return self._own


def with_mapped(own: Artifacts, sources: Iterable[BucketSource]) -> Artifacts:
    """Return the same artifacts, and those of the sources."""
    buckets = BucketMap(sources)
    return MappedArtifacts(own, buckets) if buckets.sources else own


def _reader(source: BucketSource) -> ReadableArtifacts:
    if isinstance(source.origin, Path):
        return FolderArtifacts(Folder(source.origin))
    return source.origin.open()

"""Artifacts of which a machine keeps copies: what its tasks read more than once comes over the network once.

A copy is of one object as it was at one moment (its ETag). Its content is checked by its SHA-256 whenever it is used. If there is
no room, those go that have not been used for longest.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from windvane.artifacts.base import Artifacts, Location, ObjectInfo

_LOG = logging.getLogger(__name__)

_PIECE = 1 << 20

_LEAST_BYTES = 1 << 16
"""That a copy counts for, however small it is: it is a file, and a record in memory."""


@dataclass
class _Copy:
    """A copy of an object.

    digest    of its content; "" before it was made
    turn      held while it is made or checked
    """

    path: Path
    size: int
    digest: str = ""
    turn: threading.Lock = field(default_factory=threading.Lock)


class ObjectCache:
    """Copies of objects in a folder. For any thread; one at a time for each folder."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Make an empty cache. What is in the folder is removed: nothing says any more what it was.

        most_bytes    of all copies
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        self._folder, self._most = folder, most_bytes
        self._copies: dict[ObjectInfo, _Copy] = {}
        self._lock = threading.Lock()
        self._n_made = self._total = 0

    def over(self, artifacts: Artifacts) -> CachedArtifacts:
        """Return the same artifacts, read through this cache. All of them must be of one store."""
        return CachedArtifacts(artifacts, self)

    def open(self, artifacts: Artifacts, location: Location, start: int = 0) -> BinaryIO:
        """Return a stream of an object's bytes, of which `start` are left out.

        raises    FileNotFoundError; OSError if the object was changed meanwhile
        """
        info = artifacts.info(location)
        if info is None:
            raise FileNotFoundError(str(location))
        copy = self._copy_of(info)
        if copy is None:
            return artifacts.open(location, start)
        try:
            with copy.turn:
                file = _whole(copy) or _made(copy, artifacts, info)
        except OSError as error:
            self._forget(info, copy)
            if error.errno != errno.ENOSPC:
                raise
            _LOG.warning("There is no room for a copy of %s.", location)
            return artifacts.open(location, start)
        file.seek(start)
        return file

    def _copy_of(self, info: ObjectInfo) -> _Copy | None:
        """Return the copy of an object, to be made if it is new; None if it is larger than all copies may be."""
        if info.size > self._most:
            return None
        with self._lock:
            copy = self._copies.pop(info, None)
            if copy is None:
                self._n_made += 1
                copy = _Copy(self._folder / str(self._n_made), max(info.size, _LEAST_BYTES))
                self._total += copy.size
            self._copies[info] = copy  # used last
            while self._total > self._most and len(self._copies) > 1:
                gone = self._copies.pop(next(iter(self._copies)))
                self._total -= gone.size
                gone.path.unlink(missing_ok=True)  # whoever reads it reads on
            return copy

    def _forget(self, info: ObjectInfo, copy: _Copy) -> None:
        with self._lock:
            if self._copies.get(info) is copy:
                del self._copies[info]
                self._total -= copy.size
        copy.path.unlink(missing_ok=True)


def _made(copy: _Copy, artifacts: Artifacts, info: ObjectInfo) -> BinaryIO:
    """Make a copy, and return it, open. It may be removed from the folder meanwhile.

    raises    OSError if the object was changed
    """
    target = copy.path.open("w+b")
    try:
        copy.digest = _copied(artifacts, info, target)
    except BaseException:
        target.close()
        raise
    return target


def _copied(artifacts: Artifacts, info: ObjectInfo, target: BinaryIO) -> str:
    """Write an object to a file, and return the SHA-256 of its content.

    raises    OSError if the object was changed
    """
    digest, n_bytes = hashlib.sha256(), 0
    with artifacts.open(info.location) as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
            n_bytes += len(piece)
            target.write(piece)
    target.flush()
    if n_bytes != info.size or artifacts.info(info.location) != info:
        raise OSError(f"The object {info.location} was changed while it was read.")
    return digest.hexdigest()


def _whole(copy: _Copy) -> BinaryIO | None:
    """Return a copy, open, if it is there and as it was when it was made."""
    if not copy.digest:
        return None
    try:
        file = copy.path.open("rb")
    except FileNotFoundError:
        return None
    if hashlib.file_digest(file, "sha256").hexdigest() == copy.digest:
        return file
    _LOG.error("The copy %s is damaged; the object is read again.", copy.path)
    file.close()
    return None


class CachedArtifacts:
    """Artifacts (artifacts/base.py) that are read through a cache. Nothing that is written is kept."""

    def __init__(self, artifacts: Artifacts, cache: ObjectCache) -> None:
        self._artifacts, self._cache = artifacts, cache

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        return self._cache.open(self._artifacts, location, start)

    def read(self, location: Location) -> bytes:
        with self.open(location) as stream:
            return stream.read()

    def download(self, location: Location, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        with self.open(location) as stream, part.open("wb") as target:
            shutil.copyfileobj(stream, target, _PIECE)
        part.replace(path)

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

    def write(self, location: Location, data: bytes) -> None:
        self._artifacts.write(location, data)

    def upload(self, location: Location, path: Path) -> None:
        self._artifacts.upload(location, path)

    def delete(self, location: Location) -> None:
        self._artifacts.delete(location)

    def of(self, account: str) -> CachedArtifacts:
        return CachedArtifacts(self._artifacts.of(account), self._cache)

    def encrypted_under(self, key: str) -> CachedArtifacts:
        return CachedArtifacts(self._artifacts.encrypted_under(key), self._cache)

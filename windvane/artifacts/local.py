"""Artifacts in a folder: one sub-folder a bucket. For one machine and for tests."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

from windvane.artifacts.base import Artifacts, Location, ObjectInfo
from windvane.errors import InvalidRequest


class LocalArtifacts:
    """A file per object; the key is one percent-encoded file name, so no key can leave its bucket."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def bucket_exists(self, bucket: str) -> bool:
        return self._bucket(bucket).is_dir()

    def ensure_bucket(self, bucket: str) -> None:
        self._bucket(bucket).mkdir(exist_ok=True)

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        folder = self._bucket(prefix.bucket)
        if not folder.is_dir():
            return
        keys = sorted(unquote(path.name) for path in folder.iterdir() if path.name[0] != ".")
        for key in keys:
            if key.startswith(prefix.key):
                info = self.info(Location(prefix.bucket, key))
                if info is not None:
                    yield info

    def folders(self, prefix: Location) -> Iterator[Location]:
        rests = (info.location.key[len(prefix.key) :] for info in self.list(prefix))
        names = sorted({f"{rest.partition('/')[0]}/" for rest in rests if "/" in rest})
        return (Location(prefix.bucket, f"{prefix.key}{name}") for name in names)

    def info(self, location: Location) -> ObjectInfo | None:
        if not location.key:
            return None
        try:
            status = self._path(location).stat()
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
                return None
            raise
        etag = hashlib.sha256(f"{status.st_mtime_ns}:{status.st_size}".encode()).hexdigest()[:32]
        return ObjectInfo(location, status.st_size, etag)

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        stream = self._path(location).open("rb")
        stream.seek(start)
        return stream

    def read(self, location: Location) -> bytes:
        return self._path(location).read_bytes()

    def write(self, location: Location, data: bytes) -> None:
        with self._replacing(location) as temporary:
            temporary.write(data)

    def upload(self, location: Location, path: Path) -> None:
        with path.open("rb") as source, self._replacing(location) as temporary:
            shutil.copyfileobj(source, temporary)

    def download(self, location: Location, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        with self.open(location) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
        part.replace(path)

    def delete(self, location: Location) -> None:
        self._path(location).unlink(missing_ok=True)

    def of(self, _account: str) -> Artifacts:
        """Its buckets are of no account."""
        return self

    def encrypted_under(self, key: str) -> Artifacts:
        """Refuse to encrypt.

        raises    InvalidRequest: a folder knows no keys
        """
        raise InvalidRequest(
            f"Nothing can be encrypted under {key} here: a plain folder has no keys."
        )

    def _bucket(self, bucket: str) -> Path:
        return self._root / quote(bucket, safe="").replace(".", "%2E")

    def _path(self, location: Location) -> Path:
        return self._bucket(location.bucket) / quote(location.key, safe="").replace(".", "%2E")

    def _replacing(self, location: Location) -> _Replacing:
        return _Replacing(self._path(location))


class _Replacing:
    """A temporary file that takes the place of `path` when its block ends well."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> BinaryIO:
        descriptor, name = tempfile.mkstemp(prefix=".", dir=self._path.parent)
        self._temporary = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        return self._file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.close()
        if kind is None:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)

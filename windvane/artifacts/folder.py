"""A folder of ordinary files, read as a bucket: a key is a path below the folder.

Nothing outside can be reached: every part of a path is opened below the one before it, and no symbolic link is
followed. Names that are not UTF-8 cannot be keys and are left out.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self

from windvane.artifacts.base import Location, ObjectInfo

_IN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AS_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class FolderObject:
    """One file; size in bytes. The entity tag is none of its content, and looks like none of a single part."""

    key: str
    size: int
    etag: str
    modified: datetime


class Folder:
    """The files below a folder, as objects with keys.

    root    followed if it is a link itself
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def objects(self, prefix: str, after: str = "") -> FolderObjects:
        """Return the objects whose key starts with `prefix` and is greater than `after`, in key order."""
        return FolderObjects(self._root, prefix, after)

    def find(self, key: str) -> FolderObject | None:
        """Return the object of a key; None if there is no such file.

        raises    PermissionError if the file may not be read
        """
        try:
            found, file = self.open(key)
        except FileNotFoundError:
            return None
        file.close()
        return found

    def open(self, key: str) -> tuple[FolderObject, BinaryIO]:
        """Open the file of a key for reading.

        raises    FileNotFoundError; PermissionError if the file may not be read
        """
        descriptor = _open_below(self._root, key)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise FileNotFoundError(key)
        return _object(key, status), os.fdopen(descriptor, "rb")


class FolderArtifacts:
    """The same folder for every bucket that is asked for."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def bucket_exists(self, bucket: str) -> bool:  # noqa: ARG002 - every one does
        return True

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        for found in self._folder.objects(prefix.key):
            yield _info(prefix.bucket, found)

    def info(self, location: Location) -> ObjectInfo | None:
        found = self._folder.find(location.key)
        return None if found is None else _info(location.bucket, found)

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        stream = self._folder.open(location.key)[1]
        stream.seek(start)
        return stream


def _info(bucket: str, found: FolderObject) -> ObjectInfo:
    return ObjectInfo(Location(bucket, found.key), found.size, found.etag)


def _open_below(root: Path, key: str) -> int:
    parts = key.split("/")
    if "\0" in key or not all(part not in ("", ".", "..") for part in parts):
        raise FileNotFoundError(key)
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts[:-1]:
            outer = folder
            try:
                folder = os.open(part, _IN_FOLDER, dir_fd=outer)
            finally:
                os.close(outer)
        try:
            return os.open(parts[-1], _AS_FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except PermissionError:
        raise
    except (OSError, UnicodeEncodeError) as error:
        raise FileNotFoundError(key) from error


class FolderObjects:
    """Iterates over objects in key order.

    after    only greater keys come; moved on meanwhile, it passes over what lies between without a look at it
    """

    def __init__(self, root: Path, prefix: str, after: str) -> None:
        self._root, self._prefix, self.after = root, prefix, after
        self._found = self._all()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> FolderObject:
        """Return the next object.

        raises    FileNotFoundError, PermissionError
        """
        return next(self._found)

    def _all(self) -> Iterator[FolderObject]:
        root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield from self._walk(root, "")
        finally:
            os.close(root)

    def _walk(self, folder: int, base: str) -> Iterator[FolderObject]:
        for key, is_folder, name in _children(folder, base):
            try:
                if not is_folder:
                    if key.startswith(self._prefix) and key > self.after:
                        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                        yield _object(key, status)
                    continue
                begun = key.startswith(self._prefix) or self._prefix.startswith(key)
                if not begun or not (key > self.after or self.after.startswith(key)):
                    continue
                inner = os.open(name, _IN_FOLDER, dir_fd=folder)
            except FileNotFoundError:
                continue  # it went away while the folder was read
            try:
                yield from self._walk(inner, key)
            finally:
                os.close(inner)


def _children(folder: int, base: str) -> list[tuple[str, bool, str]]:
    """Key, whether it is a folder, and name of each, in key order."""
    with os.scandir(folder) as entries:
        return sorted(
            (f"{base}{entry.name}/" if is_folder else f"{base}{entry.name}", is_folder, entry.name)
            for entry in entries
            if _is_text(entry.name)
            and ((is_folder := entry.is_dir(follow_symlinks=False)) or _is_file(entry))
        )


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(key: str, status: os.stat_result) -> FolderObject:
    identity = f"{status.st_dev}:{status.st_ino}:{status.st_mtime_ns}:{status.st_size}"
    etag = f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}-1"
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
    return FolderObject(key, status.st_size, etag, modified)

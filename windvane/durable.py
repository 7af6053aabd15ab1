"""Files that are on the disk when a call returns, and there whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write a file of mode 0600. Readers see the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with new_file(path) as temporary:
        _write(temporary, text)
        temporary.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, text: str) -> None:
    """Write a file of mode 0600 unless there is one: of several processes, the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with new_file(path) as temporary:
        if not path.exists():
            _write(temporary, text)
            temporary.replace(path)
    sync_folder(path.parent)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield an empty file of mode 0600 beside `path`, for one process at a time; rename it to `path` once it is whole.

    It is always the same one: what a killed process left is used by the next. If it is not renamed, it is removed.
    """
    temporary = path.with_name(f".{path.name}.new")
    while True:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(temporary, descriptor):  # else another process renamed it meanwhile
                os.ftruncate(descriptor, 0)
                yield temporary
                return
        finally:
            if _is_at(temporary, descriptor):
                temporary.unlink()
            os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring the names that were created in a folder, or removed from it, to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

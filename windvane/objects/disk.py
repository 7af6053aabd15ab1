"""The operations of the file system that durability hangs on, one method each, so that a test can stand in for a disk."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from windvane.durable import sync_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Disk:
    """The file system itself. Files have mode 0600, folders 0700."""

    def create(self, path: Path) -> int:
        return os.open(path, _NEW, 0o600)

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700)

    def write(self, descriptor: int, data: bytes | bytearray | memoryview) -> None:
        rest = memoryview(data)
        while rest.nbytes:
            rest = rest[os.write(descriptor, rest) :]

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def sync_folder(self, path: Path) -> None:
        """Make names that were created in it, or removed from it, durable."""
        sync_folder(path)

    def remove(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.unlink()

    def remove_folder(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.rmdir()


def open_folder(path: Path) -> int:
    return os.open(path, _FOLDER)


def is_linked(descriptor: int) -> bool:
    """Return whether what was opened still has a name."""
    return os.fstat(descriptor).st_nlink > 0


def lock(descriptor: int, *, exclusive: bool) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)


def try_lock(descriptor: int, *, exclusive: bool) -> bool:
    """Return whether the lock was free; it is held until the descriptor and its copies are closed."""
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

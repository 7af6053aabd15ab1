"""Data files: opaque random names in 16 folders, never made of keys.

    data/3/3f9c...         the bytes of one object
    data/a/a07d...-parts/  the parts of an upload, and then of the object that was made of it

What has no row in the index is an orphan. It is told from what is being written by locks (flock), which end with the
process: a writer holds its new file, or the new folder, from its creation until its row is durable. Readers of parts, which
are opened one after the other, hold the folder. So whoever gets a lock of its own, and then finds no row, may remove.
Snapshots hold the whole: nothing is removed meanwhile.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from windvane.objects.disk import Disk, is_linked, lock, open_folder, try_lock
from windvane.objects.errors import DamagedObject

_DIGITS = "0123456789abcdef"
_FOLDER_MARK = "-parts"
_BELOW = re.compile(r"(?!\.\.?(/|\Z))[^/\0]+(/(?!\.\.?\Z)[^/\0]+)?")
_SYNCED_STEP = 32 * 2**20


class DataFile:
    """A new file that is being written; `name` is that of the file itself, without a folder."""

    def __init__(self, disk: Disk, path: Path, descriptor: int) -> None:
        self.name = path.name
        self._disk = disk
        self._path = path
        self._descriptor = descriptor
        self._written = 0
        self._pushed = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._disk.write(self._descriptor, data)
        self._written += memoryview(data).nbytes
        if self._written - self._pushed >= _SYNCED_STEP:
            # Begins to write back what the sync at the end would otherwise have to wait for.
            os.posix_fadvise(
                self._descriptor, self._pushed, self._written - self._pushed, os.POSIX_FADV_DONTNEED
            )
            self._pushed = self._written

    def sync(self) -> None:
        """Make content and name durable."""
        self._disk.sync(self._descriptor)
        self._disk.sync_folder(self._path.parent)

    def remove(self) -> None:
        self._disk.remove(self._path)

    def close(self) -> None:
        os.close(self._descriptor)


class DataFiles:
    """All data files of a store."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self._root = root
        self._disk = disk
        missing = [
            folder for folder in (root, *(root / digit for digit in _DIGITS)) if not folder.exists()
        ]
        for folder in missing:
            with suppress(FileExistsError):
                disk.make_folder(folder)
        if missing:
            disk.sync_folder(root)
            disk.sync_folder(root.parent)

    def path(self, name: str) -> Path:
        """Return the path of a data file.

        name    of a file, of a folder of parts, or FOLDER/PART

        raises    DamagedObject for a name that leads elsewhere: an index may come with a backup of somebody else's
        """
        if not _BELOW.fullmatch(name):
            raise DamagedObject(
                f"The index names a data file {name[:64]!r}, which there cannot be."
            )
        return self._root / name[0] / name

    def is_folder(self, name: str) -> bool:
        return name.endswith(_FOLDER_MARK)

    def new_file(self) -> DataFile:
        while True:
            name = secrets.token_hex(16)
            if (made := self._create(self.path(name))) is not None:
                return made

    def new_part(self, folder: str) -> DataFile:
        """Create a file for a part in the folder of its upload.

        raises    FileNotFoundError if the folder is gone
        """
        while True:
            if (made := self._create(self.path(folder) / secrets.token_hex(8))) is not None:
                return made

    def _create(self, path: Path) -> DataFile | None:
        """Return a locked file; None if it was taken for an orphan before the lock was there."""
        descriptor = self._disk.create(path)
        lock(descriptor, exclusive=True)
        if is_linked(descriptor):
            return DataFile(self._disk, path, descriptor)
        os.close(descriptor)
        return None

    @contextmanager
    def new_folder(self) -> Iterator[str]:
        """Yield a folder for parts, durable, which nobody removes while the block runs."""
        while True:
            name = secrets.token_hex(16) + _FOLDER_MARK
            path = self.path(name)
            self._disk.make_folder(path)
            descriptor = open_folder(path)
            lock(descriptor, exclusive=False)
            if is_linked(descriptor):
                break
            os.close(descriptor)
        try:
            self._disk.sync_folder(path.parent)
            yield name
        finally:
            os.close(descriptor)

    def hold_folder(self, name: str) -> int:
        """Open a folder of parts so that none is removed until the descriptor is closed.

        raises    FileNotFoundError if it is gone
        """
        descriptor = open_folder(self.path(name))
        lock(descriptor, exclusive=False)
        if not is_linked(descriptor):
            os.close(descriptor)
            raise FileNotFoundError(name)
        return descriptor

    def remove(self, name: str) -> bool:
        """Remove what no row refers to any more; False if it must wait for a reader or a snapshot.

        name    of a file, of a folder of parts, or FOLDER/PART
        """
        path = self.path(name)
        with self._removing() as is_allowed:
            if not is_allowed:
                return False
            if not self.is_folder(name):
                self._disk.remove(path)
                return True
            with self._unwritten(path) as is_unwritten:
                return is_unwritten and self._remove_folder(path)

    def remove_orphan(self, name: str, has_row: Callable[[str], bool]) -> bool:
        """Remove what nobody writes or reads at this moment and what has no row even then; False if it stays."""
        path = self.path(name)
        with self._removing() as is_allowed, self._unwritten(path) as is_unwritten:
            if not is_allowed or not is_unwritten or has_row(name):
                return False
            if self.is_folder(name):
                return self._remove_folder(path)
            self._disk.remove(path)
            return True

    def is_there(self, name: str) -> bool:
        return os.path.lexists(self.path(name))

    def size(self, name: str) -> int:
        """Return bytes of a file, or of all files of a folder; 0 of what is gone."""
        try:
            if not self.is_folder(name):
                return self.path(name).lstat().st_size
            with os.scandir(self.path(name)) as entries:
                return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
        except FileNotFoundError:
            return 0

    def names(self) -> Iterator[list[str]]:
        """Yield the names of all files and folders of parts, a fan-out folder at a time."""
        for digit in _DIGITS:
            yield _names(self._root / digit)

    def parts(self, folder: str) -> list[str]:
        """Return the names in a folder of parts; none in what is none."""
        if not self.is_folder(folder):
            return []
        try:
            return _names(self.path(folder))
        except FileNotFoundError:
            return []

    @contextmanager
    def _unwritten(self, path: Path) -> Iterator[bool]:
        """Yield whether nobody writes or reads what lies there while the block runs."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            yield False
            return
        try:
            yield try_lock(descriptor, exclusive=True)
        finally:
            os.close(descriptor)

    @contextmanager
    def nothing_removed(self) -> Iterator[None]:
        """Let no process remove a data file while the block runs."""
        descriptor = open_folder(self._root)
        try:
            lock(descriptor, exclusive=True)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _removing(self) -> Iterator[bool]:
        descriptor = open_folder(self._root)
        try:
            yield try_lock(descriptor, exclusive=False)
        finally:
            os.close(descriptor)

    def _remove_folder(self, path: Path) -> bool:
        for name in _names(path):
            self._disk.remove(path / name)
        try:
            self._disk.remove_folder(path)
        except OSError as error:
            if (
                error.errno == errno.ENOTEMPTY
            ):  # a part that comes too late, of an upload that is over
                return False
            raise
        return True


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]

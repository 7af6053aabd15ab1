"""Where a backup is written: a folder, or one tar file. It appears whole under its name, or not at all."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import io
import os
import secrets
import shutil
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from windvane.durable import sync_folder
from windvane.maintenance.manifest import (
    MANIFEST,
    SUMS,
    BackupFault,
    read_manifest,
    read_sums,
)

_BLOCK = 1024 * 1024


class Sink(Protocol):
    """A backup on its way."""

    def add(self, name: str, source: BinaryIO, size: int) -> str:
        """Write the next `size` bytes of `source` as one file; return their SHA-256.

        raises    BackupFault if there are fewer
        """

    def link(self, name: str, size: int) -> str | None:
        """Take a file from the earlier backup, as a second name of it; return its SHA-256, None if that cannot be done."""


class Earlier:
    """A backup in a folder, of which a new one takes files that never change."""

    def __init__(self, folder: Path) -> None:
        """Open a backup in a folder.

        raises    BackupFault if it is no backup, or its sums are damaged
        """
        try:
            manifest = read_manifest((folder / MANIFEST).read_bytes())
            self._sums = read_sums((folder / SUMS).read_bytes(), manifest)
        except OSError as error:
            raise BackupFault(f"{folder} is no backup in a folder: {error}.") from error
        self._folder = folder

    def link(self, name: str, size: int, path: Path) -> str | None:
        """Give a file a second name; return its SHA-256, None if it is not there in this size or links cannot reach."""
        digest, source = self._sums.get(name), self._folder / name
        try:
            status = source.lstat()
            if digest is None or status.st_size != size or not stat.S_ISREG(status.st_mode):
                return None
            os.link(source, path, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOENT):
                return None
            raise
        return digest


@contextmanager
def new_sink(target: Path, earlier: Earlier | None = None) -> Iterator[Sink]:
    """Yield a sink whose content is at `target` when the block ends, on the disk; gone if the block raises.

    target    a folder that does not exist or is empty; with the suffix .tar a file that does not exist
    raises    BackupFault if it cannot be used, or its disk is full
    """
    is_archive = target.suffix == ".tar"
    if is_archive and earlier is not None:
        raise BackupFault("An archive cannot share files with an earlier backup; name a folder.")
    _check_free(target, is_archive)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}.partial")
    try:
        if is_archive:
            with _archive(partial) as archive:
                yield archive
            os.link(partial, target)  # unlike a rename, it replaces nothing
        else:
            partial.mkdir(mode=0o700)
            yield _FolderSink(partial, earlier)
            sync_file_system(partial)
            partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupFault(
                f"The disk of {target.parent} is full; nothing of the backup was left there."
            ) from error
        raise BackupFault(f"The backup to {target} failed: {error}.") from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


def _check_free(target: Path, is_archive: bool) -> None:
    if not target.parent.is_dir():
        raise BackupFault(f"There is no folder {target.parent} to write the backup to.")
    if is_archive and (target.exists() or target.is_symlink()):
        raise BackupFault(f"{target} exists; a backup never replaces one. Choose another name.")
    if not is_archive and (target.is_symlink() or (target.exists() and not _is_empty(target))):
        raise BackupFault(
            f"{target} is not an empty folder; a backup goes into a new or empty one."
        )


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is None


class _FolderSink:
    def __init__(self, folder: Path, earlier: Earlier | None) -> None:
        self._folder, self._earlier = folder, earlier

    def add(self, name: str, source: BinaryIO, size: int) -> str:
        path = place_below(self._folder, name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        reader = HashingReader(source, size)
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(reader, file, _BLOCK)
        return reader.whole_digest(name)

    def link(self, name: str, size: int) -> str | None:
        if self._earlier is None:
            return None
        return self._earlier.link(name, size, place_below(self._folder, name))


class _TarSink:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def add(self, name: str, source: BinaryIO, size: int) -> str:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        reader = HashingReader(source, size)
        self._archive.addfile(member, reader)
        return reader.whole_digest(name)

    def link(self, name: str, size: int) -> str | None:  # noqa: ARG002 - an archive shares nothing
        return None


@contextmanager
def _archive(path: Path) -> Iterator[Sink]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=_BLOCK) as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            yield _TarSink(archive)
        file.flush()
        os.fsync(file.fileno())


def place_below(root: Path, name: str) -> Path:
    """Return the path of a file below `root`; folders on the way are made, readable by their owner alone."""
    path = root / name
    missing = [folder for folder in (path.parent, *path.parent.parents) if folder != root]
    for folder in reversed(missing[: len(Path(name).parts) - 1]):
        folder.mkdir(exist_ok=True, mode=0o700)
    return path


class HashingReader(io.RawIOBase):
    """The next bytes of a stream, counted and hashed as they are read.

    size    bytes that may be read; what follows is left alone
    """

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source, self._left = source, size
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._source.read(wanted) if wanted else b""
        self._left -= len(data)
        self._hash.update(data)
        return data

    def whole_digest(self, name: str) -> str:
        """Return the SHA-256 of a file once it was read whole.

        raises    BackupFault if not all was read
        """
        if self._left:
            raise BackupFault(f"{name} became shorter while it was read; try again.")
        return self._hash.hexdigest()


def sync_file_system(folder: Path) -> None:
    """Bring everything that was written to this folder's file system to the disk: one call for any number of files.

    raises    OSError
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)

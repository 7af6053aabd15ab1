"""Files below a folder that somebody else may have filled: no symbolic link is followed, nothing outside is reached."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_LEAST_HOLE, _LARGEST_PART = 1 << 20, 64
"""Bytes that may be a hole, and how many times the room that a file takes it may be large."""

_BLOCK = 512
"""source    st_blocks in stat(2)"""


def open_beneath(folder: Path, path: str, flags: int = os.O_RDONLY) -> int:
    """Open a regular file; the caller closes the descriptor.

    folder    trusted itself
    path      of the file, below it
    flags     O_RDONLY or O_WRONLY
    raises    OSError if there is no such file, or something else at its place
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise FileNotFoundError(path)
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            outer, at = at, os.open(part, _FOLDER, dir_fd=at)
            os.close(outer)
        descriptor = os.open(parts[-1], flags | _FILE, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"{path} is no file")
    return descriptor


def read_beneath(folder: Path, path: str, most: int) -> bytes:
    """Return the content of a regular file.

    folder    trusted itself
    path      of the file, below it
    most      bytes
    raises    OSError if there is no such file, or something else at its place; ValueError if it is larger
    """
    with os.fdopen(open_beneath(folder, path), "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path} has more than {most} bytes")
    return content


def is_hollow(descriptor: int) -> bool:
    """Return whether a file is nearly all hole: it takes hardly any room here, and would take all there is where it is copied
    to. None of ours has a hole; file systems that compress make files look as if they had small ones.

    descriptor    of the file, at its beginning
    """
    size = os.fstat(descriptor).st_size
    if size <= _LEAST_HOLE:
        return False
    hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
    os.lseek(descriptor, 0, os.SEEK_SET)
    if hole >= size:  # some file systems tell the room of what was just written only later
        return False
    return size > _LEAST_HOLE + _LARGEST_PART * _BLOCK * os.fstat(descriptor).st_blocks


def remove_beneath(folder: Path) -> None:
    """Remove a folder and what is in it, however deep it goes, closed to its own user or not. What cannot be removed, or is
    added meanwhile, stays."""
    with suppress(OSError):
        _open_up(folder)
        top = os.open(folder, _FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        folder.rmdir()


def _empty(top: int) -> None:
    """Folders in folders are brought to the top, one after the other, so that two descriptors are enough."""
    waiting, n_moved = _remove_files(top), 0
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            at = os.open(name, _FOLDER, dir_fd=top)
            try:
                for inner in _remove_files(at):
                    n_moved += 1
                    moved = f"{n_moved}.{os.urandom(8).hex()}"
                    with suppress(OSError):
                        os.rename(inner, moved, src_dir_fd=at, dst_dir_fd=top)
                        waiting.append(moved)
            finally:
                os.close(at)
            os.rmdir(name, dir_fd=top)


def _remove_files(at: int) -> list[str]:
    """Return the folders that are left."""
    folders = []
    with os.scandir(at) as entries:  # one after the other: there may be more than fit into memory
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.stat(follow_symlinks=False).st_mode & stat.S_IRWXU != stat.S_IRWXU:
                    _open_up(entry.name, at)
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=at)
    return folders


def _open_up(folder: Path | str, at: int | None = None) -> None:
    """Whoever made a folder may have made it such that its own user can neither list it nor move it elsewhere."""
    found = os.open(folder, os.O_PATH | _FOLDER, dir_fd=at)
    try:
        Path(f"/proc/self/fd/{found}").chmod(stat.S_IRWXU)
    finally:
        os.close(found)

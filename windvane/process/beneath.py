"""Files below a folder that somebody else may have filled: no symbolic link is followed, nothing outside is reached."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_beneath(folder: Path, path: str, most: int) -> bytes:
    """The content of a regular file.

    folder    trusted itself
    path      of the file, below it
    most      bytes
    raises    OSError if there is no such file, or something else at its place; ValueError if it is larger
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise FileNotFoundError(path)
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            outer, at = at, os.open(part, _FOLDER, dir_fd=at)
            os.close(outer)
        descriptor = os.open(parts[-1], _FILE, dir_fd=at)
    finally:
        os.close(at)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(f"{path} is no file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path} has more than {most} bytes")
    return content

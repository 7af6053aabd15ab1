"""What may be wrong with a data folder itself: keys, who can read what, and what killed processes left."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from windvane.errors import WindvaneError
from windvane.maintenance.findings import Finding, Kind
from windvane.maintenance.lost_and_found import LostAndFound

_PRIVATE = ("keys.json", "keyring.json", "windvane.db", "windvane.db-wal", "windvane.db-shm")
_TEMPORARY = (".backup-*", ".keys.*", ".keyring.json.*", ".windvane.db.*", ".server.json")
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_keys(readers: dict[str, Callable[[], object]]) -> Iterator[Finding]:
    """Check that key files can be used.

    readers    of key files by their paths; each raises WindvaneError if the file cannot be used
    """
    for path, read in readers.items():
        try:
            read()
        except WindvaneError as error:
            yield Finding(Kind.KEYS_UNREADABLE, path, str(error))


def check_modes(data_dir: Path) -> Iterator[Finding]:
    """Yield the folder, what lies in it, and everything that holds secrets."""
    owner = data_dir.stat().st_uid
    for path in (data_dir, *sorted(data_dir.iterdir())):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            continue
        is_private = path.is_dir() or path.name in _PRIVATE
        if is_private and status.st_mode & _OPEN_TO_OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            yield Finding(Kind.MODE_TOO_OPEN, str(path), f"mode {mode:04o}", _closing(path, mode))
        if status.st_uid != owner:
            yield Finding(
                Kind.OWNER_DIFFERS,
                str(path),
                f"owned by uid {status.st_uid}, the folder by {owner}",
                _giving(path, owner) if os.geteuid() == 0 else None,
            )


def _closing(path: Path, mode: int) -> Callable[[], None]:
    return lambda: path.chmod(mode & ~_OPEN_TO_OTHERS)


def _giving(path: Path, owner: int) -> Callable[[], None]:
    return lambda: os.chown(path, owner, -1, follow_symlinks=False)


def check_leftovers(data_dir: Path, lost: LostAndFound) -> Iterator[Finding]:
    """Temporary files of processes that were killed. Ask only while no server runs."""
    for pattern in _TEMPORARY:
        for path in sorted(data_dir.glob(pattern)):
            if not (path.is_dir() and _is_held(path)):
                yield Finding(Kind.LEFTOVER, str(path), mend=lost.taking(path))


def _is_held(folder: Path) -> bool:
    """Return whether a process works in it (maintenance/snapshot.py locks its own)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

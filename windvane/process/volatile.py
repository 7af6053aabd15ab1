"""Folders in memory: for what must never be written to a disk in the clear.

They lie in the machine's shared memory (/dev/shm), in one folder of mode 0700 for each data folder. What is there survives
the server and its processes, and is gone when the machine goes off. Memory that could be swapped out to a disk in the
clear is of no use for this: then there are none.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is checked below
_IN_MEMORY = ("tmpfs", "ramfs")


def memory_folder(data_dir: Path) -> Path:
    """Return the folder in memory that belongs to a data folder, whether it is there or not."""
    digest = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()
    return SHARED_MEMORY / f"windvane-{digest[:16]}"


def why_no_memory_folder() -> str:
    """Return why folders of this machine's shared memory are of no use, a sentence, or ""."""
    return _why_not(Path("/proc/self/mountinfo"), Path("/proc/swaps"), Path("/sys/block"))


def make_memory_folder(data_dir: Path) -> str:
    """Make it, unless it is there; return why there can be none, a sentence, or "".

    Others may make folders beside it: one of its name that is not ours alone is not used.
    """
    if why := why_no_memory_folder():
        return why
    folder = memory_folder(data_dir)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        return f"{folder} cannot be made: {error.strerror}."
    if not _is_ours_alone(found):
        return f"{folder} belongs to another user, or is open to others: remove it."
    return ""


def in_memory(data_dir: Path, name: str) -> list[Path]:
    """Return what is in a folder of this name in the folder in memory: nothing if that one is not ours alone."""
    root = memory_folder(data_dir)
    try:
        is_ours = _is_ours_alone(root.lstat())
    except OSError:
        return []
    folder = root / name
    return list(folder.iterdir()) if is_ours and folder.is_dir() else []


def _is_ours_alone(found: os.stat_result) -> bool:
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and not found.st_mode & 0o077


def remove_empty_folders(data_dir: Path) -> None:
    """Leave nothing behind of a folder in memory that holds no file; what holds one stays for the next start."""
    for folder, _, _ in os.walk(memory_folder(data_dir), topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()


def free_bytes(data_dir: Path) -> int:
    """Return how many bytes there is room for."""
    found = os.statvfs(memory_folder(data_dir))
    return found.f_bavail * found.f_frsize


def _why_not(mounts: Path, swaps: Path, blocks: Path) -> str:
    kind, options = _mounted(mounts.read_text(), SHARED_MEMORY)
    if kind not in _IN_MEMORY:
        return f"{SHARED_MEMORY} is not in memory on this machine (its file system is {kind or 'none of its own'})."
    if kind == "ramfs" or "noswap" in options:
        return ""
    plain = [name for name in _swaps(swaps.read_text()) if not _is_safe(name, blocks)]
    if plain:
        return (
            f"memory of this machine may be written to {', '.join(plain)}, which is not encrypted: switch swap off, or "
            "encrypt it."
        )
    return ""


def _mounted(text: str, at: Path) -> tuple[str, str]:
    """Type and options of the file system mounted last at a place; "" for none.

    source    "/proc/pid/mountinfo" in proc(5)
    """
    found = ("", "")
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[4] == str(at):
            kind, _, options = after.split(" ", 2)
            found = kind, options
    return found


def _swaps(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:] if line.strip()]


def _is_safe(name: str, blocks: Path) -> bool:
    """Return whether a swap area is compressed memory or an encrypted device."""
    device = Path(name).name
    if device.startswith("zram"):
        return True
    kind = blocks / device / "dm" / "uuid"
    return kind.is_file() and kind.read_text().startswith("CRYPT-")

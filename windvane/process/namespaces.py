"""Namespaces: a network without interfaces, and a file system in which closed folders are covered.

A covered folder shows nothing but the paths that the process needs, at the places where they always are: so these are
reached although the folder above them is closed to the process's user, and nothing beside them is.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from windvane.process.linux import KernelLacks, mount, syscall, unshare

_NEW_MOUNTS, _NEW_IPC, _NEW_USERS, _NEW_NET = 0x00020000, 0x08000000, 0x10000000, 0x40000000

_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18

_CAPABILITIES_VERSION = 0x20080522


def of_users() -> int:
    """Return the number of the user namespace that this process is in."""
    return Path("/proc/self/ns/user").stat().st_ino


def leave_network() -> None:
    """Leave the network: from now on there is none here, not even this machine's own; nor shared memory by key.

    raises    KernelLacks, OSError
    """
    _unshare(_NEW_NET | _NEW_IPC)


def leave_mounts() -> None:
    """Leave the mount namespace: from now on mounts are this process's own.

    raises    KernelLacks, OSError
    """
    _unshare(_NEW_MOUNTS)
    mount("none", "/", "", _RECURSIVE | _PRIVATE)


def cover(folders: Iterable[Path], needed: Sequence[Path]) -> None:
    """Put an empty folder over each of these, with what is needed below it at its place.

    raises    KernelLacks, OSError
    """
    for folder in outermost(folder for folder in folders if folder.is_dir()):
        inside = outermost(
            path for path in needed if path != folder and path.is_relative_to(folder)
        )
        opened = [
            (path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in inside if path.exists()
        ]
        try:
            flags = _NO_SUID | _NO_DEVICES | _NO_EXEC
            mount("none", str(folder), "tmpfs", flags, "mode=0755,size=256k,nr_inodes=4096")
            for path, descriptor in opened:
                _make_place(path, folder, is_folder=stat.S_ISDIR(os.fstat(descriptor).st_mode))
                mount(f"/proc/self/fd/{descriptor}", str(path), "", _BIND | _RECURSIVE)
            mount("none", str(folder), "", flags | _REMOUNT | _BIND | _READ_ONLY)
        finally:
            for _, descriptor in opened:
                os.close(descriptor)


def closed_ancestors(paths: Iterable[Path], is_open: int = stat.S_IXOTH) -> set[Path]:
    """Return the folders above these paths, the outermost of each, that users other than their owner may not pass."""
    found = set()
    for path in paths:
        for folder in reversed(path.parents):
            with suppress(OSError):
                if not folder.stat().st_mode & is_open:
                    found.add(folder)
                    break
    return found


def outermost(paths: Iterable[Path]) -> list[Path]:
    """Return those that lie below no other of them, in order."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def drop_capabilities() -> None:
    """Give up every capability, also those that a new user namespace gave.

    raises    KernelLacks, OSError
    """

    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    none = (ctypes.c_uint32 * 6)()
    syscall("capset", ctypes.byref(Header(_CAPABILITIES_VERSION, 0)), ctypes.byref(none))


def _unshare(flags: int) -> None:
    """Call unshare(2); where this process may not, a user namespace of its own in which it may; its user stays who it
    is."""
    try:
        unshare(flags)
    except KernelLacks:
        user, group = os.geteuid(), os.getegid()
        unshare(flags | _NEW_USERS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _make_place(path: Path, folder: Path, *, is_folder: bool) -> None:
    for parent in reversed(path.parents):
        if parent.is_relative_to(folder) and parent != folder:
            parent.mkdir(mode=0o755, exist_ok=True)
            parent.chmod(0o755)
    if is_folder:
        path.mkdir(mode=0o755)
    else:
        path.touch(mode=0o644)

"""Landlock: from now on this process reaches the named parts of the file system alone, and no TCP port.

What a kernel's Landlock can do is told by its ABI number (source: Documentation/userspace-api/landlock.rst of the
kernel): 2 moves files between folders (without it no task could run, so 1 counts as none), 3 truncation, 4 TCP,
5 device ioctls, 6 abstract sockets and signals.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from windvane.process.linux import KernelLacks, syscall

LEAST_ABI = 2

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of access to files an ABI knows."""

_READS = _READ_FILE | _READ_DIR
_WRITES = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM
_OF_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE

_ALL_TCP = 0b11
_ALL_SCOPES = 0b11
_VERSION = 1
_PATH_BENEATH = 1


class _Ruleset(ctypes.Structure):
    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def abi() -> int:
    """Return the version of this kernel's Landlock; 0 if it has none or it is switched off."""
    try:
        return syscall("landlock_create_ruleset", None, 0, _VERSION)
    except (KernelLacks, OSError):
        return 0


def restrict(read: Iterable[Path], write: Iterable[Path]) -> None:
    """Give up every access to files but reading below `read`, and reading and writing below `write`; give up TCP, and
    signals to processes outside, as far as this kernel can. Of this thread and those it starts: there must be no other.
    Paths that do not exist are left out. Nothing may be executed.

    raises    KernelLacks, OSError
    """
    version = abi()
    if version < LEAST_ABI:
        raise KernelLacks("Landlock", 38)
    fs = (1 << _FS_BITS[min(version, max(_FS_BITS))]) - 1
    ruleset = _Ruleset(fs, _ALL_TCP, _ALL_SCOPES)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = syscall("landlock_create_ruleset", ctypes.byref(ruleset), size, 0)
    try:
        for path in read:
            _allow(rules, path, _READS & fs)
        for path in write:
            _allow(rules, path, (_READS | _WRITES | _REFER | _TRUNCATE) & fs)
        syscall("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _OF_FILES
        beneath = _Beneath(access, descriptor)
        syscall("landlock_add_rule", rules, _PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(descriptor)

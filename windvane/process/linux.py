"""System calls of Linux that Python does not offer, by name. Standard library alone."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform

from windvane.errors import WindvaneError


class KernelLacks(WindvaneError):
    """A system call or an option of one does not exist here, or this process may not use it."""

    def __init__(self, what: str, number: int) -> None:
        self.number = number
        super().__init__(f"{what}: {os.strerror(number)}")


_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

_NUMBERS = {
    "x86_64": {"capset": 126, "seccomp": 317},
    "aarch64": {"capset": 91, "seccomp": 277},
}
"""Of calls whose number differs; source: the kernel's tables, arch/x86/entry/syscalls and asm-generic/unistd.h"""

_PROBE_BYTES = 1 << 16

_PR_SET_NAME, NAME_BYTES = 15, 15
"""Source: linux/prctl.h, and TASK_COMM_LEN less the byte that ends it"""

_SAME = {
    "openat2": 437,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}


def machine() -> str:
    """Return the processor architecture as the kernel calls it."""
    return platform.machine()


def syscall(name: str, *arguments: object) -> int:
    """Make a system call.

    raises    KernelLacks if this architecture, kernel or process has it not; OSError for what else goes wrong
    """
    number = _SAME.get(name) or _NUMBERS.get(machine(), {}).get(name)
    if number is None:
        raise KernelLacks(name, errno.ENOSYS)
    result = int(_LIBC.syscall(ctypes.c_long(number), *map(_as_argument, arguments)))
    if result < 0:
        raise_for(name, ctypes.get_errno())
    return result


def prctl(option: int, *arguments: int) -> int:
    """Call prctl(2).

    raises    KernelLacks, OSError
    """
    given = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    result = int(_LIBC.prctl(ctypes.c_int(option), *given))
    if result < 0:
        raise_for(f"prctl({option})", ctypes.get_errno())
    return result


def forbids_callbacks() -> bool:
    """Return whether libraries cannot call back into Python, because nothing may write memory and execute it, as under
    `MemoryDenyWriteExecute=` of systemd. ctypes then raises MemoryError, whatever memory there is."""
    try:
        mmap.mmap(-1, _PROBE_BYTES).close()
    except (MemoryError, OSError):
        return False  # there is none left
    try:
        ctypes.CFUNCTYPE(None)(lambda: None)
    except MemoryError:
        return True
    return False


def name_process(name: str) -> None:
    """Give this process the name that `ps` and /proc/PID/comm show, of which the kernel keeps 15 bytes.

    raises    OSError
    """
    kept = ctypes.create_string_buffer(name.encode()[:NAME_BYTES] + b"\0")
    prctl(_PR_SET_NAME, ctypes.addressof(kept))


def unshare(flags: int) -> None:
    """Call unshare(2).

    raises    KernelLacks, OSError
    """
    if _LIBC.unshare(ctypes.c_int(flags)) != 0:
        raise_for("unshare", ctypes.get_errno())


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Call mount(2).

    raises    KernelLacks, OSError
    """
    given = [text.encode() for text in (source, target, kind)]
    if _LIBC.mount(*given, ctypes.c_ulong(flags), data.encode() or None) != 0:
        raise_for(f"mount on {target}", ctypes.get_errno())


def raise_for(what: str, number: int) -> None:
    """Raise what a system call's error number means.

    raises    KernelLacks or OSError, by the error's number
    """
    if number in (errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSPC):
        raise KernelLacks(what, number)
    raise OSError(number, f"{what}: {os.strerror(number)}")


def _as_argument(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value

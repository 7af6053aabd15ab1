"""Seccomp: from now on the kernel answers this process's system calls by a program that is built here.

The program looks at the call's number first and at arguments for few calls alone, so that the kernel (5.11 and newer)
answers every allowed call from a bitmap, without running it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from windvane.process.linux import KernelLacks, machine, prctl, syscall
from windvane.process.syscalls import NUMBERS

ALLOW = 0x7FFF0000
KILL = 0x80000000
ERRNO = 0x00050000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_CLONE_NEW_ANYTHING = 0x7E020000
_TERMINAL = (0x5401, 0x802C542A, 0x5413)
_PIPE = (0x541B, 0x5421, 0x5450, 0x5451)
_CONTROLS = (*_TERMINAL, *_PIPE)
"""TCGETS, TCGETS2 and TIOCGWINSZ: whether a file is a terminal, and its size; FIONREAD, FIONBIO, FIONCLEX and FIOCLEX.
All others are a file system's or a device's own, and no Landlock looks at those of a file system: one makes snapshots
of folders that nobody may read, another sends signals."""

_FILE_OWNERS = (8, 10, 15)
"""F_SETOWN, F_SETSIG and F_SETOWN_EX: which signal a file sends, and to which process."""

_LEASES = (1024, 1026)
"""F_SETLEASE and F_NOTIFY: whoever opens a file waits for its lease, a file that can only be read included."""

_LOCKS = (6, 7, 37, 38)
"""F_SETLK, F_SETLKW, F_OFD_SETLK and F_OFD_SETLKW: each byte of a file may have one, in memory of the kernel that no limit
counts. Answered as if they were done: nobody else uses the files of a process here."""

_PRCTL_REFUSED = (1, 22, 62, 78)
"""PR_SET_PDEATHSIG: outliving its parent. PR_SET_SECCOMP and PR_FUTEX_HASH: filters, and a table of waiting threads of a
gigabyte, are memory of the kernel that no limit counts. PR_SCHED_CORE: a core of which nobody else may have the other half."""

_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_TSYNC, _SPEC_ALLOW = 1 << 0, 1 << 2

_KILLS = (
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "bpf",
)
"""Nothing that we run, nor any library, tries these by accident."""

_IGNORED = frozenset(
    {"chmod", "fchmod", "fchmodat", "fchmodat2", "utime", "utimes", "futimesat", "utimensat"}
)
"""Answered as if they were done, and nothing is: whoever copies a file asks for them. No Landlock keeps a process from
the mode of a file of its user's, wherever that is."""

_OPENS = {"open": 1, "openat": 2}
"""By which argument are the flags."""

_TRUNCATES, _WRITES, _READS_AND_WRITES = 0o1000, 0o1, 0o2
"""O_TRUNC, O_WRONLY and O_RDWR."""

_MAPS_SHARED, _MAPS_NO_FILE = 0x01, 0x20
"""MAP_SHARED and MAP_ANONYMOUS."""

_OTHERS = (
    *_OPENS,
    "mmap",
    "openat2",
    "clone",
    "clone3",
    "kill",
    "tgkill",
    "prlimit64",
    "ioctl",
    "fcntl",
    "prctl",
    "sched_setaffinity",
)
"""Allowed for some arguments alone."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, constant."""


@dataclass(frozen=True)
class Check:
    """The condition on a call's argument: the whole low word one of `values`, or, of its bits, some of `wants` and none of
    `lacks`."""

    argument: int
    values: tuple[int, ...] = ()
    wants: int = 0
    lacks: int = 0


def program(own_pid: int, architecture: str) -> list[Instruction]:
    """Return the filter for a process of this id: no network, no other program or process, no signals to others,
    nothing that looks into other processes, folders, namespaces, mounts, keys, the kernel; nothing that holds memory
    which no limit counts (files in memory, shared memory, pages in pipes, pairs of sockets, locks of files, rules of
    Landlock, filters like this one), or takes of what is its user's as a whole (watches of epoll and inotify,
    descriptors on their way through a socket). What is refused gets EPERM.

    raises    KernelLacks for an architecture whose numbers are not known
    """
    numbers = NUMBERS.get(architecture)
    if numbers is None:
        raise KernelLacks(f"seccomp on {architecture}", errno.ENOSYS)
    made: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[architecture]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if architecture == "x86_64":
        made += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, KILL)]
    for name, number in numbers.items():
        if name in _OTHERS:
            continue
        made += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _answer_to(name))]
    for name in ("clone3", "openat2"):  # their arguments are in memory, which no filter reads
        made += [(_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    for name, argument in _OPENS.items():
        if name in numbers:
            made += _unless_it_empties(numbers[name], argument)
    made += _unless_it_shares_memory(numbers["mmap"])
    threads = Check(0, wants=_CLONE_THREAD, lacks=_CLONE_NEW_ANYTHING)
    made += _if_call(numbers["clone"], threads)
    made += _if_call(numbers["kill"], Check(0, values=(own_pid,)))
    made += _if_call(numbers["tgkill"], Check(0, values=(own_pid,)))
    made += _if_call(numbers["prlimit64"], Check(0, values=(0, own_pid)))
    made += _if_call(numbers["sched_setaffinity"], Check(0, values=(0,)))
    made += _if_call(numbers["ioctl"], Check(1, values=_CONTROLS), ERRNO | errno.ENOTTY)
    on_files = dict.fromkeys((*_FILE_OWNERS, *_LEASES), _refusal()) | dict.fromkeys(_LOCKS, ERRNO)
    made += _unless(numbers["fcntl"], 1, on_files)
    made += _unless(numbers["prctl"], 0, dict.fromkeys(_PRCTL_REFUSED, _refusal()))
    made.append((_RETURN, 0, 0, ALLOW))
    return made


def is_available() -> bool:
    """Return whether this kernel takes such programs, and the numbers of this architecture are known."""
    if machine() not in NUMBERS:
        return False
    try:
        syscall("seccomp", _GET_ACTION_AVAIL, 0, ctypes.byref(ctypes.c_uint32(KILL)))
    except (KernelLacks, OSError):
        return False
    return True


def restrict() -> None:
    """Put `program` over every thread of this process, for good. It must have no_new_privs.

    raises    KernelLacks, OSError
    """
    instructions = program(os.getpid(), machine())
    text = b"".join(struct.pack("=HBBI", *one) for one in instructions)
    buffer = ctypes.create_string_buffer(text, len(text))
    filtered = _Program(len(instructions), ctypes.addressof(buffer))
    for flags in (_TSYNC | _SPEC_ALLOW, _TSYNC):
        try:
            syscall("seccomp", _SET_MODE_FILTER, flags, ctypes.byref(filtered))
        except KernelLacks as error:
            if error.number != errno.EINVAL or flags == _TSYNC:
                raise
        else:
            return


def no_new_privileges() -> None:
    """Give up privileges: from now on no program that this process becomes has more rights than it has."""
    prctl(38, 1)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _answer_to(name: str) -> int:
    if name in _KILLS:
        return KILL
    return ERRNO if name in _IGNORED else _refusal()


def _refusal() -> int:
    return ERRNO | errno.EPERM


def _if_call(
    number: int, check: Check, refusal: int = ERRNO | errno.EPERM
) -> Iterator[Instruction]:
    """Allow the call if its argument is right, refuse it otherwise; other calls go on behind this block."""
    block = list(_checked(check, refusal))
    yield (_EQUAL, 0, len(block), number)
    yield from block


def _checked(check: Check, refusal: int) -> Iterator[Instruction]:
    yield (_LOAD, 0, 0, _ARGUMENTS + 8 * check.argument)
    if check.values:
        for left, value in zip(range(len(check.values) - 1, -1, -1), check.values, strict=True):
            yield (_EQUAL, left + 1, 0, value)
    else:
        yield (_ANY_BIT, 0, 1, check.wants)
        yield (_ANY_BIT, 0, 1, check.lacks)
    yield (_RETURN, 0, 0, refusal)
    yield (_RETURN, 0, 0, ALLOW)


def _unless_it_empties(number: int, argument: int) -> Iterator[Instruction]:
    """Refuse to open a file to empty it, and not to write: before Linux 6.2 Landlock takes that for reading."""
    yield (_EQUAL, 0, 7, number)
    yield (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)
    yield (_ANY_BIT, 0, 4, _TRUNCATES)
    yield (_ANY_BIT, 1, 0, _WRITES)
    yield (_ANY_BIT, 2, 1, _READS_AND_WRITES)
    yield (_ANY_BIT, 0, 1, _READS_AND_WRITES)  # both at once are neither
    yield (_RETURN, 0, 0, _refusal())
    yield (_RETURN, 0, 0, ALLOW)


def _unless_it_shares_memory(number: int) -> Iterator[Instruction]:
    """Refuse memory that is shared and of no file: it is there, and counted nowhere, when its pages are let go
    (MADV_DONTNEED)."""
    yield (_EQUAL, 0, 5, number)
    yield (_LOAD, 0, 0, _ARGUMENTS + 8 * 3)
    yield (_ANY_BIT, 0, 2, _MAPS_NO_FILE)
    yield (_ANY_BIT, 0, 1, _MAPS_SHARED)
    yield (_RETURN, 0, 0, _refusal())
    yield (_RETURN, 0, 0, ALLOW)


def _unless(number: int, argument: int, answers: Mapping[int, int]) -> Iterator[Instruction]:
    """Answer the call by its argument if that is one of these, allow it otherwise."""
    yield (_EQUAL, 0, 2 * len(answers) + 2, number)
    yield (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)
    for value, answer in answers.items():
        yield (_EQUAL, 0, 1, value)
        yield (_RETURN, 0, 0, answer)
    yield (_RETURN, 0, 0, ALLOW)

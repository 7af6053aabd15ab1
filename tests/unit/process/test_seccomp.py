"""The filter, run by an interpreter of its instructions, and the numbers against the kernel's own headers."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from windvane.process.linux import KernelLacks
from windvane.process.seccomp import ALLOW, ERRNO, KILL, Instruction, program
from windvane.process.syscalls import NUMBERS

PID = 4242
REFUSED = ERRNO | errno.EPERM
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def answer(
    made: list[Instruction], number: int, *arguments: int, architecture: int = 0xC000003E
) -> int:
    """What the kernel would do with a call."""
    data = {0: number, 4: architecture}
    data |= {16 + 8 * place: value & 0xFFFFFFFF for place, value in enumerate(arguments)}
    value, at = 0, 0
    while True:
        code, yes, no, constant = made[at]
        at += 1
        if code == 0x20:
            value = data.get(constant, 0)
        elif code == 0x06:
            return constant
        else:
            holds = {
                0x15: value == constant,
                0x35: value >= constant,
                0x45: bool(value & constant),
            }[code]
            at += yes if holds else no


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_calls_are_refused_by_their_number(architecture: str) -> None:
    made, numbers = program(PID, architecture), NUMBERS[architecture]
    token = ARCHITECTURES[architecture]
    for name in (
        "socket",
        "socketpair",
        "ptrace",
        "execve",
        "unshare",
        "mount",
        "open_by_handle_at",
        "keyctl",
    ):
        assert answer(made, numbers[name], architecture=token) == REFUSED, name
    for name in ("kexec_load", "init_module", "bpf", "reboot"):
        assert answer(made, numbers[name], architecture=token) == KILL, name
    assert answer(made, numbers["clone3"], architecture=token) == ERRNO | errno.ENOSYS


def test_what_programs_need_is_allowed() -> None:
    made = program(PID, "x86_64")
    refused = set(NUMBERS["x86_64"].values())
    for number in set(range(460)) - refused:
        assert answer(made, number) == ALLOW, number


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_memory_is_shared_by_files_alone(architecture: str) -> None:
    made, token = program(PID, architecture), ARCHITECTURES[architecture]
    number = NUMBERS[architecture]["mmap"]
    shared, private, no_file = 0x01, 0x02, 0x20
    for flags, expected in (
        (shared | no_file, REFUSED),
        (shared | no_file | 0x8000, REFUSED),
        (shared, ALLOW),
        (private, ALLOW),
        (private | no_file, ALLOW),
    ):
        assert answer(made, number, 0, 4096, 3, flags, architecture=token) == expected, flags


def test_locks_of_files_are_taken_for_done() -> None:
    made, number = program(PID, "x86_64"), NUMBERS["x86_64"]["fcntl"]
    assert {answer(made, number, 3, command) for command in (6, 7, 37, 38)} == {ERRNO}
    assert {answer(made, number, 3, command) for command in (8, 10, 15, 1024, 1026)} == {REFUSED}
    assert {answer(made, number, 3, command) for command in (1, 3, 4, 5, 1030)} == {ALLOW}


def test_another_architecture_ends_the_process() -> None:
    made = program(PID, "x86_64")
    assert answer(made, 0, architecture=0x40000003) == KILL, "32 bits have other numbers"
    assert answer(made, 0x40000000 | 41) == KILL, "x32 has them too"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("kill", (PID, 9), ALLOW),
        ("kill", (1, 9), REFUSED),
        ("kill", (-1, 9), REFUSED),
        ("kill", (0, 9), REFUSED),
        ("tgkill", (PID, 7, 9), ALLOW),
        ("tgkill", (7, 7, 9), REFUSED),
        ("prlimit64", (0, 7), ALLOW),
        ("prlimit64", (PID, 7), ALLOW),
        ("prlimit64", (7, 7), REFUSED),
        ("clone", (0x3D0F00,), ALLOW),
        ("clone", (17,), REFUSED),
        ("clone", (0x10000 | 0x10000000,), REFUSED),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), ERRNO | errno.ENOTTY),
        ("ioctl", (0, 0x541C), ERRNO | errno.ENOTTY),
        ("ioctl", (0, 0x5421), ALLOW),
        ("ioctl", (0, 0x50009417), ERRNO | errno.ENOTTY),
        ("ioctl", (0, 0x8901), ERRNO | errno.ENOTTY),
        ("fcntl", (0, 4), ALLOW),
        ("fcntl", (0, 8), REFUSED),
        ("fcntl", (0, 1024), REFUSED),
        ("sched_setaffinity", (0, 8), ALLOW),
        ("sched_setaffinity", (7, 8), REFUSED),
        ("prctl", (1, 0), REFUSED),
        ("prctl", (62, 1), REFUSED),
        ("prctl", (78, 1), REFUSED),
        ("prctl", (15, 0), ALLOW),
    ],
)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_some_calls_are_allowed_for_some_arguments(
    architecture: str, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    made, token = program(PID, architecture), ARCHITECTURES[architecture]
    number = NUMBERS[architecture][name]
    assert answer(made, number, *arguments, architecture=token) == expected


def test_an_unknown_architecture_has_no_filter() -> None:
    with pytest.raises(KernelLacks, match="riscv64"):
        program(PID, "riscv64")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_jumps_stay_within_the_program(architecture: str) -> None:
    made = program(PID, architecture)
    assert len(made) < 4096
    assert made[-1] == (0x06, 0, 0, ALLOW)
    for at, (_, yes, no, _) in enumerate(made[:-1]):
        assert at + 1 + max(yes, no) < len(made)
        assert max(yes, no) < 256


@pytest.mark.parametrize("architecture", HEADERS)
def test_numbers_are_the_kernels(architecture: str) -> None:
    if not HEADERS[architecture].is_file():
        pytest.skip("the headers of the C library are not installed")
    text = HEADERS[architecture].read_text()
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)
    known = {name: int(number) for name, number in found}
    own = NUMBERS[architecture]
    assert {name: own[name] for name in own if name in known} == {
        name: known[name] for name in own if name in known
    }


@pytest.mark.parametrize(("name", "place"), [("open", 1), ("openat", 2)])
def test_no_file_is_emptied_but_by_whoever_may_write_it(name: str, place: int) -> None:
    made, number = program(PID, "x86_64"), NUMBERS["x86_64"][name]
    reads, writes, both, neither, empties, makes = 0, 1, 2, 3, 0o1000, 0o100
    for flags in (reads, writes, both, neither, writes | empties | makes, both | empties):
        assert answer(made, number, *[0] * place, flags) == ALLOW, flags
    for flags in (reads | empties, neither | empties, reads | empties | makes):
        assert answer(made, number, *[0] * place, flags) == REFUSED, flags

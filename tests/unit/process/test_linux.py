"""What the kernel allows is found out by trying."""

import subprocess
import sys

import pytest

from windvane.process import child as child_module
from windvane.process import linux
from windvane.process.child import Child, Ending
from windvane.process.linux import forbids_callbacks

_UNDER_FILTER = """
import ctypes, struct
from windvane.process.linux import forbids_callbacks, machine, prctl
mmap, mprotect = {"x86_64": (9, 10), "aarch64": (222, 226)}[machine()]
refuse, allow = (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)
number, protection = (0x20, 0, 0, 0), (0x20, 0, 0, 32)
program = [
    number, (0x15, 0, 3, mmap), protection, (0x45, 0, 1, 4), refuse,
    number, (0x15, 0, 3, mprotect), protection, (0x45, 0, 1, 4), refuse, allow,
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
prctl(38, 1)
prctl(22, 2, ctypes.addressof(filter))
print(forbids_callbacks())
"""
"""EPERM for executable memory: what `MemoryDenyWriteExecute=` of systemd and a sandbox without files to map instead refuse."""


def test_callbacks_are_not_forbidden_here() -> None:
    assert not forbids_callbacks()


def test_memory_that_may_not_be_written_and_executed_forbids_callbacks() -> None:
    """In a process that has made none yet: whoever has one has the memory for others."""
    program = [sys.executable, "-c", _UNDER_FILTER]
    asked = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    assert asked == "True\n"


def test_without_any_memory_left_callbacks_are_not_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: int) -> None:
        raise MemoryError

    monkeypatch.setattr(linux.mmap, "mmap", refused)
    monkeypatch.setattr(linux.ctypes, "CFUNCTYPE", refused)
    assert not forbids_callbacks()


def test_a_child_that_may_not_call_back_does_not_blame_its_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails() -> None:
        raise MemoryError

    monkeypatch.setattr(child_module, "forbids_callbacks", lambda: True)
    ended = Child.start(fails).wait(240)
    assert ended is not None
    assert ended.ending is Ending.FAILED
    assert "MemoryDenyWriteExecute" in ended.text

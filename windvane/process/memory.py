"""What a tree of processes holds: which processes belong to it and how much memory is theirs. Linux only."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from windvane.process.linux import NAME_BYTES

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_KB_PER_MB = 1024
_FIELD = re.compile(r"(\w+):\s*([0-9]+) kB", re.ASCII)
_LOOK_S = 0.2

MARGIN = 1.1
"""Times a limit that the kernel keeps: what is held in spite of it, and is more than a rounding, got round it."""


def tree_of(leader: int) -> set[int]:
    """Return the pids of a session leader, of its session, and of all their descendants that still run."""
    parent_of: dict[int, int] = {}
    tree = {leader}
    for pid, parent, session in _processes():
        parent_of[pid] = parent
        if session == leader:
            tree.add(pid)
    grown = True
    while grown:
        more = {pid for pid, parent in parent_of.items() if parent in tree} - tree
        tree |= more
        grown = bool(more)
    return tree


def tree_memory_mb(leader: int) -> float:
    """Memory in MiB that the tree holds and that could not be taken back by dropping file pages: anonymous and
    shared memory, swapped out or not, pages shared with other processes counted in proportion, and the tables of what is
    mapped."""
    return sum(_held_kb(pid) for pid in tree_of(leader)) / _KB_PER_MB


def children_memory_mb(parent: int) -> float:
    """Return the same of all that descends from a process, without the process itself."""
    return sum(_held_kb(pid) for pid in tree_of(parent) - {parent}) / _KB_PER_MB


def children_named(parent: int, name: str) -> list[int]:
    """Return the pids of a process's children that have this name, as `ps` shows it (linux.py, `name_process`)."""
    return [
        pid
        for pid, above, _ in _processes()
        if above == parent and _name_of(pid) == name.encode()[:NAME_BYTES]
    ]


def exceeds_mb(leader: int, cap_mb: float) -> tuple[bool, float]:
    """Return whether the tree holds more than `cap_mb`, and the MiB that this is judged by.

    Resident memory, an upper bound, costs little to ask; only above the cap is the exact share worked out.
    """
    bound_mb = sum(_resident_kb(pid) for pid in tree_of(leader)) / _KB_PER_MB
    if bound_mb <= cap_mb:
        return False, bound_mb
    held_mb = tree_memory_mb(leader)
    return held_mb > cap_mb, held_mb


def process_memory_mb(pid: int) -> float:
    """Return the same of one process that shares nothing with others; 0 once it is gone."""
    return _resident_kb(pid) / _KB_PER_MB


@contextmanager
def ended_above(pid: int, most_mb: float) -> Iterator[None]:
    """Meanwhile a child of this process is killed once it holds more than that. Limits that the kernel keeps (RLIMIT_DATA)
    do not count what is made read-only again, what is shared, nor the tables of what is mapped."""
    pidfd, is_over = os.pidfd_open(pid), threading.Event()

    def watch() -> None:
        while not is_over.wait(_LOOK_S):
            if process_memory_mb(pid) > most_mb:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                return

    thread = threading.Thread(target=watch, name="memory", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        os.close(pidfd)


def writable_bytes() -> int:
    """Return what RLIMIT_DATA counts of this process: its private writable mappings, touched or not."""
    return _fields(_PROC / "self" / "status").get("VmData", 0) * 1024


def machine_memory_mb() -> int:
    """MiB that this machine, or the container or service around us, has."""
    total_kb = _fields(_PROC / "meminfo")["MemTotal"]
    try:
        own = (_PROC / "self" / "cgroup").read_text()
    except OSError:
        own = ""
    return min(total_kb // _KB_PER_MB, *(_limit_mb(file) for file in cgroup_limits(own)))


def cgroup_limits(own: str) -> Iterator[Path]:
    """Yield the files with the limits of memory of our control group and of all above it: each of them holds. A container
    may show its own group as the root.

    own       what /proc/self/cgroup says
    source    cgroups(7)
    """
    for line in ("0::/", "0:memory:/", *own.splitlines()):
        _, controllers, group = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = _CGROUPS / "memory" if controllers else _CGROUPS
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        folder = Path(group.lstrip("/"))
        yield from (root / one / name for one in (folder, *folder.parents))


def _limit_mb(file: Path) -> int:
    """Return what a control group allows; more than any machine has if it sets no limit."""
    try:
        text = file.read_text().strip()
    except OSError:
        return sys.maxsize
    return int(text) // 1024**2 if text.isdigit() else sys.maxsize


def _processes() -> Iterator[tuple[int, int, int]]:
    """Yield (pid, parent's pid, session) of every process of the machine."""
    for name in os.listdir(_PROC):  # noqa: PTH208 - several times a second: a third of the time
        if not name.isdigit():
            continue
        try:
            with open(f"{_PROC}/{name}/stat", "rb") as file:  # noqa: PTH123 - the same
                stat = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        after_name = stat[stat.rindex(b")") + 2 :].split(maxsplit=4)
        yield int(name), int(after_name[1]), int(after_name[3])


def _name_of(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "comm").read_bytes().removesuffix(b"\n")
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _held_kb(pid: int) -> int:
    rollup = _fields(_PROC / str(pid) / "smaps_rollup")
    if "Pss_Anon" not in rollup:
        return _resident_kb(pid)
    tables = _fields(_PROC / str(pid) / "status").get("VmPTE", 0)
    return rollup["Pss_Anon"] + rollup.get("Pss_Shmem", 0) + rollup.get("SwapPss", 0) + tables


def _resident_kb(pid: int) -> int:
    status = _fields(_PROC / str(pid) / "status")
    return sum(status.get(name, 0) for name in ("RssAnon", "RssShmem", "VmSwap", "VmPTE"))


def _fields(path: Path) -> dict[str, int]:
    """Read lines of the form 'Name: 123 kB'; {} once the process is gone or if its file may not be read. In one of
    the others is what the process calls itself, which need be no text, and may look like such a line."""
    try:
        lines = path.read_text(errors="replace").split("\n")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    matches = (_FIELD.fullmatch(line) for line in lines)
    return {found[1]: int(found[2]) for found in matches if found is not None}

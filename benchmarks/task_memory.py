"""What each task of a job holds while it runs, and all of them together, apart by what the kernel could take back.

The library starts one process for a job, and that one a process for each task. They lead sessions of their own, which whatever they
start is in, and bear the name of what they do.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from benchmarks.markdown import markdown_table, number

_PROC = Path("/proc")
_LOOK_S, _ROW_S = 0.1, 5.0
_GROWTH = 1.02
"""The exact share is asked for once an upper bound of it, which costs the kernel nothing, has grown so much."""

_DEPTH_OF_TASKS = 3
"""Below whoever watches: whom a job is asked of, the job's process, its tasks."""

_EXACT = {"Pss_Anon:": "anon", "Pss_Shmem:": "shared", "Pss_File:": "file", "SwapPss:": "swapped"}
_BOUND = frozenset({"RssAnon:", "RssShmem:", "VmSwap:"})
_HEAD = (
    "process",
    "from s",
    "for s",
    "anonymous MB",
    "shared MB",
    "mapped files MB",
    "held MB",
    "may hold MB",
)


@dataclass(frozen=True)
class Held:
    """Proportional shares in KiB: pages that several processes have are divided among them. Of `file` the kernel takes back what
    is wanted elsewhere."""

    anon: int = 0
    shared: int = 0
    file: int = 0
    swapped: int = 0

    @property
    def kept(self) -> int:
        """What the kernel cannot take back, and memory limits count."""
        return self.anon + self.shared + self.swapped

    def __add__(self, other: Held) -> Held:
        return Held(
            self.anon + other.anon,
            self.shared + other.shared,
            self.file + other.file,
            self.swapped + other.swapped,
        )


class Who(NamedTuple):
    """The leader of a session, and when it began, as the kernel counts: numbers of processes are used again.

    is_task    whether it does a task, and is neither who wants the job done nor the job's process
    """

    pid: int
    began: int
    is_task: bool


@dataclass
class Watched:
    """What was seen of one of them.

    began      seconds since the watch began; `seen`: at the last look at it
    most       what it held when it held most; `file`: the most of mapped files in KiB, which may be another moment
    bound      the upper bound when the share was last asked for
    n_beside   the most tasks that there were beside it
    """

    name: str
    began: float
    seen: float
    most: Held = Held()
    file: int = 0
    bound: int = 0
    n_beside: int = 0

    def add(self, held: Held, bound: int) -> None:
        """Take in a look."""
        self.file, self.bound = max(self.file, held.file), max(self.bound, bound)
        if held.kept >= self.most.kept:
            self.most = held


class TaskMemory(threading.Thread):
    """Watches what runs below a process until it is stopped.

    found      in the order in which they came
    together   the most that all of them held at once, and `tasks_together` all tasks
    timeline   every five seconds: the second, and what each held that was there
    """

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.found: dict[Who, Watched] = {}
        self.together = self.tasks_together = Held()
        self.timeline: list[tuple[float, Mapping[str, Held]]] = []
        self._root, self._over, self._start = root, threading.Event(), time.monotonic()
        self._bound = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        next_row = 0.0
        while not self._over.wait(_LOOK_S):
            at = time.monotonic() - self._start
            there = sessions(self._root)
            bounds = {who: sum(map(_bound_kb, pids)) for who, pids in there.items()}
            self._see(there, at)
            total, is_due = sum(bounds.values()), at >= next_row
            if is_due or total > _GROWTH * self._bound:
                self._bound = max(total, self._bound)
                held = self._ask(there, bounds)
                self._add_up(held)
                if is_due:
                    next_row = at + _ROW_S
                    named = {self.found[who].name: one for who, one in held.items()}
                    self.timeline.append((at, named))
            else:
                grown = [who for who in there if bounds[who] > _GROWTH * self.found[who].bound]
                self._add_up(self._ask({who: there[who] for who in grown}, bounds))

    def _see(self, there: Iterable[Who], at: float) -> None:
        n_tasks = sum(who.is_task for who in there)
        for who in there:
            name = _text(_PROC / str(who.pid) / "comm").strip()
            seen = self.found.setdefault(who, Watched(name, at, at))
            seen.name, seen.seen = name or seen.name, at
            seen.n_beside = max(seen.n_beside, n_tasks - who.is_task)

    def _ask(
        self, there: Mapping[Who, Sequence[int]], bounds: Mapping[Who, int]
    ) -> dict[Who, Held]:
        held = {who: _held(pids) for who, pids in there.items()}
        for who, one in held.items():
            self.found[who].add(one, bounds[who])
        return held

    def _add_up(self, held: Mapping[Who, Held]) -> None:
        whole = sum(held.values(), Held())
        of_tasks = sum((one for who, one in held.items() if who.is_task), Held())
        self.together = max(self.together, whole, key=_kept)
        self.tasks_together = max(self.tasks_together, of_tasks, key=_kept)


def memory_table(watch: TaskMemory, allowed_mb: int, threads: int) -> str:
    """Return what each held at most, as a table, and all tasks together.

    allowed_mb    that all tasks may hold together; a task that was never beside another may hold all of it, any other its share
    """
    rows = [
        [
            seen.name,
            number(seen.began, 0),
            number(seen.seen - seen.began, 1),
            *_figures(seen.most, seen.file),
            number(allowed_mb // (threads if seen.n_beside else 1), 0) if who.is_task else "",
        ]
        for who, seen in watch.found.items()
    ]
    tasks, whole = watch.tasks_together, watch.together
    rows.append(["all tasks", "", "", *_figures(tasks, tasks.file), number(allowed_mb, 0)])
    rows.append(["all processes", "", "", *_figures(whole, whole.file), ""])
    return markdown_table(_HEAD, rows)


def write_timeline(watch: TaskMemory, file: Path) -> None:
    """Write a CSV file of what each held every five seconds, in KiB."""
    lines = ["seconds,process,anonymous,shared,mapped_files,swapped"]
    for at, held in watch.timeline:
        lines += [
            f"{at:.1f},{name},{one.anon},{one.shared},{one.file},{one.swapped}"
            for name, one in held.items()
        ]
    file.write_text("\n".join(lines) + "\n")


def _figures(most: Held, file: int) -> list[str]:
    return [number(kb / 1024, 0) for kb in (most.anon, most.shared, file, most.kept)]


def _kept(held: Held) -> int:
    return held.kept


def sessions(root: int) -> dict[Who, list[int]]:
    """Return the processes below `root` by the task that they are part of. Sessions whose leader has ended are left out."""
    rows = {}
    for name in os.listdir(_PROC):  # noqa: PTH208 - many times a second
        if name.isdigit() and (stat := _text(_PROC / name / "stat")):
            words = stat.rpartition(")")[2].split()
            rows[int(name)] = int(words[1]), int(words[3]), int(words[19])
    found: dict[Who, list[int]] = {}
    for pid, (_, session, _) in rows.items():
        if session in rows and _depth(pid, root, rows):
            depth = _depth(session, root, rows)
            who = Who(session, rows[session][2], depth >= _DEPTH_OF_TASKS)
            found.setdefault(who, []).append(pid)
    return found


def _depth(pid: int, root: int, rows: Mapping[int, tuple[int, int, int]]) -> int:
    """Return how far a process is below another; 0 if it is not below it."""
    depth = 0
    while pid in rows:
        pid, depth = rows[pid][0], depth + 1
        if pid == root:
            return depth
    return 0


def _held(pids: Iterable[int]) -> Held:
    whole = Held()
    for pid in pids:
        words = [line.split() for line in _text(_PROC / str(pid) / "smaps_rollup").splitlines()[1:]]
        whole += Held(**{_EXACT[one[0]]: int(one[1]) for one in words if one[0] in _EXACT})
    return whole


def _bound_kb(pid: int) -> int:
    lines = _text(_PROC / str(pid) / "status").splitlines()
    words = [line.split() for line in lines]
    return sum(int(one[1]) for one in words if one and one[0] in _BOUND)


def _text(file: Path) -> str:
    """ "" of a process that has ended."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""

"""What a tree of processes takes while it runs: memory, processes, and the time for which it waited for a core."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

_EVERY_S = 0.2
_GROWTH = 1.03
"""PSS is read only when RSS, or the part of it that is no file's, has grown so much: reading it costs the kernel a walk
through all pages."""

_LOOKS_A_SECOND = 5
_PROC = Path("/proc")


class Monitor(threading.Thread):
    """Watches all descendants of a process until it is stopped.

    rss_kb, pss_kb    the most that all of them held at once; shared pages counted for each process, and once
    besides_files_kb  the same without pages of mapped files, which the kernel gives up when memory is wanted
    n_processes       the most at once
    cpu_s             process -> what it has used by itself
    """

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.rss_kb = self.pss_kb = self.besides_files_kb = self.n_processes = 0
        self.cpu_s: dict[int, float] = {}
        self._root, self._over = root, threading.Event()
        self._waited: dict[str, tuple[int, int]] = {}

    @property
    def wait_share(self) -> float:
        """Of the time for which its threads were ready to run: how much they waited for a core, also for each other."""
        ran, waited = (sum(one[i] for one in self._waited.values()) for i in (0, 1))
        return waited / (ran + waited) if ran + waited else 0.0

    def stop(self) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        pss_at, besides_at, looks = 0.0, 0.0, 0
        while not self._over.is_set():
            found = descendants(self._root)
            self.cpu_s.update(found)
            if looks % _LOOKS_A_SECOND == 0:
                for process in found:
                    self._note_waiting(process)
            looks += 1
            self.n_processes = max(self.n_processes, len(found))
            held = [_rss_kb(process) for process in found]
            rss_kb = sum(whole for whole, _ in held)
            besides_kb = rss_kb - sum(files for _, files in held)
            self.rss_kb = max(self.rss_kb, rss_kb)
            if rss_kb > _GROWTH * pss_at or besides_kb > _GROWTH * besides_at:
                pss_at, besides_at = max(pss_at, rss_kb), max(besides_at, besides_kb)
                sizes = [_pss_kb(process) for process in found]
                self.pss_kb = max(self.pss_kb, sum(whole for whole, _ in sizes))
                self.besides_files_kb = max(
                    self.besides_files_kb, sum(whole - files for whole, files in sizes)
                )
            self._over.wait(_EVERY_S)

    def _note_waiting(self, process: int) -> None:
        folder = _PROC / str(process) / "task"
        for thread in _names_in(folder):
            words = _text(folder / thread / "schedstat").split()
            if len(words) >= 2:
                self._waited[thread] = int(words[0]), int(words[1])


def descendants(root: int) -> Mapping[int, float]:
    """Processes below `root` -> seconds of CPU that each has used by itself."""
    children: dict[int, list[int]] = {}
    cpu_s: dict[int, float] = {}
    ticks = os.sysconf("SC_CLK_TCK")
    for name in _names_in(_PROC):
        if name.isdigit() and (stat := _text(_PROC / name / "stat")):
            words = stat.rpartition(")")[2].split()
            children.setdefault(int(words[1]), []).append(int(name))
            cpu_s[int(name)] = (int(words[11]) + int(words[12])) / ticks
    found: dict[int, float] = {}
    left = [root]
    while left:
        for child in children.get(left.pop(), ()):
            found[child] = cpu_s[child]
            left.append(child)
    return found


def machine_cpu_s() -> tuple[float, float]:
    """Seconds for which cores of the machine were busy, and for which another machine had them, since it started."""
    words = [int(word) for word in _text(_PROC / "stat").split("\n", 1)[0].split()[1:9]]
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(words[i] for i in (0, 1, 2, 5, 6)) / ticks, words[7] / ticks


def _rss_kb(process: int) -> tuple[int, int]:
    """Return all resident pages, and those of mapped files and of memory that processes share."""
    words = _text(_PROC / str(process) / "statm").split()
    page = os.sysconf("SC_PAGE_SIZE")
    return (int(words[1]) * page // 1024, int(words[2]) * page // 1024) if words else (0, 0)


def _pss_kb(process: int) -> tuple[int, int]:
    """Return the whole, and what of it is mapped files."""
    lines = _text(_PROC / str(process) / "smaps_rollup").splitlines()
    sizes = {words[0]: int(words[1]) for line in lines[1:] if (words := line.split())}
    return sizes.get("Pss:", 0), sizes.get("Pss_File:", 0)


def _names_in(folder: Path) -> list[str]:
    """Nothing of a process that has ended."""
    try:
        return [one.name for one in folder.iterdir()]
    except OSError:
        return []


def _text(file: Path) -> str:
    """ "" of a process that has ended."""
    try:
        return file.read_text()
    except OSError:
        return ""

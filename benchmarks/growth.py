"""What the processes of a server hold, minute by minute, and whether it grows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MOST_PER_HOUR = 0.01
_FEWEST_POINTS = 5
_PROC = Path("/proc")


@dataclass(frozen=True)
class Held:
    """What one process holds at a moment.

    resident, proportional    bytes; shared pages count whole in one and by parts in the other
    """

    resident: int
    proportional: int
    descriptors: int


@dataclass(frozen=True)
class Trend:
    """The straight line through a series of measurements.

    level      at its middle
    per_hour   growth, as a part of the level
    error      standard error of per_hour
    """

    level: float
    per_hour: float
    error: float

    @property
    def verdict(self) -> str:
        if self.per_hour - 2 * self.error > MOST_PER_HOUR:
            return "FAIL"
        return "PASS" if self.per_hour + 2 * self.error <= MOST_PER_HOUR else "UNCLEAR"


def processes(data_dir: Path) -> Iterator[tuple[str, int]]:
    """Name and pid of every process that serves this data folder, the server itself among them."""
    mark = f"WINDVANE_DATA_DIR={data_dir}".encode()
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            is_ours = mark in (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        is_server = b"serve" in words and str(data_dir).encode() in words
        if is_ours or is_server:
            yield _name(words, is_server=is_server), int(entry.name)


def held_by(pid: int) -> Held | None:
    """None if it has ended."""
    try:
        rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
        n_descriptors = len(list((_PROC / str(pid) / "fd").iterdir()))
    except OSError:
        return None
    sizes = dict(re.findall(r"^(\w+): +(\d+) kB$", rollup, re.MULTILINE))
    if "Rss" not in sizes:
        return None
    return Held(int(sizes["Rss"]) * 1024, int(sizes["Pss"]) * 1024, n_descriptors)


def measured(data_dir: Path) -> dict[str, Held]:
    """By name and pid; `all` is the sum, in which shared pages count once."""
    found = {}
    for name, pid in processes(data_dir):
        if (held := held_by(pid)) is not None:
            found[f"{name} {pid}"] = held
    everything = found.values()
    total = sum(held.proportional for held in everything)
    found["all"] = Held(total, total, sum(held.descriptors for held in everything))
    return found


def lowest(measurements: Sequence[Mapping[str, Held]]) -> dict[str, Held]:
    """Of each process that was there every time: the least it held, between two pieces of work."""
    names = set.intersection(*(set(one) for one in measurements))
    return {
        name: Held(
            min(one[name].resident for one in measurements),
            min(one[name].proportional for one in measurements),
            min(one[name].descriptors for one in measurements),
        )
        for name in names
    }


def trend(hours: Sequence[float], values: Sequence[float]) -> Trend | None:
    """None of too few points to tell anything."""
    if len(hours) < _FEWEST_POINTS:
        return None
    x, y = np.asarray(hours, float), np.asarray(values, float)
    x = x - x.mean()
    level, spread = float(y.mean()), float((x**2).sum())
    slope = float((x * (y - level)).sum()) / spread
    rest = y - level - slope * x
    error = float(np.sqrt((rest**2).sum() / (len(x) - 2) / spread))
    return Trend(level, slope / level, error / level) if level else Trend(0.0, 0.0, 0.0)


def _name(words: Sequence[bytes], *, is_server: bool) -> str:
    if is_server:
        return "server"
    text = b" ".join(words).decode(errors="replace")
    modules = re.findall(r"windvane\.[a-z_.]+", text)
    return modules[-1].removeprefix("windvane.") if modules else Path(text.split(" ")[0]).name

"""Does a server that works for hours hold more and more? Run by hand, or by `make soak`:

    python -m benchmarks.soak --hours 2

Jobs, step jobs, invocations, updates of endpoints, uploads and deletions go on side by side against a server on a new data
folder. What each of its processes holds is looked at every few seconds; the least of each minute is kept. At the end: the
growth of every process that lived throughout, in memory and descriptors. Exit code 0: none grows by more than 1 % an hour,
and no request failed. 1: one does, or did. 3: the run was too short to tell.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.growth import Held, Trend, lowest, measured, trend
from benchmarks.packed import pack_model
from benchmarks.soaked import Client, loads

_WINDVANE = (sys.executable, "-m", "windvane.cli.main")
_LOOK_S = 5.0
_WARM_S = 300.0
"""Libraries are loaded and caches fill at first; a short run is measured from its first quarter on."""

Minute = tuple[float, dict[str, Held]]


class Load:
    """Runs functions again and again, a thread each, until it is over; what fails is kept, and goes on."""

    def __init__(self, acts: dict[str, Callable[[], object]]) -> None:
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, act)) for name, act in acts.items()
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    def _repeat(self, name: str, act: Callable[[], object]) -> None:
        while not self._is_over.is_set():
            try:
                act()
                self.done[name] += 1
            except Exception as error:  # noqa: BLE001 - every failure is a finding, and the load must go on
                self.failures.append(f"{name}: {error!r}"[:500])
                self._is_over.wait(1)


@contextmanager
def served(data_dir: Path, log: Path) -> Iterator[Client]:
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*_WINDVANE, "serve", "--data-dir", str(data_dir), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        if process.stdout is None or "ready" not in process.stdout.readline():
            raise RuntimeError(f"The server did not start; its log is {log}.")
        command = [*_WINDVANE, "env", "--data-dir", str(data_dir)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        yield Client(dict(re.findall(r"^export (\w+)='?(.*?)'?$", said, re.MULTILINE)))
    finally:
        process.terminate()
        process.wait(60)


def watch(data_dir: Path, seconds: float) -> list[Minute]:
    """The least of every minute, with the hours since the first."""
    began, minutes = time.monotonic(), []
    while time.monotonic() - began < seconds:
        until, looks = time.monotonic() + 60, []
        while time.monotonic() < until:
            looks.append(measured(data_dir))
            time.sleep(_LOOK_S)
        held = lowest(looks)
        minutes.append(((time.monotonic() - began) / 3600, held))
        total = held["all"]
        megabytes = total.proportional >> 20
        print(f"{len(minutes):4} min {megabytes:6} MB {total.descriptors:5} fds", flush=True)
    return minutes


def trends(minutes: Sequence[Minute]) -> Iterator[tuple[str, str, Trend]]:
    """Of every process that lived throughout: its name, what is measured, the trend."""
    hours = [at for at, _ in minutes]
    for name in sorted(set.intersection(*(set(held) for _, held in minutes))):
        series = [held[name] for _, held in minutes]
        for what, values in (
            ("memory MB", [held.resident / 2**20 for held in series]),
            ("descriptors", [float(held.descriptors) for held in series]),
        ):
            if (found := trend(hours, values)) is not None:
                yield name, what, found


def report(minutes: Sequence[Minute], load: Load) -> int:
    """Print the table; the exit code."""
    verdicts = set()
    print(f"\n{'process':45} {'':12} {'level':>9} {'an hour':>9} {'+-':>7}")
    for name, what, found in trends(minutes):
        verdicts.add(found.verdict)
        figures = f"{found.level:9.1f} {found.per_hour:+9.2%} {2 * found.error:7.2%}"
        print(f"{name:45} {what:12} {figures} {found.verdict}")
    done = ", ".join(f"{n} {name}" for name, n in sorted(load.done.items()))
    print(f"\ndone: {done}; failed: {len(load.failures)}")
    for failure in load.failures[:20]:
        print(f"  {failure}")
    if load.failures or "FAIL" in verdicts:
        print("FAIL")
        return 1
    is_clear = verdicts == {"PASS"}
    print("PASS" if is_clear else "UNCLEAR: too short a run to tell a growth of 1 % an hour")
    return 0 if is_clear else 3


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="of measuring (default 2)")
    asked = parser.parse_args(arguments)
    seconds = asked.hours * 3600
    with tempfile.TemporaryDirectory(prefix="windvane-soak-") as made:
        folder = Path(made)
        packed = pack_model(
            folder / "packed", {"num_iterations": 20, "learning_rate": 0.2}, n_rows=2000
        )
        with served(folder / "data", folder / "server.log") as client:
            load = Load(loads(client, packed))
            with load.running():
                time.sleep(min(_WARM_S, seconds / 4))
                minutes = watch(folder / "data", seconds)
    return report(minutes, load)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

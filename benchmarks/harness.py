"""One run of one system on one table, by the shared harness in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import System
from benchmarks.records import ROOT, CannotMeasure, Record, read_records

_MEASURED = (
    "windvane/engine",
    "windvane/domain",
    "windvane/process",
    "windvane/errors.py",
    "requirements/core.txt",
)
"""What a figure depends on: the commit that it belongs to is the last one that changed any of this."""


@dataclass(frozen=True)
class Errand:
    system: System
    table: str
    budget_s: float
    seed: int


def table_names(shared: Path) -> list[str]:
    index = json.loads((shared / "data" / "public" / "index.json").read_text())
    return [table["name"] for table in index["datasets"]]


def measured_commit() -> str:
    """Of the code that is measured; ends in '-dirty' while it differs from the commit."""
    commit = _git("log", "-1", "--format=%h", "--", *_MEASURED)
    return f"{commit}-dirty" if _git("status", "--porcelain", "--", *_MEASURED) else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CannotMeasure(f"Results are kept with their commit, and git says: {done.stderr}")
    return done.stdout.strip()


def run_errand(errand: Errand, shared: Path) -> Record:
    """The harness's record of the run, also of one that failed.

    raises    CannotMeasure if the harness itself broke
    """
    index = shared / "data" / "public" / "index.json"
    data = ["--index", str(index), "--dataset", errand.table]
    return _run(errand.system, data, errand.budget_s, errand.seed, shared)


def run_files(
    system: System,
    files: tuple[Path, Path],
    task: tuple[str, str],
    budget_s: float,
    seed: int,
    shared: Path,
) -> Record:
    """As `run_errand`, on files of one's own.

    files   CSV to train on and to test with
    task    the target, and 'binary', 'multiclass' or 'regression'
    """
    (train, test), (target, problem) = files, task
    data = [
        *("--train", str(train), "--test", str(test)),
        *("--target", target, "--problem", problem),
    ]
    return _run(system, data, budget_s, seed, shared)


def _run(system: System, data: Sequence[str], budget_s: float, seed: int, shared: Path) -> Record:
    options = [word for option in system.options for word in ("--opt", option)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        out = Path(folder) / "out.jsonl"
        command = [
            *(sys.executable, str(shared / "bench" / "bench.py"), "run"),
            *("--system", system.adapter, "--name", system.name, *data),
            *("--budget", f"{budget_s:g}", "--seed", str(seed)),
            *("--python", system.python, "--out", str(out)),
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if not out.exists():
            raise CannotMeasure(f"The harness left no record: {done.stderr.strip()[-1000:]}")
        return read_records(out)[-1]

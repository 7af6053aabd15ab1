"""What a job takes while its table has more and more rows, or columns:

    python -m benchmarks.cluster.table_sizes --sizes 10000x30,100000x30,1000000x30
    python -m benchmarks.cluster.table_sizes --sizes 2000x10,2000x100,2000x1000,2000x10000

Tables of numbers, made from a public one as benchmarks/large.py makes them. Each is learnt by the library from a CSV file, in a
process of its own, within the same budget and memory; then the model answers 1,000 other rows, and single ones.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from benchmarks.large import enlarged, read_source
from benchmarks.markdown import markdown_table, number, score_text
from benchmarks.records import ROOT
from benchmarks.task_memory import TaskMemory
from windvane import AutoML

_TEST_ROWS, _ROWS_ASKED = 1_000, 20
_HEAD = (
    "rows",
    "columns",
    "read and analysed s",
    "first candidate s",
    "candidates",
    "done s",
    "RMSE",
    "largest task MB",
    "all processes MB",
    "one row ms",
)


@dataclass(frozen=True)
class Milestones:
    """Seconds since the job began; None where it came to no such thing."""

    analysed_s: float | None
    first_s: float | None
    n_candidates: int


@dataclass(frozen=True)
class Learnt:
    """The result of a process that learnt a table."""

    milestones: dict[str, Any]
    done_s: float
    rmse: float
    row_ms: float


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    if asked.learn:
        print(json.dumps(asdict(_learn(asked))))
        return 0
    rows = [_measured(*size, asked) for size in sizes_of(asked.sizes)]
    print(markdown_table(_HEAD, rows))
    print(
        f"\n{asked.budget} s and {asked.memory:,} MiB; load at the end: {os.getloadavg()[0]:.0f}."
    )
    return 0


def sizes_of(text: str) -> list[tuple[int, int]]:
    """Return rows and columns of '10000x30,…'."""
    pairs = [one.split("x") for one in text.split(",")]
    return [(int(rows), int(columns)) for rows, columns in pairs]


def milestones_of(events: Iterable[dict[str, Any]]) -> Milestones:
    """Return when the job reached what, by the events that it told."""
    told = list(events)
    analysed = [one["elapsed_s"] for one in told if one["event"] == "analysed"]
    finished = [
        one["elapsed_s"]
        for one in told
        if one["event"] == "candidate" and one["state"] == "finished"
    ]
    return Milestones(min(analysed, default=None), min(finished, default=None), len(finished))


def _measured(n_rows: int, n_columns: int, asked: argparse.Namespace) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="windvane-sizes-") as name:
        folder = Path(name)
        _write(n_rows, n_columns, asked.table, folder)
        command = [sys.executable, "-m", "benchmarks.cluster.table_sizes", "--learn", name]
        given = ["--budget", str(asked.budget), "--memory", str(asked.memory)]
        with TaskMemory(os.getpid()) as watch:
            done = subprocess.run(
                [*command, *given, "--table", asked.table],
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                check=False,
            )
        largest = max((s.most.kept for who, s in watch.found.items() if who.is_task), default=0)
        memory = [number(kb / 1024, 0) for kb in (largest, watch.together.kept)]
        if done.returncode:
            return [f"{n_rows:,}", f"{n_columns:,}", *["failed"] * 5, *memory, "failed"]
        learnt = Learnt(**json.loads(done.stdout.splitlines()[-1]))
        reached = Milestones(**learnt.milestones)
    return [
        f"{n_rows:,}",
        f"{n_columns:,}",
        number(reached.analysed_s, 1),
        number(reached.first_s, 1),
        number(reached.n_candidates, 0),
        number(learnt.done_s, 1),
        score_text(learnt.rmse),
        *memory,
        number(learnt.row_ms, 1),
    ]


def _write(n_rows: int, n_columns: int, table: str, folder: Path) -> None:
    """Write the rows to learn from, and others, in a form that is the same for every size."""
    source = read_source(table)
    whole = enlarged(source.rows, source.table.target, n_rows + _TEST_ROWS, n_columns, 0)
    parts = {"train": whole.iloc[:n_rows], "test": whole.iloc[n_rows:]}
    for part, rows in parts.items():
        frame = pa.Table.from_pandas(rows, preserve_index=False)
        pyarrow.csv.write_csv(frame, folder / f"{part}.csv")


def _learn(asked: argparse.Namespace) -> Learnt:
    target, events = read_source(asked.table).table.target, []
    model = AutoML(
        target,
        "Regression",
        "RMSE",
        max_runtime_s=asked.budget,
        memory_mb=asked.memory,
    )
    began = time.monotonic()
    model.fit(str(Path(asked.learn, "train.csv")), on_event=events.append)
    done_s = time.monotonic() - began
    test = pd.read_csv(Path(asked.learn, "test.csv"))
    rows, truth = test.drop(columns=target), test[target].to_numpy()
    rmse = float(np.sqrt(np.mean((model.predict(rows) - truth) ** 2)))
    times = []
    for i in range(_ROWS_ASKED):
        before = time.perf_counter()
        model.predict(rows.iloc[[i]])
        times.append(time.perf_counter() - before)
    return Learnt(asdict(milestones_of(events)), done_s, rmse, 1000 * statistics.median(times))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--sizes", default="10000x30,100000x30,1000000x30", help="ROWSxCOLUMNS,…")
    parser.add_argument("--table", default="california_housing", help="with columns of numbers")
    parser.add_argument("--budget", type=int, default=60, help="seconds of each job")
    parser.add_argument("--memory", type=int, default=2000, help="MiB of each job")
    parser.add_argument("--learn", default="", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

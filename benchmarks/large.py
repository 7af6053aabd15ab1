"""A million rows of 30 columns of numbers, made from a public table by resampling with noise: does a job on them end
in time and within its memory, and is it worth more than one plain LightGBM of 500 trees with 255 leaves, which has all the
memory it wants and is ended when the same budget is over?

What `make bench-large` runs, one system after the other. Ours is given the path of a CSV file, so that no process of it holds the
table because it was handed one; the peer reads the same file with pandas. What each task of ours holds while it runs is printed
beside what it may hold, and `--timeline` keeps it as it goes. Figures are printed, not kept. Rows to test with are drawn as those to learn from are, so
from the same distribution: what more of them can teach shows there. Of rows that the public table keeps apart none of them
says anything new, however many there are, and a model that knows its own rows better does there a little worse.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from benchmarks.harness import Task, run_task
from benchmarks.markdown import markdown_table, number
from benchmarks.peers import System, ourselves, peer
from benchmarks.records import OURS, CannotMeasure, Record
from benchmarks.tables import Table, tables_named
from benchmarks.task_memory import TaskMemory, memory_table, write_timeline
from windvane.process.memory import machine_memory_mb

_NOISE = 0.1
"""Of a column's standard deviation; columns made of the same one again get that much more each time."""

_TEST_ROWS = 50_000
_PEER = "lgbm_500x255"
_HEAD = (
    "system",
    "rows",
    "test score",
    "fit s",
    "fit - budget s",
    "peak PSS MB",
    "besides mapped files MB",
    "candidates",
    "load before",
    "CPU of others",
)


@dataclass(frozen=True)
class Source:
    """The part of a public table that is to be learnt from: its columns of numbers and its target."""

    rows: pd.DataFrame
    table: Table


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    asked.memory = asked.memory or machine_memory_mb() * 3 // 4
    try:
        source, planned = read_source(asked.table), _planned(asked)
        with tempfile.TemporaryDirectory(prefix="bench-large-") as folder:
            tasks = _written(source, asked, sorted({rows for rows, _ in planned}), Path(folder))
            runs = [(rows, _measured(system, tasks[rows], asked)) for rows, system in planned]
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(markdown_table(_HEAD, [_row(rows, asked, run) for rows, run in runs]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", default="california_housing", help="with columns of numbers")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=0, help="rows of one more run of ours")
    parser.add_argument("--peers", default=_PEER, help=f"comma-separated; {_PEER} unless given")
    parser.add_argument(
        "--memory", type=int, help="MiB that our job may use; three quarters of the machine's"
    )
    parser.add_argument("--timeline", type=Path, help="a CSV file for what each task of ours held")
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--budget", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def read_source(name: str) -> Source:
    """raises    CannotMeasure if there is no such table at hand, or no column of numbers in it"""
    [table] = tables_named([name])
    train = table.rows("train")
    numbers = train.drop(columns=table.target).select_dtypes("number").columns
    if numbers.empty:
        raise CannotMeasure(f"The table {name} has no column of numbers.")
    return Source(train[[*numbers, table.target]], table)


def enlarged(
    frame: pd.DataFrame, target: str, n_rows: int, n_columns: int, seed: int
) -> pd.DataFrame:
    """Rows drawn with replacement, with noise in all columns of numbers and in a target that is a quantity.

    Column k is made of the table's column k, the first following the last; n_columns without the target.
    """
    random = np.random.default_rng(seed)
    rows = random.integers(0, len(frame), n_rows)
    names = [name for name in frame.columns if name != target]
    made: dict[str, Any] = {}
    for k in range(n_columns):
        values = frame[names[k % len(names)]].to_numpy(np.float64)
        scale = _NOISE * (1 + k // len(names)) * float(np.nanstd(values))
        made[f"x{k}"] = values[rows] + random.normal(0, scale, n_rows)
    y = frame[target].to_numpy()[rows]
    is_quantity = y.dtype.kind == "f" or (y.dtype.kind == "i" and frame[target].nunique() > 20)
    made[target] = y + random.normal(0, _NOISE * float(y.std()), n_rows) if is_quantity else y
    return pd.DataFrame(made)


def _written(
    source: Source, asked: argparse.Namespace, sizes: Sequence[int], folder: Path
) -> dict[int, Task]:
    """Return the task of each number of rows. What was made in memory is written and given up before anything is measured."""
    n_made, table = asked.rows + _TEST_ROWS, source.table
    whole = enlarged(source.rows, table.target, n_made, asked.columns, asked.seed)
    test = folder / "test.csv"
    _write(whole.iloc[asked.rows :], test)
    tasks = {}
    for n_rows in sizes:
        train = folder / f"train-{n_rows}.csv"
        _write(whole.iloc[:n_rows], train)
        tasks[n_rows] = Task(table.name, train, test, table.target, table.kind)
    return tasks


def _measured(system: System, task: Task, asked: argparse.Namespace) -> Record:
    """Return the record of a run. What each task of ours held is printed."""
    with TaskMemory(os.getpid()) as watch:
        run = run_task(system, task, asked.budget, asked.seed)
    if system.adapter == OURS:
        print(memory_table(watch, asked.memory, os.cpu_count() or 1), flush=True)
        if asked.timeline is not None:
            write_timeline(watch, asked.timeline)
    return run


def _planned(asked: argparse.Namespace) -> list[tuple[int, System]]:
    """Return the systems that are to learn, and from how many rows.

    raises    CannotMeasure for a peer that is not at hand
    """
    ours = ourselves("file=1", f"memory_mb={asked.memory}")
    peers = [peer(name, os.environ) for name in asked.peers.split(",") if name]
    planned = [(asked.rows, one) for one in (ours, *peers)]
    return [*planned, (asked.sample, ours)] if asked.sample else planned


def _write(frame: pd.DataFrame, file: Path) -> None:
    pyarrow.csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), file)


def _row(n_rows: int, asked: argparse.Namespace, run: Record) -> list[str]:
    fit_s = run.get("fit_s")
    told = number(run.get("score"), 5) if run["status"] == "ok" else str(run["status"])
    return [
        str(run["system"]),
        f"{n_rows:,}",
        told,
        number(fit_s, 1),
        number(None if fit_s is None else fit_s - asked.budget, 1),
        number(run.get("peak_pss_mb"), 0),
        number(run.get("peak_besides_files_mb"), 0),
        number(run.get("n_candidates"), 0),
        number(run.get("load_before"), 2),
        number(run.get("others_cpu_frac"), 2),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Fit the public tables and keep everything: python benchmarks/kept.py FOLDER [--budget S] [--seed N] [--tables a,b]

FOLDER/TABLE/job is what `AutoML.fit(keep=...)` leaves, FOLDER/TABLE/model what `AutoML.save` writes, FOLDER/TABLE/about.json
which engine it was, with what time and seed, and after how many seconds there was a first model. Each table is fitted in a process of its own. benchmarks/honesty.py and
benchmarks/ablation.py read them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.harness import measured_commit
from benchmarks.records import ROOT, SHARED, CannotMeasure, check_shared
from windvane import AutoML
from windvane.automl.local.events import Event

JOB, MODEL, ABOUT = "job", "model", "about.json"

OBJECTIVES = {
    "BinaryClassification": "AUC",
    "MulticlassClassification": "LogLoss",
    "Regression": "RMSE",
}
"""What the harness scores."""


def main(arguments: Sequence[str], shared: Path = SHARED) -> int:
    asked = _parser().parse_args(arguments)
    try:
        check_shared(shared)
        tables = public_tables(shared, [name for name in asked.tables.split(",") if name])
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    if asked.here:
        fit_and_keep(tables[0], shared, asked.folder, asked.budget, asked.seed)
        return 0
    for table in tables:
        command = [sys.executable, "-m", "benchmarks.kept", str(asked.folder), "--here"]
        command += ["--budget", f"{asked.budget:g}", "--seed", str(asked.seed)]
        command += ["--tables", table["name"]]
        subprocess.run(command, check=True, cwd=ROOT)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tables", default="", help="names separated by commas; all by default")
    parser.add_argument("--here", action="store_true", help="the first one, in this process")
    return parser


def public_tables(shared: Path, names: Sequence[str] = ()) -> list[Mapping[str, Any]]:
    """Their records in the index, in its order; all if no names are given.

    raises    CannotMeasure naming one that there is not
    """
    index = json.loads((shared / "data" / "public" / "index.json").read_text())
    tables = {table["name"]: table for table in index["datasets"]}
    unknown = [name for name in names if name not in tables]
    if unknown:
        raise CannotMeasure(f"There is no table {', '.join(unknown)}.")
    return [tables[name] for name in names or tables]


def part_of(table: Mapping[str, Any], part: str, shared: Path) -> pd.DataFrame:
    """part    'train' or 'test'"""
    return pd.read_csv(shared / "data" / "public" / table["files"][part]["path"])


def fit_and_keep(
    table: Mapping[str, Any], shared: Path, folder: Path, budget_s: float, seed: int = 0
) -> None:
    problem = table["problem_type"]
    model = AutoML(table["target"], problem, OBJECTIVES[problem], max_runtime_s=budget_s, seed=seed)
    home, events = folder / table["name"], list[Event]()
    model.fit(part_of(table, "train", shared), keep=home / JOB, on_event=events.append)
    model.save(home / MODEL)
    first_s = next(event["elapsed_s"] for event in events if event.get("state") == "finished")
    about = {"commit": measured_commit(), "budget": budget_s, "seed": seed, "first_s": first_s}
    (home / ABOUT).write_text(json.dumps(about))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

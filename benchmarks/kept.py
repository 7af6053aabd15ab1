"""Fit the public tables and keep everything: python -m benchmarks.kept FOLDER [--budget S] [--seed N] [--tables a,b]

FOLDER/TABLE/job is what `AutoML.fit(keep=...)` leaves, FOLDER/TABLE/model what `AutoML.save` writes, FOLDER/TABLE/about.json
which engine it was, with what time and seed, and after how many seconds there was a first model. Each table is fitted in a process of its own. benchmarks/honesty.py and
benchmarks/ablation.py read them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import measured_commit
from benchmarks.records import ROOT, CannotMeasure
from benchmarks.tables import DEVELOPMENT, Table, tables_at_hand, tables_named
from windvane import AutoML
from windvane.automl.local.events import Event

JOB, MODEL, ABOUT = "job", "model", "about.json"

OBJECTIVES = {
    "BinaryClassification": "AUC",
    "MulticlassClassification": "LogLoss",
    "Regression": "RMSE",
}
"""What the harness scores."""


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        names = [name for name in asked.tables.split(",") if name]
        tables = tables_named(names) if names else tables_at_hand([DEVELOPMENT])
        if asked.here:
            fit_and_keep(tables[0], asked.folder, asked.budget, asked.seed)
            return 0
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    for table in tables:
        command = [sys.executable, "-m", "benchmarks.kept", str(asked.folder), "--here"]
        command += ["--budget", f"{asked.budget:g}", "--seed", str(asked.seed)]
        command += ["--tables", table.name]
        subprocess.run(command, check=True, cwd=ROOT)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--tables",
        default="",
        help="names separated by commas; by default the development tables at hand",
    )
    parser.add_argument("--here", action="store_true", help="the first one, in this process")
    return parser


def fit_and_keep(table: Table, folder: Path, budget_s: float, seed: int = 0) -> None:
    """raises    CannotMeasure if the table is not at hand"""
    objective = OBJECTIVES[table.problem]
    model = AutoML(table.target, table.problem, objective, max_runtime_s=budget_s, seed=seed)
    home, events = folder / table.name, list[Event]()
    model.fit(table.rows("train"), keep=home / JOB, on_event=events.append)
    model.save(home / MODEL)
    first_s = next(event["elapsed_s"] for event in events if event.get("state") == "finished")
    about = {"commit": measured_commit(), "budget": budget_s, "seed": seed, "first_s": first_s}
    (home / ABOUT).write_text(json.dumps(about))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

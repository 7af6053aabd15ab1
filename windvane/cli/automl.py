"""`windvane automl`: one job without a server, from a file to a model folder, watched while it runs."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from windvane.cli.progress import Progress
from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.automl import AutoML
from windvane.engine.candidates import Score
from windvane.engine.local.hosted import HostDied
from windvane.errors import DataFault, InvalidRequest, JobFault
from windvane.names import fresh_suffix

_SHOWN = 15
_COLUMNS = (
    "rank",
    "candidate",
    "algorithm",
    "score",
    "standard_error",
    "fit_s",
    "latency_ms",
    "on_front",
    "chosen",
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "automl", help="train on a file, without a server", description=__doc__
    )
    parser.add_argument("train", metavar="TRAIN.csv", help="CSV (also .gz) or Parquet, with header")
    parser.add_argument("--target", required=True, metavar="COL", help="the column to predict")
    parser.add_argument("--test", metavar="TEST.csv", help="more rows, to score the model on")
    parser.add_argument(
        "--max-runtime", type=float, default=60, metavar="S", help="seconds in all (default 60)"
    )
    parser.add_argument("--max-candidates", type=int, metavar="N", help="stop after so many")
    parser.add_argument(
        "--max-latency-ms",
        type=float,
        metavar="MS",
        help="keep the best model that answers one row within it (default: no limit)",
    )
    parser.add_argument("--objective", metavar="M", help=f"one of {', '.join(MetricName)}")
    parser.add_argument("--problem-type", metavar="T", help=f"one of {', '.join(ProblemType)}")
    parser.add_argument(
        "--sample-weight", metavar="COL", help="a column that says what each row counts for"
    )
    parser.add_argument(
        "--monotone",
        action="append",
        default=[],
        type=_direction,
        metavar="COL=+1|-1",
        help="answers must not fall (+1) or not rise (-1) as this column grows; may be repeated",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a new or empty folder (default windvane-JOB/)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout instead")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0; 2 for a bad argument or bad data, 1 for our fault, each told once on stderr; 130 if interrupted."""
    try:
        _run(arguments)
    except (InvalidRequest, DataFault) as error:
        sys.stderr.write(f"windvane automl: {error}\n")
        return 2
    except (JobFault, HostDied) as error:
        sys.stderr.write(f"windvane automl: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("windvane automl: stopped.\n")
        return 130
    return 0


def _run(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    screen = Console(stderr=arguments.json)
    model = AutoML(
        target=arguments.target,
        problem_type=arguments.problem_type,
        objective=arguments.objective,
        max_runtime_s=arguments.max_runtime,
        max_candidates=arguments.max_candidates,
        threads=arguments.threads,
        seed=arguments.seed,
        max_latency_ms=arguments.max_latency_ms,
        sample_weight=arguments.sample_weight,
        monotone=dict(arguments.monotone),
    )
    _check_file(arguments.train)
    if arguments.test is not None:
        _check_file(arguments.test)
    out = _new_folder(arguments.out)
    with Progress(screen, arguments.max_runtime, arguments.max_candidates) as progress:
        model.fit(arguments.train, on_event=progress.show, keep=out)
    model.save(out / "model")
    took_s = time.monotonic() - started
    test = None if arguments.test is None else model.score(arguments.test)
    if arguments.json:
        print(json.dumps(_document(model, test, out, took_s), indent=1))
    else:
        _show(screen, model, test, out, took_s)


def _direction(text: str) -> tuple[str, int]:
    column, _, direction = text.rpartition("=")
    if not column or direction not in ("1", "+1", "-1"):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form COLUMN=+1 or COLUMN=-1")
    return column, int(direction)


def _check_file(name: str) -> None:
    if not Path(name).is_file():
        raise InvalidRequest(f"There is no file {name}.")


def _new_folder(wanted: Path | None) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    folder = wanted or Path(f"windvane-{stamp}-{fresh_suffix(4)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidRequest(f"--out {folder} exists already; name a new or an empty folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"--out {folder} cannot be made: {error.strerror}.") from error
    return folder


def _document(
    model: AutoML, test: tuple[Score, ...] | None, out: Path, took_s: float
) -> dict[str, Any]:
    analysis = model.analysis
    return {
        "target": analysis.target,
        "problem_type": analysis.problem_type,
        "objective": analysis.objective,
        "n_rows": analysis.n_rows,
        "seconds": round(took_s, 3),
        "leaderboard": [_known(row) for row in model.leaderboard().to_dict("records")],
        "findings": [
            {"code": one.code, "severity": one.severity, "message": one.message}
            for one in analysis.findings
        ],
        "test": None if test is None else {str(one.metric): one.value for one in test},
        "out": str(out),
        "model": str(out / "model"),
    }


def _known(row: dict[Any, Any]) -> dict[str, Any]:
    """JSON has no NaN: what is not known is null."""
    return {
        str(name): None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _show(
    screen: Console, model: AutoML, test: tuple[Score, ...] | None, out: Path, took_s: float
) -> None:
    for finding in model.analysis.findings:
        if finding.severity == "high":
            screen.print(f"Mind: {finding.message} {finding.action}", markup=False)
    screen.print(_board(model.leaderboard(), str(model.analysis.objective)))
    if test is not None:
        told = ", ".join(f"{one.metric} {one.value:.5g}" for one in test)
        screen.print(f"Test: {told}", highlight=False)
    screen.print(
        f"{took_s:.1f} s. Model: {out / 'model'} (AutoML.load); everything else: {out}",
        highlight=False,
        soft_wrap=True,
    )


def _board(board: pd.DataFrame, objective: str) -> Table:
    table = Table(title=f"Leaderboard, by {objective} on rows held back")
    for name in _COLUMNS:
        table.add_column(name.replace("_", " "), justify="left" if name == "algorithm" else "right")
    for row in board.head(_SHOWN).to_dict("records"):
        table.add_row(*(_cell(row[name]) for name in _COLUMNS))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if not isinstance(value, float):
        return str(value)
    return "" if math.isnan(value) else f"{value:.4g}"

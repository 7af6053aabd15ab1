"""`windvane automl`: runs one AutoML job without a server, from a data file to a model folder, with live progress.

With --forecast it forecasts the series of a file."""

from __future__ import annotations

import argparse
import json
import math
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from windvane.automl.estimator import AutoML
from windvane.automl.local.defining import FOLDER
from windvane.automl.local.events import Event
from windvane.automl.local.report_request import Reported
from windvane.cli.automl_forecast import METRICS, add_options, check_no_options, forecast
from windvane.cli.board import board_table
from windvane.cli.ending import exit_code
from windvane.cli.progress import Progress
from windvane.domain.problem import TABULAR_METRICS, ProblemType
from windvane.engine.candidates import Score
from windvane.engine.data.analysis import Analysis
from windvane.errors import InvalidRequest
from windvane.names import fresh_suffix
from windvane.process.log_lines import one_line

_SHOWN = 15
_COLUMNS = {
    "rank": "rank",
    "name": "name",
    "score": "score",
    "standard_error": "±",
    "fit_s": "fit s",
    "latency_ms": "latency ms",
    "chosen": "chosen",
}
"""Of the leaderboard -> their headings."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "automl", help="train models on a file, without a server", description=__doc__
    )
    _add_data(parser)
    _add_search(parser)
    add_options(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a new or empty folder (default windvane-JOB/)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.set_defaults(run=run, started=time.monotonic())


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "train", metavar="TRAIN.csv", help="training data: CSV (also .gz) or Parquet, with header"
    )
    parser.add_argument("--target", required=True, metavar="COL", help="the column to predict")
    parser.add_argument(
        "--test", metavar="TEST.csv", help="test data: rows to score the final model on"
    )
    parser.add_argument(
        "--validation",
        metavar="VALID.csv",
        help="validation data: used for scoring candidates, never for training",
    )
    parser.add_argument(
        "--validation-fraction",
        type=float,
        metavar="F",
        help=(
            "fraction of the rows to hold out for scoring (default: cross-validation if it is "
            "fast enough)"
        ),
    )
    parser.add_argument(
        "--time-column",
        metavar="COL",
        help="score candidates on later rows than they were trained on, by this column",
    )
    parser.add_argument(
        "--group-column",
        metavar="COL",
        help="keep rows with the same value of this column together: trained on or scored, never both",
    )
    parser.add_argument(
        "--objective",
        metavar="M",
        help=f"one of {', '.join(TABULAR_METRICS)}; of forecasts {METRICS}",
    )
    parser.add_argument("--problem-type", metavar="T", help=f"one of {', '.join(ProblemType)}")
    parser.add_argument("--sample-weight", metavar="COL", help="column with sample weights")
    parser.add_argument(
        "--monotone",
        action="append",
        default=[],
        type=_direction,
        metavar="COL=+1|-1",
        help=(
            "monotone constraint: predictions must not decrease (+1) or not increase (-1) with "
            "this column; may be repeated"
        ),
    )


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-runtime",
        type=float,
        default=60,
        metavar="S",
        help="time limit in seconds (default 60)",
    )
    parser.add_argument(
        "--max-candidates", type=int, metavar="N", help="maximum number of candidates"
    )
    parser.add_argument(
        "--max-latency-ms",
        type=float,
        metavar="MS",
        help="choose the best model that predicts one row within this time (default: no limit)",
    )
    parser.add_argument(
        "--mode", metavar="M", help="ENSEMBLING (the default) or HYPERPARAMETER_TUNING"
    )
    parser.add_argument(
        "--algorithms",
        type=lambda text: text.split(","),
        metavar="A,B",
        help="algorithms to try, e.g. lightgbm,mlp (default: all except those that need PyTorch; catboost if that extra is installed)",
    )
    parser.add_argument(
        "--no-calibration", action="store_true", help="do not calibrate probabilities"
    )
    parser.add_argument(
        "--no-threshold-tuning",
        action="store_true",
        help="use the threshold 0.5 in binary classification",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="number of processes (default: one per core)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code)."""
    return exit_code("automl", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    screen = Console(stderr=arguments.json)
    if arguments.forecast:
        for file in (arguments.train, arguments.future):
            if file is not None:
                _check_file(file)
        forecast(arguments, _left_s(arguments), _new_folder(arguments.out), screen)
        return
    check_no_options(arguments)
    model = _model(arguments)
    for file in (arguments.train, arguments.validation, arguments.test):
        if file is not None:
            _check_file(file)
    _fit(model, arguments, _new_folder(arguments.out), screen)


def _model(arguments: argparse.Namespace) -> AutoML:
    """Return a model with the options of the command, to be fitted."""
    return AutoML(
        target=arguments.target,
        problem_type=arguments.problem_type,
        objective=arguments.objective,
        max_runtime_s=_left_s(arguments),
        max_candidates=arguments.max_candidates,
        threads=arguments.threads,
        seed=arguments.seed,
        max_latency_ms=arguments.max_latency_ms,
        calibrate=not arguments.no_calibration,
        tune_threshold=not arguments.no_threshold_tuning,
        sample_weight=arguments.sample_weight,
        monotone=dict(arguments.monotone),
        mode=arguments.mode,
        algorithms=arguments.algorithms,
        validation_fraction=arguments.validation_fraction,
        time_column=arguments.time_column,
        group_column=arguments.group_column,
    )


def _fit(model: AutoML, arguments: argparse.Namespace, out: Path, screen: Console) -> None:
    """Fit a model with a display of its progress, and show what came of it."""
    reported: list[Reported] = []
    defined: list[Event] = []
    with Progress(screen, arguments.max_runtime, arguments.max_candidates) as progress:

        def hear(event: Event) -> None:
            if event["event"] == "report":
                reported.append(Reported.from_event(event))
            elif event["event"] == "definitions":
                defined.append(event)
            progress.show(event)

        model.fit(
            arguments.train,
            on_event=hear,
            keep=out,
            reports=out / "reports",
            validation=arguments.validation,
            progress=False,
        )
    model.save(out / "model")
    took_s = time.monotonic() - arguments.started
    test = None if arguments.test is None else model.score(arguments.test)
    if arguments.json:
        print(json.dumps(_document(model, test, out, took_s, reported, defined), indent=1))
    else:
        _show(screen, model, test, out, took_s)


def _left_s(arguments: argparse.Namespace) -> float:
    """Return what is left of the time given; what is too little is left for AutoML to refuse."""
    given_s: float = arguments.max_runtime
    return given_s if given_s < 1 else max(1.0, given_s - (time.monotonic() - arguments.started))


def _direction(text: str) -> tuple[str, int]:
    column, _, direction = text.rpartition("=")
    if not column or direction not in ("1", "+1", "-1"):
        raise argparse.ArgumentTypeError(f"'{text}' must have the form COLUMN=+1 or COLUMN=-1")
    return column, int(direction)


def _check_file(name: str) -> None:
    if not Path(name).is_file():
        raise InvalidRequest(f"There is no file {name}.")


def _new_folder(wanted: Path | None) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    folder = wanted or Path(f"windvane-{stamp}-{fresh_suffix(4)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidRequest(f"--out {folder} already exists; choose a new or empty folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"--out {folder} cannot be created: {error.strerror}.") from error
    return folder


def _document(
    model: AutoML,
    test: tuple[Score, ...] | None,
    out: Path,
    took_s: float,
    reported: list[Reported],
    defined: list[Event],
) -> dict[str, Any]:
    analysis = model.analysis
    return {
        "target": analysis.target,
        "problem_type": analysis.problem_type,
        "objective": analysis.objective,
        "n_rows": analysis.n_rows,
        "split": {
            "kind": analysis.split_kind,
            "column": analysis.split_column,
            "n_folds": analysis.n_folds,
            "description": analysis.split_told,
        },
        "calibrate": analysis.calibrate,
        "tune_threshold": analysis.tune_threshold,
        "seconds": round(took_s, 3),
        "leaderboard": [_known(row) for row in model.leaderboard().to_dict("records")],
        "findings": [
            {"code": one.code, "severity": one.severity, "message": one.message}
            for one in analysis.findings
        ],
        "test": None if test is None else {str(one.metric): one.value for one in test},
        "out": str(out),
        "model": str(out / "model"),
        "reports": {str(one.kind): one.to_json(out / "reports") for one in reported},
        "definitions": {
            "folder": str(out / FOLDER) if (out / FOLDER).exists() else None,
            **{name: one[name] for one in defined for name in ("state", "note")},
        },
    }


def _known(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row for JSON, which has no NaN: what is not known is null."""
    return {
        str(name): None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _show(
    screen: Console, model: AutoML, test: tuple[Score, ...] | None, out: Path, took_s: float
) -> None:
    for finding in model.analysis.findings:
        if finding.severity == "high":
            told = one_line(f"Warning: {finding.message} {finding.action}")
            screen.print(told, markup=False)
    _show_board(screen, model.leaderboard(), model.analysis)
    if test is not None:
        told = ", ".join(f"{one.metric} {one.value:.5g}" for one in test)
        screen.print(f"Test: {told}", highlight=False)
    screen.print(
        f"{took_s:.1f} s. Model: {out / 'model'} (AutoML.load); reports: {out / 'reports'}; "
        f"candidate definition notebook: {out / FOLDER}; all artifacts: {out}",
        highlight=False,
        soft_wrap=True,
    )


def _show_board(screen: Console, board: pd.DataFrame, analysis: Analysis) -> None:
    """Show the best candidates, and below them what there is to say of the chosen one and of those that failed."""
    title = f"Leaderboard by {analysis.objective} on validation rows: {analysis.split_told}"
    rows = board.head(_SHOWN).to_dict("records")
    screen.print(board_table(title, rows, _COLUMNS))
    if len(board) > _SHOWN:
        screen.print(f"{len(board) - _SHOWN} more in leaderboard() of the model.")
    for row in rows:
        if row["notes"] and (row["chosen"] or row["status"] == "failed"):
            screen.print(one_line(f"{row['name']}: {row['notes']}"), markup=False, highlight=False)

"""`windvane automl FILE --forecast`: forecasts the series of a file without a server."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from windvane.automl.forecast_estimator import AutoForecast
from windvane.automl.local.events import Event
from windvane.automl.local.report_request import Reported
from windvane.cli.board import board_table
from windvane.cli.progress import Progress
from windvane.domain.forecasting import Aggregation, ForecastMetric
from windvane.errors import InvalidRequest
from windvane.process.log_lines import one_line

_OF_TABLES = {
    "test": "--test",
    "validation": "--validation",
    "validation_fraction": "--validation-fraction",
    "time_column": "--time-column",
    "group_column": "--group-column",
    "problem_type": "--problem-type",
    "sample_weight": "--sample-weight",
    "monotone": "--monotone",
    "max_candidates": "--max-candidates",
    "max_latency_ms": "--max-latency-ms",
    "mode": "--mode",
    "algorithms": "--algorithms",
    "no_calibration": "--no-calibration",
    "no_threshold_tuning": "--no-threshold-tuning",
}
_OF_FORECASTS = {
    "timestamp": "--timestamp",
    "item_id": "--item-id",
    "group_columns": "--group-columns",
    "horizon": "--horizon",
    "frequency": "--frequency",
    "quantiles": "--quantiles",
    "known_covariates": "--known-covariates",
    "past_covariates": "--past-covariates",
    "static": "--static",
    "holidays": "--holidays",
    "aggregation": "--aggregation",
    "filling": "--filling",
    "chronos_bolt": "--chronos-bolt",
    "future": "--future",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of forecasts to those of `windvane automl`."""
    group = parser.add_argument_group("forecasts")
    group.add_argument(
        "--forecast", action="store_true", help="forecast the target of the series in the file"
    )
    group.add_argument("--timestamp", metavar="COL", help="the column of times")
    group.add_argument("--item-id", metavar="COL", help="the column that tells series apart")
    group.add_argument(
        "--group-columns",
        type=_names,
        metavar="A,B",
        help="columns that, with --item-id, tell series apart",
    )
    group.add_argument("--horizon", type=int, metavar="N", help="steps to forecast")
    group.add_argument(
        "--frequency", metavar="F", help="such as D, 15min or 3M (default: as found in the data)"
    )
    group.add_argument(
        "--quantiles",
        type=_levels,
        metavar="Q,Q",
        help="levels to forecast (default 0.1,0.5,0.9)",
    )
    group.add_argument(
        "--known-covariates", type=_names, metavar="A,B", help="columns that are known in advance"
    )
    group.add_argument(
        "--past-covariates",
        type=_names,
        metavar="A,B",
        help="columns that are known for the past alone",
    )
    group.add_argument(
        "--static", type=_names, metavar="A,B", help="columns that are the same within a series"
    )
    group.add_argument(
        "--holidays", metavar="CC", help="country whose public holidays count, for example DE"
    )
    group.add_argument(
        "--aggregation",
        metavar="HOW",
        help=f"of rows in one step: {', '.join(Aggregation)} (default sum)",
    )
    group.add_argument(
        "--filling",
        type=_fillings,
        metavar="COL:PART=HOW,...",
        help="what stands for missing values, for example sales:middle=zero,price:future=median; parts are front, middle, "
        "back and future",
    )
    group.add_argument(
        "--chronos-bolt",
        metavar="DIR",
        help="folder with config.json and model.safetensors of Chronos-Bolt, which is then tried, too",
    )
    group.add_argument(
        "--future", metavar="FILE", help="known covariates of the steps to be forecast"
    )


def check_no_options(arguments: argparse.Namespace) -> None:
    """Check that no option of forecasts is given without --forecast.

    raises    InvalidRequest if an option of forecasts is given without --forecast
    """
    for name, option in _OF_FORECASTS.items():
        if getattr(arguments, name) is not None:
            raise InvalidRequest(f"{option} needs --forecast.")


def forecast(arguments: argparse.Namespace, left_s: float, out: Path, screen: Console) -> None:
    """Fit, forecast and write the model, forecast.csv and reports into a folder.

    left_s    seconds that there are
    raises    InvalidRequest, DataFault, JobFault
    """
    for name, option in _OF_TABLES.items():
        if getattr(arguments, name):
            raise InvalidRequest(f"{option} does not go with --forecast.")
    for name in ("timestamp", "horizon"):
        if getattr(arguments, name) is None:
            raise InvalidRequest(f"--forecast needs {_OF_FORECASTS[name]}.")
    model = AutoForecast(
        target=arguments.target,
        timestamp=arguments.timestamp,
        item_id=arguments.item_id,
        group_columns=arguments.group_columns or (),
        horizon=arguments.horizon,
        frequency=arguments.frequency,
        quantiles=arguments.quantiles or (0.1, 0.5, 0.9),
        known_covariates=arguments.known_covariates or (),
        past_covariates=arguments.past_covariates or (),
        static=arguments.static or (),
        holidays=arguments.holidays,
        aggregation=arguments.aggregation,
        filling=arguments.filling,
        chronos_bolt=arguments.chronos_bolt,
        max_runtime_s=left_s,
        threads=arguments.threads,
        seed=arguments.seed,
        objective=arguments.objective,
    )
    reported: list[Reported] = []
    with Progress(screen, arguments.max_runtime, None) as progress:

        def hear(event: Event) -> None:
            if event["event"] == "report":
                reported.append(Reported.from_event(event))
            progress.show(event)

        model.fit(arguments.train, on_event=hear, reports=out / "reports", progress=False)
    model.save(out / "model")
    made = model.predict(arguments.future)
    made.to_csv(out / "forecast.csv", index=False)
    took_s = time.monotonic() - arguments.started
    if arguments.json:
        print(json.dumps(_document(model, made, out, took_s, reported), indent=1))
    else:
        _show(model, out, took_s, screen)


def _document(
    model: AutoForecast,
    made: pd.DataFrame,
    out: Path,
    took_s: float,
    reported: Sequence[Reported],
) -> dict[str, Any]:
    return {
        "target": model.spec.target,
        "frequency": model.frequency,
        "horizon": model.spec.horizon,
        "objective": str(model.spec.objective),
        "n_series": len(made) // model.spec.horizon,
        "seconds": round(took_s, 3),
        "leaderboard": [_known(row) for row in model.leaderboard().to_dict("records")],
        "findings": [
            {"code": one.code, "severity": one.severity, "message": one.message}
            for one in model.findings
        ],
        "out": str(out),
        "model": str(out / "model"),
        "forecast": str(out / "forecast.csv"),
        "reports": {str(one.kind): one.to_json(out / "reports") for one in reported},
    }


def _known(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row for JSON, which has no NaN: what is not known is null."""
    return {
        str(name): None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _show(model: AutoForecast, out: Path, took_s: float, screen: Console) -> None:
    for finding in model.findings:
        if finding.severity == "high":
            told = one_line(f"Warning: {finding.message} {finding.action}")
            screen.print(told, markup=False)
    objective = str(model.spec.objective)
    columns = {
        "model": "model",
        objective: "score",
        "standard_error": "±",
        "weight": "weight",
        "coverage": "coverage",
        "fit_s": "fit s",
    }
    rows = model.leaderboard().to_dict("records")
    screen.print(board_table(f"Leaderboard by {objective} in backtests", rows, columns))
    for row in rows:
        if row["failure"]:
            told = one_line(f"{row['model']}: {row['failure']}")
            screen.print(told, markup=False, highlight=False)
    screen.print(
        f"{took_s:.1f} s. Forecast: {out / 'forecast.csv'}; model: {out / 'model'} (AutoForecast.load); "
        f"reports: {out / 'reports'}",
        highlight=False,
        soft_wrap=True,
    )


def _names(text: str) -> list[str]:
    return text.split(",")


def _fillings(text: str) -> dict[str, dict[str, str | float]]:
    """Read 'sales:middle=zero,price:future=median'."""
    made: dict[str, dict[str, str | float]] = {}
    for one in text.split(","):
        column, _, how = one.rpartition(":")
        part, _, method = how.partition("=")
        if not (column and part and method):
            raise argparse.ArgumentTypeError(f"'{one}' must have the form sales:middle=zero")
        made.setdefault(column, {})[part] = method
    return made


def _levels(text: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' must have the form 0.1,0.5,0.9") from error


METRICS = ", ".join(ForecastMetric)
"""For --objective, whose other names are those of tables."""

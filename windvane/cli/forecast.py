"""`windvane forecast`: forecasts with the model that `windvane automl --forecast` wrote, also of newer rows, and what they are
made of."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console

from windvane.automl.forecast_estimator import AutoForecast
from windvane.cli.ending import exit_code
from windvane.errors import InvalidRequest


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "forecast",
        help="forecast with the model of a finished `windvane automl --forecast`",
        description=__doc__,
    )
    parser.add_argument(
        "model", metavar="MODEL", type=Path, help="the folder `model` that `windvane automl` wrote"
    )
    parser.add_argument(
        "--rows", metavar="FILE", help="newer rows, which the model learns from before it forecasts"
    )
    parser.add_argument(
        "--future", metavar="FILE", help="known covariates of the steps to be forecast"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("forecast.csv"),
        help="forecasts to write (default forecast.csv)",
    )
    parser.add_argument(
        "--explain", metavar="FILE", type=Path, help="what the forecasts are made of, to write"
    )
    parser.add_argument(
        "--save", metavar="DIR", type=Path, help="a new folder for the model that newer rows made"
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=10,
        metavar="S",
        help="seconds for learning from newer rows (default 10)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code)."""
    return exit_code("forecast", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    screen, began = Console(), time.monotonic()
    if arguments.save is not None and arguments.rows is None:
        raise InvalidRequest("--save keeps what newer rows made of a model: give --rows, too.")
    model = AutoForecast.load(arguments.model)
    if arguments.rows is not None:
        model.update(arguments.rows, arguments.budget)
    made = model.predict(arguments.future)
    made.to_csv(arguments.out, index=False)
    written = [f"Forecast: {arguments.out}"]
    if arguments.explain is not None:
        model.explain(arguments.future).to_csv(arguments.explain, index=False)
        written.append(f"what it is made of: {arguments.explain}")
    if arguments.save is not None:
        model.save(arguments.save)
        written.append(f"model: {arguments.save}")
    took = f"{time.monotonic() - began:.1f} s. "
    screen.print(took + "; ".join(written), highlight=False, markup=False, soft_wrap=True)

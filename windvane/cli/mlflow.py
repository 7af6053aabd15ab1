"""`windvane mlflow`: logs a finished `windvane automl`, or a model that `AutoML.save` wrote, to MLflow: its candidates, their
metrics and hyperparameters, and the model."""

from __future__ import annotations

import argparse
from pathlib import Path

from windvane.cli.ending import exit_code


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "mlflow", help="log a finished `windvane automl` to MLflow", description=__doc__
    )
    parser.add_argument(
        "job",
        metavar="DIR",
        type=Path,
        help="the folder that `windvane automl --out` or AutoML.save wrote",
    )
    parser.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="where MLflow keeps runs, e.g. http://localhost:5000 or sqlite:///mlflow.db (default: MLFLOW_TRACKING_URI)",
    )
    parser.add_argument(
        "--experiment", default="windvane", metavar="NAME", help="default windvane; made if missing"
    )
    parser.add_argument("--run-name", metavar="NAME", help="default: the name of the folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code); the run's id is on stdout."""
    return exit_code("mlflow", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    from windvane.automl.estimator import AutoML  # heavy: other commands are to start fast
    from windvane.mlflow import log_automl

    within = arguments.job / "model"
    is_job = (within / "leaderboard.json").is_file()
    run_id = log_automl(
        AutoML.load(within if is_job else arguments.job),
        tracking_uri=arguments.tracking_uri,
        experiment=arguments.experiment,
        run_name=arguments.run_name or arguments.job.resolve().name,
    )
    print(run_id)

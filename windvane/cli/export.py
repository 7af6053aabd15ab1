"""`windvane export`: writes a model in a form that needs no Windvane, once its predictions were compared with the model's."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from windvane.automl.estimator import AutoML
from windvane.cli.ending import exit_code


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export",
        help="write a model as a scoring script that needs NumPy alone",
        description=__doc__,
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help=(
            "the folder `model` that `windvane automl` wrote, or that AutoML.save did; or a candidate's model.tar.gz, "
            "downloaded"
        ),
    )
    parser.add_argument(
        "--scoring-script",
        metavar="DIR",
        type=Path,
        required=True,
        help="a new folder for the script score.py and what belongs to it",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code)."""
    return exit_code("export", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    parity = AutoML.load(arguments.model).export_scoring(arguments.scoring_script)
    told = (
        f"{arguments.scoring_script / 'score.py'} written. On {parity.rows} rows its predictions are those of the model; "
        f"the largest difference is {parity.largest_difference:g}."
    )
    Console().print(told, highlight=False, markup=False, soft_wrap=True)

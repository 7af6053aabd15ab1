"""`windvane export`: writes a model in a form that needs no Windvane, once its predictions were compared with the model's."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from windvane.automl.estimator import AutoML
from windvane.cli.ending import exit_code
from windvane.errors import InvalidRequest


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export",
        help="write a model as a scoring script that needs NumPy alone, or as an ONNX file",
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
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--scoring-script",
        metavar="DIR",
        type=Path,
        help="a new folder for the script score.py and what belongs to it",
    )
    form.add_argument(
        "--onnx",
        metavar="FILE",
        type=Path,
        help="a new ONNX file; the comparison is written beside it, to FILE.parity.json (needs the extra onnx)",
    )
    parser.add_argument(
        "--rows",
        metavar="TABLE",
        type=Path,
        help="with --onnx: CSV or Parquet with the columns of the training data, the target among them; up to 10,000 of "
        "its rows are compared, too",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code)."""
    return exit_code("export", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    if arguments.rows is not None and arguments.onnx is None:
        raise InvalidRequest(
            "--rows goes with --onnx; a scoring script is compared on rows that are made up."
        )
    model = AutoML.load(arguments.model)
    if arguments.onnx is not None:
        parity = model.export_onnx(arguments.onnx, arguments.rows).compared.parity
        written = arguments.onnx
    else:
        parity = model.export_scoring(arguments.scoring_script)
        written = arguments.scoring_script / "score.py"
    told = (
        f"{written} written. On {parity.rows} rows its predictions are those of the model; "
        f"the largest difference is {parity.largest_difference:g}."
    )
    Console().print(told, highlight=False, markup=False, soft_wrap=True)

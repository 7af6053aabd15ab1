"""`windvane mlflow`: logs a finished job to MLflow: its candidates, their metrics and hyperparameters, and the model. The job is
the folder of a `windvane automl`, a model that `AutoML.save` or `AutoForecast.save` wrote or, with --data-dir, a job of the running server."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windvane.cli.ending import exit_code
from windvane.errors import InvalidRequest
from windvane.settings import DEFAULT_REGION

if TYPE_CHECKING:
    from windvane.mlflow_runs import LoggedCandidate


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("mlflow", help="log a finished job to MLflow", description=__doc__)
    parser.add_argument(
        "job",
        metavar="JOB",
        help="the folder that `windvane automl --out`, AutoML.save or AutoForecast.save wrote; with --data-dir, a job's name",
    )
    parser.add_argument(
        "--data-dir", type=Path, help="the data folder of the server that ran the job"
    )
    parser.add_argument(
        "--region", default=DEFAULT_REGION, help=f"region of the job (default {DEFAULT_REGION})"
    )
    parser.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="where MLflow keeps runs, e.g. http://localhost:5000 or sqlite:///mlflow.db (default: MLFLOW_TRACKING_URI)",
    )
    parser.add_argument(
        "--experiment", default="windvane", metavar="NAME", help="default windvane; made if missing"
    )
    parser.add_argument("--run-name", metavar="NAME", help="default: the name of the job or folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code); the run's id is on stdout."""
    return exit_code("mlflow", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    log = _log_folder if arguments.data_dir is None else _log_served
    with redirect_stdout(sys.stderr):  # MLflow's client prints links to runs of a tracking server
        run_id = log(arguments)
    print(run_id)


def _log_folder(arguments: argparse.Namespace) -> str:
    """Log a job whose model is in a folder and return the run's id."""
    from windvane.automl.estimator import AutoML  # heavy: other commands are to start fast
    from windvane.mlflow import load_saved, log_automl, log_forecast

    folder = Path(arguments.job)
    is_job = (folder / "model" / "leaderboard.json").is_file()
    model = load_saved(folder / "model" if is_job else folder)
    uri, experiment = arguments.tracking_uri, arguments.experiment
    name = arguments.run_name or folder.resolve().name
    if isinstance(model, AutoML):
        return log_automl(model, tracking_uri=uri, experiment=experiment, run_name=name)
    return log_forecast(model, tracking_uri=uri, experiment=experiment, run_name=name)


def _log_served(arguments: argparse.Namespace) -> str:
    """Log a job of a server and return the run's id.

    raises    InvalidRequest if it has not completed
    """
    from windvane.cli.own_api import OwnApi  # heavy, all of them: other commands are to start fast
    from windvane.mlflow import Place, load_saved, log_job
    from windvane.mlflow_runs import ARCHIVE, FORECASTER

    api = OwnApi(arguments.data_dir, arguments.region)
    path = f"/windvane/jobs/{quote(arguments.job, safe='')}"
    board = api.call("GET", f"{path}/leaderboard")
    if board["AutoMLJobStatus"] != "Completed":
        raise InvalidRequest(
            f"The job {arguments.job} is {board['AutoMLJobStatus']}; completed jobs can be logged."
        )
    names = [one["CandidateName"] for one in board["Candidates"]]
    found = [api.call("GET", f"{path}/candidates/{quote(name, safe='')}") for name in names]
    best = names.index(board["BestCandidateName"])
    with tempfile.TemporaryDirectory(prefix="windvane-mlflow-") as scratch:
        urls = [one["ModelDataUrl"] for one in found[best]["InferenceContainers"]]
        is_forecast = "ProblemType" not in board
        # A third container has the transformers of the first again, for the labels.
        archives = {FORECASTER: urls[0]} if is_forecast else dict(enumerate(urls[:2]))
        for name, url in archives.items():
            into = Path(scratch) / str(name)
            into.mkdir()
            api.download(url, into / ARCHIVE)
        return log_job(
            load_saved(Path(scratch)),
            {"job": arguments.job, "job_arn": board["AutoMLJobArn"]},
            [_candidate(one) for one in found],
            best,
            Place(arguments.tracking_uri, arguments.experiment),
            arguments.run_name or arguments.job,
        )


def _candidate(answer: dict[str, Any]) -> LoggedCandidate:
    """Return a candidate as runs show it, from what DescribeCandidate says."""
    from windvane.mlflow_runs import LoggedCandidate

    one = answer["Candidate"]
    told = {
        "score": one.get("Score"),
        "standard_error": one.get("StandardError"),
        "fit_s": one.get("TrainingTimeInSeconds"),
        "latency_ms": 1000 * one["LatencyInSeconds"] if "LatencyInSeconds" in one else None,
        "size_mb": one["SizeInBytes"] / 1e6 if "SizeInBytes" in one else None,
        "folds": one.get("FoldCount"),
        **{m["MetricName"]: m["Value"] for m in one["Metrics"] if m["Set"] == "Validation"},
    }
    params = {"algorithm": one["Algorithm"], "recipe": one.get("Recipe", "")}
    return LoggedCandidate(
        one["CandidateName"],
        {**params, **answer["Hyperparameters"]},
        {name: float(value) for name, value in told.items() if value is not None},
        one.get("FailureReason", ""),
    )

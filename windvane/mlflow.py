"""MLflow: a job of the library as runs of an experiment, and its model as one that MLflow loads and serves.

Needs the extra: pip install 'windvane[mlflow]'. A model is a `python_function` whose loader is this module: MLflow calls
`_load_pyfunc` on the folder that `AutoML.save` or `AutoForecast.save` wrote, so that nothing is unpickled.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from windvane.automl.estimator import AutoML
from windvane.automl.forecast_estimator import AutoForecast
from windvane.automl.forecasting.leaderboard import answering, board_from_json
from windvane.automl.leaderboard import LeaderboardRow, leaderboard_from_json
from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.forecasting.forecaster import KIND
from windvane.engine.manifest import MANIFEST, read_json
from windvane.mlflow_runs import (
    ARCHIVE,
    EXPERIMENT,
    FORECASTER,
    MODEL,
    LoggedCandidate,
    experiment_id,
    import_mlflow,
    log_candidate,
    log_values,
    logged_run,
    write_model,
)
from windvane.version import __version__

_NOT_METRICS = {
    "rank",
    "name",
    "candidate",
    "algorithm",
    "recipe",
    "on_front",
    "chosen",
    "status",
    "notes",
}
"""Columns of the leaderboard."""

_NOT_METRICS_OF_FORECASTS = {"model", "failure"}
"""Columns of the leaderboard of a forecast."""


@dataclass(frozen=True)
class Place:
    """The tracking server and experiment in which runs are logged.

    tracking_uri  where MLflow keeps runs; None: as MLflow is configured
    experiment    its name; it is created if there is none
    """

    tracking_uri: str | None = None
    experiment: str = EXPERIMENT


def log_automl(
    model: AutoML,
    *,
    tracking_uri: str | None = None,
    experiment: str = EXPERIMENT,
    run_name: str | None = None,
) -> str:
    """Log a fitted model with its job and return the run's id: one run with the metrics of the candidate that answers and the
    model as the artefact 'model', and below it a run for each candidate, with its metrics, their standard error and its
    hyperparameters.

    tracking_uri  where MLflow keeps runs; None: as MLflow is configured
    experiment    its name; it is created if there is none
    raises        InvalidRequest if MLflow is not installed, or the candidates of the job are not known
    """
    import_mlflow()
    board = model.leaderboard()
    with tempfile.TemporaryDirectory(prefix="windvane-mlflow-") as scratch:
        model.save(Path(scratch) / "saved")
        rows = leaderboard_from_json(read_json(Path(scratch) / "saved" / "leaderboard.json"))
    places = board.to_dict("records")
    candidates = [_candidate(row, scores) for row, scores in zip(rows, places, strict=True)]
    best = next(at for at, scores in enumerate(places) if scores["chosen"])
    limits = {"max_runtime_s": model.max_runtime_s, "max_candidates": model.max_candidates}
    return log_job(model, limits, candidates, best, Place(tracking_uri, experiment), run_name)


def log_forecast(
    model: AutoForecast,
    *,
    tracking_uri: str | None = None,
    experiment: str = EXPERIMENT,
    run_name: str | None = None,
) -> str:
    """Log a fitted forecaster with its job and return the run's id: one run with the metrics of what answers (the average, or the
    best model) and the forecaster as the artefact 'model', and below it a run for each model, with its metrics in backtests.

    tracking_uri  where MLflow keeps runs; None: as MLflow is configured
    experiment    its name; it is created if there is none
    raises        InvalidRequest if MLflow is not installed, or nothing has been fitted
    """
    import_mlflow()
    board = model.leaderboard()
    with tempfile.TemporaryDirectory(prefix="windvane-mlflow-") as scratch:
        model.save(Path(scratch) / "saved")
        rows = board_from_json(read_json(Path(scratch) / "saved" / "leaderboard.json"))
    candidates = [
        LoggedCandidate(
            scores["model"],
            {"algorithm": scores["model"]},
            _metrics(scores, _NOT_METRICS_OF_FORECASTS),
            scores["failure"],
        )
        for scores in board.to_dict("records")
    ]
    best = [row.name for row in rows].index(answering(rows))
    limits = {"max_runtime_s": model.max_runtime_s}
    return log_job(model, limits, candidates, best, Place(tracking_uri, experiment), run_name)


def log_job(
    model: AutoML | AutoForecast,
    params: Mapping[str, Any],
    candidates: Sequence[LoggedCandidate],
    best: int,
    place: Place,
    run_name: str | None,
) -> str:
    """Log a job as `log_automl` does, and return the run's id.

    model     of the best candidate
    params    of the job, beside what the model knows
    best      the place of the best candidate
    raises    InvalidRequest if MLflow is not installed
    """
    client = import_mlflow().MlflowClient(place.tracking_uri)
    within = experiment_id(client, place.experiment)
    tags = {"windvane.version": __version__}
    with logged_run(client, within, run_name, tags) as run_id:
        with tempfile.TemporaryDirectory(prefix="windvane-mlflow-") as scratch:
            saved = Path(scratch) / "saved"
            model.save(saved)
            save_model(model, Path(scratch) / MODEL, saved)
            client.log_artifacts(run_id, str(Path(scratch) / MODEL), MODEL)
        for candidate in candidates:
            log_candidate(client, within, run_id, candidate)
        chosen = candidates[best]
        of_job = {**_params_of_model(model), **params, "candidate": chosen.name}
        log_values(client, run_id, of_job, chosen.metrics)
    return run_id


def save_model(model: AutoML | AutoForecast, path: Path, saved: Path) -> None:
    """Write an MLflow model into a new folder.

    saved     what `model.save` wrote
    """
    mlflow = import_mlflow()
    signature = _signature(mlflow, model.analysis) if isinstance(model, AutoML) else None
    write_model(path, saved, signature)


class MlflowModel:
    """The model that MLflow asks for predictions."""

    def __init__(self, model: AutoML) -> None:
        self._model = model

    def predict(self, rows: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow passes it
        """Return a column `prediction` and, for classes, a column `probability_LABEL` for each.

        rows      columns by name, as for `AutoML.predict`
        params    of MLflow; there are none
        """
        answers = {"prediction": self._model.predict(rows)}
        if self._model.analysis.problem_type.is_classification:
            columns = self._model.predict_proba(rows).T
            labels = self._model.classes_
            answers |= {f"probability_{one}": p for one, p in zip(labels, columns, strict=True)}
        return pd.DataFrame(answers, index=rows.index)


class MlflowForecaster:
    """The forecaster that MLflow asks for forecasts."""

    def __init__(self, model: AutoForecast) -> None:
        self._model = model

    def predict(self, rows: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow passes it
        """Return the forecast of every series, as `AutoForecast.predict` does.

        rows      the steps to be forecast, with known covariates; without rows, those that the model was fitted to
        params    of MLflow; there are none
        """
        return self._model.predict(None if rows.empty else rows)


def load_saved(folder: Path) -> AutoML | AutoForecast:
    """Return what `AutoML.save` or `AutoForecast.save` wrote, or the model of a server's job, in the archives that it has in S3.

    raises    CorruptArtifact if it is none of these, or damaged
    """
    archive = folder / FORECASTER / ARCHIVE
    if archive.is_file():
        return AutoForecast.load(archive)
    manifest = folder / MANIFEST
    if manifest.is_file() and read_json(manifest).get("kind") == KIND:
        return AutoForecast.load(folder)
    return AutoML.load(folder)


def _load_pyfunc(path: str) -> MlflowModel | MlflowForecaster:
    """Load a model as MLflow asks for it, with the checks of `load_saved`."""
    model = load_saved(Path(path))
    return MlflowModel(model) if isinstance(model, AutoML) else MlflowForecaster(model)


def _signature(mlflow: Any, analysis: Analysis) -> Any:
    """Return the columns that the model reads: numbers, and what may be anything. None is required, for each may be missing."""
    schema = import_module("mlflow.types.schema")
    columns = [
        schema.ColSpec(
            schema.DataType.double if one.type is ColumnType.NUMERIC else schema.AnyType(),
            name=one.name,
            required=False,
        )
        for one in analysis.features
    ]
    return mlflow.models.ModelSignature(inputs=schema.Schema(columns))


def _params_of_model(model: AutoML | AutoForecast) -> dict[str, Any]:
    if isinstance(model, AutoForecast):
        return {
            "target": model.spec.target,
            "problem_type": "TimeSeriesForecasting",
            "objective": model.spec.objective,
            "horizon": model.spec.horizon,
            "frequency": model.frequency,
            "seed": model.spec.seed,
        }
    analysis = model.analysis
    return {
        "target": analysis.target,
        "problem_type": analysis.problem_type,
        "objective": analysis.objective,
        "n_rows": analysis.n_rows,
        "n_features": len(analysis.features),
        "seed": analysis.seed,
    }


def _candidate(row: LeaderboardRow, scores: Mapping[Any, Any]) -> LoggedCandidate:
    hyperparameters = {} if row.plan is None else row.plan.hyperparameters
    params = {"algorithm": row.algorithm, "recipe": scores["recipe"], **hyperparameters}
    failure = "" if row.outcome else str(scores["notes"])
    return LoggedCandidate(
        f"{row.index} {row.algorithm}", params, _metrics(scores, _NOT_METRICS), failure
    )


def _metrics(scores: Mapping[Any, Any], others: Collection[str]) -> dict[str, float]:
    """Return the columns of the leaderboard that are numbers, where they are known.

    others    columns that are none
    """
    return {
        str(name): float(value)
        for name, value in scores.items()
        if name not in others and value is not None and math.isfinite(value)
    }

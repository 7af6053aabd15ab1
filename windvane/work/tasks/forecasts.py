"""What each task of a forecasting job does: an action in the task's folder; what clients are to see of it goes to S3."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from windvane.automl import names
from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastResult,
    PackForecaster,
)
from windvane.automl.forecasting.documents import result_to_json
from windvane.automl.forecasting.folders import ForecastFolders
from windvane.automl.forecasting.performing import pack, prepare, run_task
from windvane.domain.datasource import Compression
from windvane.domain.features import EVERYTHING, FeatureSpecification, SpecificationFile
from windvane.domain.task import TaskKind
from windvane.engine.forecasting.backtest_table import figures, write_backtests
from windvane.engine.forecasting.forecast import check_horizon
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.forecasting.outcomes import (
    FORECASTS,
    MODEL,
    OUTCOME,
    ForecastOutcome,
    read_forecasts,
    read_outcome,
)
from windvane.engine.forecasting.prepared import read_prepared
from windvane.engine.forecasting.stages import WEIGHTS
from windvane.errors import CandidateFault
from windvane.work.tasks import forecast_reports
from windvane.work.tasks.actions import with_time_to_publish
from windvane.work.tasks.inputs import download_inputs
from windvane.work.tasks.publishing import check_writable, publish_package
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.workspace import Keys, scratch

_SMALL_BYTES = 20 * 1000**2
"""Series, with what a model has learned, of which every candidate gets a package of its own: they are packed within a second."""


_WEIGHTS_SUFFIX = ".safetensors"
"""Of files of pretrained weights, which take seconds to be compressed and get no smaller."""


def perform_forecast(context: StageContext) -> Result:
    """Run a task of a forecasting job, and return what it brought, as JSON.

    raises    DataFault, CandidateFault, CorruptArtifact, and whatever the store of artefacts raises
    """
    if context.task.kind is TaskKind.ANALYZE:
        return _prepare(context)
    if context.task.kind is TaskKind.EXPLORE:
        return forecast_reports.explore(context)
    if context.task.kind is TaskKind.EXPLAIN:
        return forecast_reports.explain(context)
    if context.task.kind is TaskKind.INSIGHTS:
        return forecast_reports.judge(context)
    task = with_time_to_publish(context)
    objective = context.job.spec.forecast.objective
    result = run_task(task, context.exchange, objective, context.allowance.weights)
    action, folders = task.action, ForecastFolders(context.exchange.folder)
    if isinstance(action, Backtest):
        alone = PackForecaster((action.model,), (), has_ensemble=False)
        return _published(context, result, alone, folders.backtest(action.model))
    if isinstance(action, Combine):
        members = tuple(name for name in action.models if name in result.weights)
        context.exchange.fetch(name for one in members for name in names.backtested(one))
        together = PackForecaster(members, (), has_ensemble=True)
        return _published(context, result, together, folders.ensemble)
    if isinstance(action, PackForecaster):
        n_bytes = _publish_package(context, folders.package)
        if _n_bytes(folders.package) > _SMALL_BYTES:
            return {"n_bytes": n_bytes}
        latency_s = load_forecaster(folders.package)[0].latency_s()
        return {"n_bytes": n_bytes, "latency_s": latency_s}
    return result_to_json(result)


def _prepare(context: StageContext) -> Result:
    """Read the rows, make them regular series, and publish what was found in them.

    raises    DataFault
    """
    channel, allowance = context.job.spec.data.training, context.allowance
    artifacts, keys = allowance.open_artifacts(), Keys(context.job)
    folder = context.exchange.folder
    check_writable(artifacts, keys)
    with scratch(context.workspace, context.attempt) as temporary:
        inputs, spill = temporary / "inputs", temporary / "temporary"
        inputs.mkdir()
        spill.mkdir()
        files = download_inputs(artifacts, channel.source, inputs, allowance.max_data_bytes)
        compression = (channel.compression or Compression.NONE).value
        options = allowance.read_options(spill, channel.format.value, compression)
        options = replace(options, min_rows=1)
        result = prepare(
            files,
            options,
            context.job.spec.forecast,
            folder,
            _features(context),
            has_pretrained=allowance.weights is not None,
        )
    prepared = read_prepared(ForecastFolders(folder).series)
    spec = prepared.spec
    check_horizon(spec.horizon, prepared.panel)
    found = {
        **({} if result.series is None else asdict(result.series)),
        "known_covariates": list(spec.known_covariates),
        "past_covariates": list(spec.past_covariates),
        "static": list(spec.static),
        "findings": [asdict(one) for one in prepared.findings],
    }
    artifacts.write(keys.findings, json.dumps(found, indent=1).encode())
    context.exchange.publish((names.SERIES,))
    return result_to_json(result)


def _features(context: StageContext) -> FeatureSpecification:
    """Return the columns to learn from beside those that make the series."""
    told = context.task.payload
    return SpecificationFile.from_json(told).features if "features" in told else EVERYTHING


def _published(
    context: StageContext, result: ForecastResult, made_of: PackForecaster, own: Path
) -> Result:
    """Bring a candidate's package and its backtests to S3, and say how it did.

    own    folder of its backtests
    """
    outcome, objective = result.outcome, str(context.job.spec.forecast.objective)
    if outcome is None:
        raise AssertionError(f"The task {context.task.key} makes no candidate.")
    if outcome.metrics[objective] is None:
        raise CandidateFault(
            f"{objective} is not defined for its forecasts: the values of the backtest windows are all missing, zero, or the "
            "same. Choose another objective, such as RMSE, or give longer series."
        )
    _publish_backtests(context, outcome, own)
    if not _is_worth_publishing(context, outcome, own / MODEL):
        return result_to_json(result)
    with scratch(context.workspace, context.attempt) as temporary:
        package = temporary / "package"
        made = pack(made_of, ForecastFolders(context.exchange.folder), package)
        n_bytes = _publish_package(context, package)
    return {**result_to_json(result), "n_bytes": n_bytes, "latency_s": made.latency_s()}


def _is_worth_publishing(context: StageContext, outcome: ForecastOutcome, model: Path) -> bool:
    """Return whether a candidate's package is published. Each has a copy of the series and of what its model has learned: large
    ones are published only where none was better when the task began, so that the best candidate has one at any time.

    model    folder of the candidate's model, if it is a single one
    """
    folder = context.exchange.folder
    if _n_bytes(ForecastFolders(folder).series, model) <= _SMALL_BYTES:
        return True
    task = context.action
    read = [path for name in (task.reads if task else ()) for path in names.files_of(folder, name)]
    others = [read_outcome(folder / path.parent) for path in read if path.name == OUTCOME]
    metric = context.job.spec.forecast.objective
    is_average = isinstance(task and task.action, Combine)
    return is_average or all(outcome.loss(metric) < other.loss(metric) for other in others)


def _n_bytes(*folders: Path) -> int:
    """Return the bytes of all files in some folders."""
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*"))


def _publish_backtests(context: StageContext, outcome: ForecastOutcome, own: Path) -> None:
    artifacts = context.allowance.open_artifacts()
    into = Keys(context.job).backtests(context.task.payload["index"])
    prepared = read_prepared(ForecastFolders(context.exchange.folder).series)
    with scratch(context.workspace, context.attempt) as temporary:
        file = temporary / "windows.csv"
        write_backtests(prepared, read_forecasts(own), file)
        artifacts.upload(into / file.name, file)
    for name in (OUTCOME, FORECASTS, WEIGHTS):
        if (own / name).is_file():
            artifacts.upload(into / name, own / name)
    told = json.dumps(figures(prepared, outcome), indent=1)
    artifacts.write(into / "metrics.json", told.encode())


def _publish_package(context: StageContext, package: Path) -> int:
    """Bring what answers as a candidate does to S3, and return how many bytes that is."""
    location = Keys(context.job).whole(context.task.payload["index"])
    with scratch(context.workspace, f"{context.attempt}-archive") as temporary:
        archive = temporary / "model.tar.gz"
        artifacts = context.allowance.open_artifacts()
        level = 0 if any(package.rglob(f"*{_WEIGHTS_SUFFIX}")) else 1
        return publish_package(artifacts, location, package, archive, level=level)

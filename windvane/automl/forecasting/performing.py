"""What each action of a forecasting job does in its process: a stage of the engine, in the job's folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastAction,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.workflow import ActionLimits
from windvane.engine.data.analysis import ReadOptions
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.models.base import FitLimits
from windvane.executor.base import Say, Work

_PERFORM = "windvane.automl.forecasting.performing:perform"
_KINDS: Mapping[str, Callable[..., ForecastAction]] = {
    one.__name__: one for one in (Prepare, Backtest, Combine, RefitModel, PackForecaster)
}


def work_of(action: ForecastAction, job: ForecastJob, limits: ActionLimits) -> Work:
    """Return an action as an executor takes it; what reads or writes everything has all of the memory."""
    payload = {
        "kind": type(action).__name__,
        "action": vars(action),
        "job": job.to_json(),
        "stop_at": limits.stop_at,
    }
    is_shared = isinstance(action, Backtest | RefitModel)
    memory_mb = job.memory_mb // (job.threads if is_shared else 1)
    return Work(action.key, _PERFORM, payload, memory_mb, limits.kill_at)


def perform(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Perform an action, and return what the workflow must know of its result: weights and loss.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    job = ForecastJob.from_json(payload["job"])
    told = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in payload["action"].items()
    }
    action = _KINDS[payload["kind"]](**told)
    if isinstance(action, Prepare):
        return _prepare(job)
    limits = FitLimits(payload["stop_at"], 1, job.spec.objective)
    if isinstance(action, Backtest):
        into = _made(job.backtest(action.model))
        outcome = stages.backtest(job.series, action.model, limits, into)
        objective = outcome.metrics[str(job.spec.objective)]
        return {"loss": objective, "standard_error": outcome.standard_error}
    if isinstance(action, Combine):
        candidates = {name: job.backtest(name) for name in action.models}
        outcome = stages.combine(job.series, candidates, _made(job.ensemble))
        weights = stages.read_weights(job.ensemble)
        return {"loss": outcome.metrics[str(job.spec.objective)], "weights": weights}
    if isinstance(action, RefitModel):
        stages.refit(job.series, action.model, limits, _made(job.refit(action.model)))
        return {}
    return _pack(job, action)


def _prepare(job: ForecastJob) -> dict[str, Any]:
    options = ReadOptions(
        scratch=job.out,
        format=job.format,
        compression=job.compression,
        memory_mb=job.memory_mb // 2,
        threads=job.threads,
        min_rows=1,
    )
    prepared = stages.prepare([job.file], options, job.spec, job.series)
    return {
        "suited": stages.suited(prepared),
        "n_series": prepared.panel.n_series,
        "n_values": len(prepared.panel.values),
        "frequency": str(prepared.panel.grid.frequency),
        "n_findings": len(prepared.findings),
    }


def _pack(job: ForecastJob, action: PackForecaster) -> dict[str, Any]:
    stages.pack(
        job.series,
        {name: job.backtest(name) for name in action.models},
        job.ensemble if action.has_ensemble else None,
        {name: job.refit(name) for name in action.refits},
        _made(job.package),
    )
    return {}


def _made(folder: Path) -> Path:
    """Return the folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

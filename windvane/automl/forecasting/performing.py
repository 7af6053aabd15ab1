"""What each action of a forecasting job does in its process: a stage of the engine, on what lies in its folder (automl/names.py)
and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from windvane.automl.exchange import Exchange
from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastResult,
    PackForecaster,
    RefitModel,
    SeriesFacts,
)
from windvane.automl.forecasting.folders import ForecastFolders
from windvane.automl.forecasting.leaderboard import (
    ARGUMENTS,
    LEADERBOARD,
    ForecastRow,
    ranked_rows,
)
from windvane.automl.task import ActionTask
from windvane.domain.features import FeatureSpecification
from windvane.domain.forecasting import ForecastMetric, ForecastSpec
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.forecaster import Forecaster
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.outcomes import read_outcome
from windvane.engine.forecasting.stages import ENSEMBLE
from windvane.engine.manifest import write_json


def prepare(
    files: Sequence[SourceFile],
    options: ReadOptions,
    spec: ForecastSpec,
    folder: Path,
    features: FeatureSpecification | None = None,
    *,
    has_pretrained: bool = False,
) -> ForecastResult:
    """Read the rows of a job and make them regular series, in its folder.

    features        as stages.prepare has it
    has_pretrained  as stages.suited has it
    raises    DataFault
    """
    series = _cleared(ForecastFolders(folder).series)
    prepared = stages.prepare(files, options, spec, series, features)
    facts = SeriesFacts(
        n_series=prepared.panel.n_series,
        n_values=len(prepared.panel.values),
        frequency=str(prepared.panel.grid.frequency),
        n_findings=len(prepared.findings),
    )
    return ForecastResult(
        suited=tuple(stages.suited(prepared, has_pretrained=has_pretrained)), series=facts
    )


def run_task(
    task: ActionTask,
    exchange: Exchange,
    objective: ForecastMetric,
    chronos_bolt: Path | None = None,
) -> ForecastResult:
    """Fetch what a task reads, perform it, and publish what it wrote.

    chronos_bolt    as in FitLimits
    raises    DataFault, CandidateFault, CorruptArtifact, and whatever the exchange raises
    """
    exchange.fetch(task.reads)
    result = perform(task, exchange.folder, objective, chronos_bolt)
    exchange.publish(task.writes)
    return result


def perform(
    task: ActionTask, folder: Path, objective: ForecastMetric, chronos_bolt: Path | None = None
) -> ForecastResult:
    """Perform any action but Prepare in a folder that has what it reads, and return what it brings.

    chronos_bolt    as in FitLimits
    raises    DataFault, CandidateFault, CorruptArtifact
    """
    action, at = task.action, ForecastFolders(folder)
    limits = FitLimits(
        task.limits.stop_at, task.resources.cpus, objective, chronos_bolt=chronos_bolt
    )
    if isinstance(action, Backtest):
        into = _made(at.backtest(action.model))
        return ForecastResult(outcome=stages.backtest(at.series, action.model, limits, into))
    if isinstance(action, Combine):
        candidates = {name: at.backtest(name) for name in action.models}
        outcome = stages.combine(at.series, candidates, _made(at.ensemble))
        return ForecastResult(outcome=outcome, weights=stages.read_weights(at.ensemble))
    if isinstance(action, RefitModel):
        stages.refit(at.series, action.model, limits, _made(at.refit(action.model)))
        return ForecastResult()
    if not isinstance(action, PackForecaster):
        raise TypeError(f"{type(action).__name__} is no action on prepared series.")
    pack(action, at, at.package)
    return ForecastResult()


def pack(action: PackForecaster, at: ForecastFolders, into: Path) -> Forecaster:
    """Write what answers into a folder, in place of what is there, with all that `AutoForecast.load` reads beside it; and return it.

    raises    CorruptArtifact
    """
    made = stages.pack(
        at.series,
        {name: at.backtest(name) for name in action.models},
        at.ensemble if action.has_ensemble else None,
        {name: at.refit(name) for name in action.refits},
        _made(into),
    )
    board = {"candidates": [row.to_json() for row in _rows(action, at, made)]}
    write_json(into / LEADERBOARD, board)
    write_json(into / ARGUMENTS, {"has_whole_items": False})
    made.seal(into, {})
    return made


def _rows(action: PackForecaster, at: ForecastFolders, made: Forecaster) -> list[ForecastRow]:
    """Return the leaderboard of the models that a package was made of, best first."""
    weights = {one.name: one.weight for one in made.members}
    outcomes = [read_outcome(at.backtest(name)) for name in action.models]
    rows = [ForecastRow(one.name, one, weights.get(one.name, 0.0)) for one in outcomes]
    if action.has_ensemble:
        rows.append(ForecastRow(ENSEMBLE, read_outcome(at.ensemble), 1.0))
    return ranked_rows(rows, made.prepared.spec.objective)


def _made(folder: Path) -> Path:
    """Return the folder, empty."""
    _cleared(folder).mkdir(parents=True)
    return folder


def _cleared(folder: Path) -> Path:
    """Return the path of a folder that is to be made; what an earlier attempt left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder

"""The stages of a forecasting job, as functions that read and write folders: read this first.

prepare     rows become regular series; what is worth knowing about them is found
backtest    a model forecasts moments of the past
combine     the models are weighed together, and the width of their intervals is corrected
refit       a model that learns from all series learns from all values
pack        what answers is written
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.domain.features import FeatureSpecification
from windvane.domain.forecasting import ForecastSpec
from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import floats_in
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.read import read_table
from windvane.engine.forecasting.backtest import MOST_WINDOWS, Window, windows_of
from windvane.engine.forecasting.calibration import IntervalScale, fit_scale
from windvane.engine.forecasting.ensemble import fit_weights, weighted
from windvane.engine.forecasting.findings import find_all
from windvane.engine.forecasting.forecast import Forecast, check_size
from windvane.engine.forecasting.forecaster import Forecaster, Member
from windvane.engine.forecasting.holidays import holidays_of
from windvane.engine.forecasting.metrics import Truth
from windvane.engine.forecasting.models.base import FitLimits, FittedModel, Learning
from windvane.engine.forecasting.models.catalogue import FLOOR, MODELS, model_named
from windvane.engine.forecasting.outcomes import (
    MODEL,
    ForecastOutcome,
    joined,
    joined_truth,
    judged,
    read_forecasts,
    read_outcome,
    write_outcome,
)
from windvane.engine.forecasting.panel import Panel
from windvane.engine.forecasting.prepared import PreparedSeries, read_prepared, write_prepared
from windvane.engine.forecasting.reading import learn_encodings, long_table
from windvane.engine.forecasting.regularise import regularise
from windvane.engine.forecasting.roles import with_roles
from windvane.engine.manifest import read_json, write_json
from windvane.errors import CandidateFault, CorruptArtifact, DataFault

ENSEMBLE = "ensemble"
WEIGHTS, _SCALE = "weights.json", "intervals.npz"
_MOST_BACKTESTED = 5_000
"""Series that models are compared on: a sample of more."""

_MOST_FORECAST = 200_000
"""Steps of all series and windows that a model forecasts for its backtest, about."""

_LEAST_SHARE = 0.01
"""Weights below it are left out: each member costs time in every forecast."""


def prepare(
    files: Sequence[SourceFile],
    options: ReadOptions,
    spec: ForecastSpec,
    into: Path,
    features: FeatureSpecification | None = None,
) -> PreparedSeries:
    """Read rows, make them regular series, and write these into a new folder.

    features  further columns to use, whose roles are then found in the data; None: the columns that the spec names
    raises    DataFault if nothing can be learned from them, or their forecast is too large
    """
    raw = read_table(files, options, spec.target, spec.seed, spec.roles)
    if raw.n_rows < raw.n_rows_read:
        raise DataFault(
            f"The {raw.n_rows_read:,} rows need more memory than the {options.memory_mb:,} MB that there are for reading them. "
            "Raise the limit, or aggregate the rows first."
        )
    if features is not None:
        spec = with_roles(raw.columns, spec, features)
    types = {} if features is None else features.types
    known = learn_encodings(raw.columns, spec.known_covariates, types)
    static = learn_encodings(raw.columns, (*spec.static, *spec.group_columns), types)
    past = learn_encodings(raw.columns, spec.past_covariates, types)
    table = long_table(raw.columns, spec, known, static, past)
    regular = regularise(table, spec)
    if spec.holiday_country is not None:
        panel = with_holidays(regular.panel, spec.holiday_country, spec.horizon)
        regular = replace(regular, panel=panel)
    found = replace(spec, frequency=regular.panel.grid.frequency)
    if regular.panel.lengths.max() < 2:
        raise DataFault(
            f"Every series has a single step at the frequency {found.frequency}; at least two are needed. Check the item "
            "identifier and the frequency."
        )
    findings = find_all(regular, found, known, past)
    prepared = PreparedSeries(
        regular.panel, found, known, static, findings, past, table.time_format
    )
    check_size(prepared.panel.n_series, prepared.task)
    into.mkdir(parents=True)
    write_prepared(prepared, into)
    return prepared


def with_holidays(panel: Panel, country: str, horizon: int) -> Panel:
    """Return a panel with the public holidays of its times, and of the steps to be forecast.

    raises    InvalidRequest if there is no calendar of this country
    """
    every = np.arange(panel.n_series)
    ends = (panel.first, panel.last + horizon)
    first, last = (panel.grid.times(steps, every) for steps in ends)
    return replace(panel, holidays=holidays_of(country, first, last))


def suited(prepared: PreparedSeries, *, has_pretrained: bool = False) -> list[str]:
    """Return the names of the models that there are enough values for.

    has_pretrained    whether there are weights of models that have learned beforehand
    """
    history = compared(prepared)[0].history
    return [
        model.name
        for model in MODELS
        if (has_pretrained or model.learning is not Learning.BEFOREHAND)
        and model.suits(history, prepared.task)
    ]


def backtest(series: Path, name: str, limits: FitLimits, into: Path) -> ForecastOutcome:
    """Forecast moments of the past with one model; it learns from what was known before the first of them.

    series    a folder that `prepare` wrote
    into      an empty folder
    raises    CandidateFault if the series are too short for the model, or it cannot be fitted
    """
    began = time.time()
    prepared = read_prepared(series)
    task, model = prepared.task, model_named(name)
    windows = compared(prepared)
    if not model.suits(windows[0].history, task):
        raise CandidateFault(f"The series are too short, or of another kind, for {name}.")
    limits = replace(limits, n_forecasts=len(windows))
    fitted = model.fit(windows[0].history, task, limits)
    forecasts = [fitted.forecast(window.history) for window in windows]
    truths = _truths(windows, prepared)
    took_s = time.time() - began
    outcome = judged(name, forecasts, truths, prepared.spec.objective, took_s)
    (into / MODEL).mkdir()
    fitted.save(into / MODEL)
    write_outcome(outcome, joined(forecasts), into)
    return outcome


def compared(prepared: PreparedSeries) -> list[Window]:
    """Return the windows that all models are compared on."""
    panel = prepared.panel
    if panel.n_series > _MOST_BACKTESTED:
        rng = np.random.default_rng(prepared.spec.seed)
        drawn = rng.choice(panel.n_series, _MOST_BACKTESTED, replace=False)
        panel = panel.only(np.sort(drawn))
    horizon = prepared.task.horizon
    most = int(np.clip(_MOST_FORECAST // (panel.n_series * horizon), 1, MOST_WINDOWS))
    return windows_of(panel, horizon, prepared.task.season, most)


def combine(series: Path, candidates: Mapping[str, Path], into: Path) -> ForecastOutcome:
    """Weigh models by their backtests, and correct the width of intervals.

    candidates    name -> folder that `backtest` wrote
    into          an empty folder
    returns       the outcome of the average; each window is forecast by weights fitted to the others, and where there is one
                  window, each half of the series by weights of the other half
    """
    began = time.time()
    prepared = read_prepared(series)
    truths = _truths(compared(prepared), prepared)
    names = list(candidates)
    forecasts = [read_forecasts(candidates[name]) for name in names]
    whole = joined_truth(truths)
    _check_shapes(forecasts, whole)
    found = _Average.fitted(forecasts, whole, prepared)
    held_out = _held_out(forecasts, truths, prepared)
    took_s = time.time() - began
    outcome = judged(ENSEMBLE, held_out, truths, prepared.spec.objective, took_s)
    weights = {name: w for name, w in zip(names, found.weights, strict=True) if w > 0}
    write_outcome(outcome, joined(held_out), into)
    write_json(into / WEIGHTS, {"weights": weights})
    write_arrays(into / _SCALE, {"factors": found.scale.factors})
    return outcome


def read_weights(ensemble: Path) -> dict[str, float]:
    """Return the members of what `combine` wrote.

    raises    CorruptArtifact
    """
    weights = read_json(ensemble / WEIGHTS).get("weights")
    if not isinstance(weights, dict) or not weights:
        raise CorruptArtifact(f"{ensemble} holds no weights.")
    return {str(name): float(weight) for name, weight in weights.items()}


def refit(series: Path, name: str, limits: FitLimits, into: Path) -> None:
    """Fit a model to all values.

    into      an empty folder
    raises    CandidateFault if it cannot be
    """
    prepared = read_prepared(series)
    model_named(name).fit(prepared.panel, prepared.task, limits).save(into)


def pack(
    series: Path,
    candidates: Mapping[str, Path],
    ensemble: Path | None,
    refits: Mapping[str, Path],
    into: Path,
) -> Forecaster:
    """Write what answers into an empty folder: the ensemble, or the best candidate if there is none.

    candidates    name -> folder that `backtest` wrote
    refits        name -> folder that `refit` wrote; others answer with what they learned for their backtests
    """
    prepared = read_prepared(series)
    task = prepared.task
    scale = IntervalScale(np.ones((task.horizon, len(task.levels))))
    if ensemble is not None:
        weights = read_weights(ensemble)
        factors = floats_in(read_arrays(ensemble / _SCALE), "factors", 2)
        scale = IntervalScale(factors)
    elif candidates:
        metric = prepared.spec.objective
        best = min(candidates, key=lambda name: read_outcome(candidates[name]).loss(metric))
        weights = {best: 1.0}
    else:
        weights = {FLOOR.name: 1.0}
    members = [
        Member(name, weight, _answering(name, candidates, refits, prepared))
        for name, weight in weights.items()
    ]
    made = Forecaster(prepared, tuple(members), scale)
    made.save(into)
    return made


def _answering(
    name: str, candidates: Mapping[str, Path], refits: Mapping[str, Path], prepared: PreparedSeries
) -> FittedModel:
    model, task = model_named(name), prepared.task
    if not model.learning.is_kept:
        return model.fit(prepared.panel, task, FitLimits(time.time()))
    return model.load(refits.get(name, candidates[name] / MODEL), task)


@dataclass(frozen=True)
class _Average:
    weights: Sequence[float]
    scale: IntervalScale

    @classmethod
    def fitted(
        cls, forecasts: Sequence[Forecast], truth: Truth, prepared: PreparedSeries
    ) -> _Average:
        spec = prepared.spec
        found = fit_weights(forecasts, truth, spec.objective, spec.seed)
        found = np.where(found >= _LEAST_SHARE, found, 0.0)
        found = found / found.sum()
        scale = fit_scale(weighted(forecasts, list(found)), truth)
        return cls(list(found), scale)

    def of(self, forecasts: Sequence[Forecast], median: int) -> Forecast:
        return self.scale.applied(weighted(forecasts, self.weights), median)


def _held_out(
    forecasts: Sequence[Forecast], truths: Sequence[Truth], prepared: PreparedSeries
) -> list[Forecast]:
    """Return the average's forecasts of each window, by weights that were not fitted to them."""
    sizes = [len(one.actual) for one in truths]
    whole, median = joined_truth(truths), prepared.task.median
    part = np.repeat(np.arange(len(truths)), sizes)
    if len(truths) == 1:
        part = np.arange(sizes[0]) % 2
    if len(part) < 2:
        part = np.zeros(len(part), int)
    made = Forecast(np.empty_like(forecasts[0].mean), np.empty_like(forecasts[0].quantiles))
    for one in np.unique(part):
        held = part == one
        learnt = held if held.all() else ~held
        average = _Average.fitted(
            [_rows(f, learnt) for f in forecasts], _truth_rows(whole, learnt), prepared
        )
        forecast = average.of([_rows(f, held) for f in forecasts], median)
        made.mean[held], made.quantiles[held] = forecast.mean, forecast.quantiles
    ends = np.cumsum(sizes)
    return [_rows(made, slice(end - size, end)) for end, size in zip(ends, sizes, strict=True)]


def _rows(forecast: Forecast, rows: NDArray[np.bool_] | slice) -> Forecast:
    return Forecast(forecast.mean[rows], forecast.quantiles[rows])


def _truth_rows(truth: Truth, rows: NDArray[np.bool_]) -> Truth:
    return replace(truth, actual=truth.actual[rows], scale=truth.scale[rows])


def _truths(windows: Sequence[Window], prepared: PreparedSeries) -> list[Truth]:
    return [one.truth(prepared.task, prepared.spec.quantiles) for one in windows]


def _check_shapes(forecasts: Sequence[Forecast], truth: Truth) -> None:
    for one in forecasts:
        if one.mean.shape != truth.actual.shape:
            raise CorruptArtifact(
                f"Forecasts of the shape {one.mean.shape} do not belong to windows of {truth.actual.shape}."
            )

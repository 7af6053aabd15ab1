"""A linear map from the last values of a series to all steps ahead, the same for all series: ridge regression.

source    Zeng, Chen, Zhang and Xu 2023, "Are Transformers effective for time series forecasting?" (NLinear); Toner and Darlow
          2024, "An analysis of linear time series forecasting models", for its closed form
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import floats_in, number_in, whole_in
from windvane.engine.forecasting.forecast import Forecast, ForecastTask, guarded
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.models.base import FitLimits, FittedModel, Learning
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact

_NAME = "linear"
_FILE = "map.npz"
_LONGEST_CONTEXT = 720
_MOST_CELLS = 6_000_000
"""Of all windows together."""

_LEAST_WINDOWS = 60
_RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Of the mean variance of a value of the context."""

_PRIOR_DAYS = 10.0
"""Values on holidays that no effect counts for."""

_MOST_KINDS = 1_000

_HELD_OUT = 0.2
"""Share of the windows, the latest, that choose the ridge and tell how large errors are."""


@dataclass(frozen=True)
class _Windows:
    """Windows of the series: what is known, and what follows.

    X       (n_windows, context) less the centre, over the spread
    Y       (n_windows, horizon) likewise; NaN where a value is missing
    kinds   (n_windows, horizon) the kind of holiday of each value that follows; -1 for none
    """

    X: Floats
    Y: Floats
    kinds: Steps

    def part(self, rows: slice) -> _Windows:
        return _Windows(self.X[rows], self.Y[rows], self.kinds[rows])


def context_of(history: Panel, task: ForecastTask) -> int:
    """Return how many of the last values are looked at: two of the longest season that fits, or as many as are ahead."""
    usual = float(np.median(history.lengths))
    room = int(min(_LONGEST_CONTEXT, (usual - task.horizon) * 0.4))
    seasons = [s for s in history.grid.frequency.seasons if 2 * s <= room]
    wanted = 2 * max(seasons) if seasons else max(6, task.horizon)
    return max(0, min(room, wanted))


class Linear:
    """A linear map, one for all series."""

    name = _NAME
    description = "A linear map from the last values to the steps ahead, one for all series."
    learning = Learning.ACROSS

    def suits(self, history: Panel, task: ForecastTask) -> bool:
        context = context_of(history, task)
        rooms = np.maximum(history.lengths - context - task.horizon + 1, 0)
        return context >= 4 and int(rooms.sum()) >= _LEAST_WINDOWS

    def fit(self, history: Panel, task: ForecastTask, limits: FitLimits) -> FittedModel:  # noqa: ARG002
        context = context_of(history, task)
        windows = _sampled(history, task, context)
        n_learnt = int(len(windows.X) * (1 - _HELD_OUT))
        learnt, held = windows.part(slice(n_learnt)), windows.part(slice(n_learnt, None))
        values, vectors = np.linalg.eigh(learnt.X.T @ learnt.X)
        right = vectors.T @ (learnt.X.T @ learnt.Y)
        size = max(float(values.mean()), 1e-12)
        maps = [vectors @ (right / (values + ridge * size)[:, None]) for ridge in _RIDGES]
        losses = [float(np.abs(held.X @ one - held.Y).mean()) for one in maps]
        best = int(np.argmin(losses))
        if not np.isfinite(losses[best]):
            raise CandidateFault("The linear map could not be fitted: its values are not finite.")
        errors = held.Y - held.X @ maps[best]
        n_kinds = len(history.holidays.names)
        effects = _effects(learnt.Y - learnt.X @ maps[best], learnt.kinds, n_kinds)
        adjusted = errors - _on_holidays(effects, held.kinds)
        are_better = float(np.abs(adjusted).mean()) < losses[best]
        levels = np.quantile(adjusted if are_better else errors, task.levels, axis=0).T
        whole_values, whole_vectors = np.linalg.eigh(windows.X.T @ windows.X)
        ridge = _RIDGES[best] * max(float(whole_values.mean()), 1e-12)
        rotated = whole_vectors.T @ (windows.X.T @ windows.Y)
        whole = whole_vectors @ (rotated / (whole_values + ridge)[:, None])
        if are_better:
            effects = _effects(windows.Y - windows.X @ whole, windows.kinds, n_kinds)
        by_name = dict(zip(history.holidays.names, effects.tolist(), strict=True))
        return _FittedLinear(whole, _smoothed(levels), task, by_name if are_better else {})

    def load(self, folder: Path, task: ForecastTask) -> FittedModel:
        about = check_manifest(folder, self.name)
        arrays = read_arrays(folder / _FILE)
        try:
            context = whole_in(about, "context", 1, _LONGEST_CONTEXT)
            made = _checked(
                context, floats_in(arrays, "map", 2), floats_in(arrays, "errors", 2), task
            )
            return replace(made, holidays=_effects_in(about))
        except ValueError as error:
            raise CorruptArtifact(f"{folder} holds no linear map: {error}.") from error


def _checked(context: int, weights: Floats, errors: Floats, task: ForecastTask) -> _FittedLinear:
    """Return a model of saved arrays, once they were checked.

    raises    ValueError unless the shapes go together
    """
    if weights.shape != (context, task.horizon):
        raise ValueError(f"the map has the shape {weights.shape}")
    if errors.shape != (task.horizon, len(task.levels)):
        raise ValueError(f"the errors have the shape {errors.shape}")
    return _FittedLinear(weights, errors, task)


@dataclass(frozen=True)
class _FittedLinear:
    """A linear map from the last values to the next ones.

    map       (context, horizon)
    errors    (horizon, n_levels) quantiles of errors, over the spread of the context
    holidays  name -> what it adds, over the spread of the context
    """

    map: Floats
    errors: Floats
    task: ForecastTask
    holidays: Mapping[str, float] = field(default_factory=dict)

    def forecast(self, history: Panel) -> Forecast:
        X = history.tail(len(self.map))
        usual = mean_of_known(X, 1, keepdims=True)
        X = np.where(np.isnan(X), usual, X)
        centre, spread = _centre_and_spread(X, self.task.season)
        mean = centre + spread * (((X - centre) / spread) @ self.map)
        if self.holidays and history.holidays.names:
            effects = np.array([self.holidays.get(name, 0.0) for name in history.holidays.names])
            series, ahead = np.arange(history.n_series)[:, None], np.arange(self.task.horizon)
            kinds = _kinds(history, history.last[series] + 1 + ahead, series)
            mean = mean + spread * _on_holidays(effects, kinds)
        quantiles = mean[:, :, None] + spread[:, :, None] * self.errors
        return guarded(Forecast(mean, quantiles), history)

    def save(self, folder: Path) -> None:
        write_arrays(folder / _FILE, {"map": self.map, "errors": self.errors})
        about = {"context": len(self.map), "holidays": dict(self.holidays)}
        write_manifest(folder, _NAME, about)


def _sampled(history: Panel, task: ForecastTask, context: int) -> _Windows:
    """Return windows of all series, the earliest first, as many as memory allows."""
    width = context + task.horizon
    rooms = np.maximum(history.lengths - width + 1, 0)
    begins = np.repeat(history.bounds[:-1], rooms) + _counted(rooms)
    most = max(_LEAST_WINDOWS, _MOST_CELLS // width)
    if len(begins) > most:
        rng = np.random.default_rng(task.seed)
        begins = np.sort(rng.choice(begins, most, replace=False))
    from_end = history.bounds[1:][history.series[begins]] - begins
    begins = begins[np.argsort(-from_end, kind="stable")]
    cells = history.filled[begins[:, None] + np.arange(width)]
    X, Y = cells[:, :context], cells[:, context:]
    centre, spread = _centre_and_spread(X, task.season)
    series = history.series[begins][:, None]
    within = begins[:, None] - history.bounds[series] + context + np.arange(task.horizon)
    kinds = _kinds(history, history.first[series] + within, series)
    return _Windows((X - centre) / spread, (Y - centre) / spread, kinds)


def _kinds(history: Panel, steps: Steps, series: Steps) -> Steps:
    """Return the kind of holiday of steps; -1 for none, and for steps of more than a day."""
    if not (history.holidays.names and history.grid.frequency.steps_a_day):
        return np.full(steps.shape, -1)
    return history.holidays.kind_of(history.days(steps, series))


def _effects(errors: Floats, kinds: Steps, n_kinds: int) -> Floats:
    """Return (n_kinds,) what each kind of holiday adds: its mean error, drawn towards that of all holidays where there are
    few of it, and that towards nothing."""
    is_off = kinds >= 0
    counts = np.bincount(kinds[is_off], minlength=n_kinds)
    sums = np.bincount(kinds[is_off], errors[is_off], n_kinds)
    usual = float(sums.sum()) / (float(counts.sum()) + _PRIOR_DAYS)
    return np.asarray((sums + _PRIOR_DAYS * usual) / (counts + _PRIOR_DAYS))


def _on_holidays(effects: Floats, kinds: Steps) -> Floats:
    """Return the effect of the kind of each step; 0 for none."""
    return np.append(effects, 0.0)[kinds]


def _effects_in(about: Mapping[str, Any]) -> dict[str, float]:
    """Read what holidays add.

    raises    ValueError if it is no map of names to numbers
    """
    told = about.get("holidays", {})
    if not isinstance(told, dict) or len(told) > _MOST_KINDS:
        raise ValueError("what holidays add is no map of names to numbers")
    return {name: number_in(told, name) for name in told}


def _counted(rooms: Steps) -> Steps:
    """0, 1, 2 ... for each of the rooms."""
    ends = np.cumsum(rooms)
    return np.arange(int(ends[-1])) - np.repeat(ends - rooms, rooms)


def _centre_and_spread(X: Floats, season: int) -> tuple[Floats, Floats]:
    """Return (n, 1) the mean of the last season, or the last value, and the mean distance from it."""
    last = X[:, -season:] if 1 < season <= X.shape[1] else X[:, -1:]
    centre = last.mean(axis=1, keepdims=True)
    spread = np.abs(X - centre).mean(axis=1, keepdims=True)
    floor = 1e-3 * np.abs(X).mean(axis=1, keepdims=True) + 1e-9
    return centre, np.maximum(spread, floor)


def _smoothed(levels: Floats) -> Floats:
    """Average quantiles of errors with those of the steps beside: a few windows tell little of one step."""
    padded = np.pad(levels, ((2, 2), (0, 0)), mode="edge")
    made: Floats = np.lib.stride_tricks.sliding_window_view(padded, 5, axis=0).mean(axis=2)
    return made


LINEAR = Linear()

"""A linear map from the last values of a series to all steps ahead, the same for all series: ridge regression.

source    Zeng, Chen, Zhang and Xu 2023, "Are Transformers effective for time series forecasting?" (NLinear); Toner and Darlow
          2024, "An analysis of linear time series forecasting models", for its closed form
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import floats_in, whole_in
from windvane.engine.forecasting.forecast import Forecast, ForecastTask, guarded
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.models.base import FitLimits, FittedModel
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

_HELD_OUT = 0.2
"""Share of the windows, the latest, that choose the ridge and tell how large errors are."""


@dataclass(frozen=True)
class _Windows:
    """Windows of the series: what is known, and what follows.

    X    (n_windows, context) less the centre, over the spread
    Y    (n_windows, horizon) likewise; NaN where a value is missing
    """

    X: Floats
    Y: Floats


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
    is_trained = True

    def suits(self, history: Panel, task: ForecastTask) -> bool:
        context = context_of(history, task)
        rooms = np.maximum(history.lengths - context - task.horizon + 1, 0)
        return context >= 4 and int(rooms.sum()) >= _LEAST_WINDOWS

    def fit(self, history: Panel, task: ForecastTask, limits: FitLimits) -> FittedModel:  # noqa: ARG002
        context = context_of(history, task)
        windows = _sampled(history, task, context)
        n_learnt = int(len(windows.X) * (1 - _HELD_OUT))
        learnt = _Windows(windows.X[:n_learnt], windows.Y[:n_learnt])
        held = _Windows(windows.X[n_learnt:], windows.Y[n_learnt:])
        values, vectors = np.linalg.eigh(learnt.X.T @ learnt.X)
        right = vectors.T @ (learnt.X.T @ learnt.Y)
        size = max(float(values.mean()), 1e-12)
        maps = [vectors @ (right / (values + ridge * size)[:, None]) for ridge in _RIDGES]
        losses = [float(np.abs(held.X @ one - held.Y).mean()) for one in maps]
        best = int(np.argmin(losses))
        if not np.isfinite(losses[best]):
            raise CandidateFault("The linear map could not be fitted: its values are not finite.")
        errors = held.Y - held.X @ maps[best]
        levels = np.quantile(errors, task.levels, axis=0).T
        whole_values, whole_vectors = np.linalg.eigh(windows.X.T @ windows.X)
        ridge = _RIDGES[best] * max(float(whole_values.mean()), 1e-12)
        rotated = whole_vectors.T @ (windows.X.T @ windows.Y)
        whole = whole_vectors @ (rotated / (whole_values + ridge)[:, None])
        return _FittedLinear(whole, _smoothed(levels), task)

    def load(self, folder: Path, task: ForecastTask) -> FittedModel:
        about = check_manifest(folder, self.name)
        arrays = read_arrays(folder / _FILE)
        try:
            context = whole_in(about, "context", 1, _LONGEST_CONTEXT)
            return _checked(
                context, floats_in(arrays, "map", 2), floats_in(arrays, "errors", 2), task
            )
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
    """

    map: Floats
    errors: Floats
    task: ForecastTask

    def forecast(self, history: Panel) -> Forecast:
        X = history.tail(len(self.map))
        usual = mean_of_known(X, 1, keepdims=True)
        X = np.where(np.isnan(X), usual, X)
        centre, spread = _centre_and_spread(X, self.task.season)
        mean = centre + spread * (((X - centre) / spread) @ self.map)
        quantiles = mean[:, :, None] + spread[:, :, None] * self.errors
        return guarded(Forecast(mean, quantiles), history)

    def save(self, folder: Path) -> None:
        write_arrays(folder / _FILE, {"map": self.map, "errors": self.errors})
        write_manifest(folder, _NAME, {"context": len(self.map)})


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
    return _Windows((X - centre) / spread, (Y - centre) / spread)


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

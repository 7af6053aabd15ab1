"""The dynamic optimised theta method of many series at once.

source    Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler 2016, "Models for optimising the theta method and their
          relationship to state space models", International Journal of Forecasting 32
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from windvane.engine.forecasting.forecast import Forecast, ForecastTask, normal_quantiles
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.models.base import LocalModel, longest, recent
from windvane.engine.forecasting.models.seasonal import deseasonalise
from windvane.engine.forecasting.panel import Floats, Panel

_ALPHA = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.99)
_THETA = (1.0, 1.5, 2.0, 3.0, 6.0)
_LEAST_SIZE = 0.01
"""Of a value whose logarithm is taken, in those of the mean of its series."""

_ROUNDS = 4
_NOT_COUNTED = 3
"""Errors of the first values, of which the line through them is not known yet."""


def _forecast(history: Panel, task: ForecastTask) -> Forecast:
    made = recent(history, longest(history, task.season))
    flat = deseasonalise(made.y, task.season if task.season <= 400 else 1)
    mean, deviation = _theta(flat.y, task.horizon)
    quantiles = normal_quantiles(mean, deviation, task.levels)
    return Forecast(
        flat.restored(mean) * made.scale, flat.restored(quantiles) * made.scale[:, :, None]
    )


def _forecast_logs(history: Panel, task: ForecastTask) -> Forecast:
    made = recent(history, longest(history, task.season))
    logs = np.log(np.maximum(made.y, _LEAST_SIZE))
    flat = deseasonalise(logs - np.nanmin(logs, axis=1, keepdims=True) - 1.0, task.season)
    low = np.nanmin(logs, axis=1, keepdims=True) + 1.0
    mean, deviation = _theta(flat.y, task.horizon)
    quantiles = flat.restored(normal_quantiles(mean, deviation, task.levels)) + low[:, :, None]
    centre = flat.restored(mean) + low
    return Forecast(
        np.exp(centre + np.minimum(deviation**2, 1.0) / 2) * made.scale,
        np.exp(quantiles) * made.scale[:, :, None],
    )


def _theta(y: Floats, horizon: int) -> tuple[Floats, Floats]:
    """Return (n_series, horizon) means and standard deviations."""
    n_series, rows = len(y), np.arange(len(y))
    grid = np.array(list(product(_ALPHA, _THETA)))
    points = np.broadcast_to(grid, (n_series, len(grid), 2))
    lines = _Lines.of(y)
    squares = _smoothed(lines, points).squares
    chosen = squares.argmin(axis=1)
    best, least = points[rows, chosen], squares[rows, chosen]
    step = 0.08
    moves = np.array(
        [[-1, 1], [1, 1], [-1, 1.25], [1, 1.25], [-1, 0.8], [1, 0.8], [0, 1.25], [0, 0.8]]
    )
    for _ in range(_ROUNDS):
        alphas = np.clip(best[:, None, 0] + step * moves[:, 0], 0.005, 0.995)
        thetas = np.clip(best[:, None, 1] * moves[:, 1], 1.0, 20.0)
        points = np.stack([alphas, thetas], axis=2)
        squares = _smoothed(lines, points).squares
        chosen = squares.argmin(axis=1)
        is_better = squares[rows, chosen] < least
        best = np.where(is_better[:, None], points[rows, chosen], best)
        least = np.minimum(squares[rows, chosen], least)
        step /= 1.6
    ran = _smoothed(lines, best[:, None])
    n = np.isfinite(y).sum(axis=1)
    sigma = np.sqrt(ran.squares[:, 0] / np.maximum(n - _NOT_COUNTED - 2, 1))
    ahead = np.arange(horizon)
    return _path(lines, ran, best, horizon), sigma[:, None] * np.sqrt(1 + ahead * best[:, :1] ** 2)


@dataclass(frozen=True)
class _Lines:
    """The part of the recursion that does not depend on its parameters: the line through the values before each step.

    values      (n_steps, n_series, 1)
    begins      (n_series,) the step of the first value
    intercept   (n_steps, n_series, 1); slope: likewise
    last        (n_series, 1) mean, intercept and slope after the last value
    """

    values: Floats
    begins: Steps
    intercept: Floats
    slope: Floats
    last: tuple[Floats, Floats, Floats]

    @classmethod
    def of(cls, y: Floats) -> _Lines:
        begins = np.isnan(y).sum(axis=1)
        mean, a, b = (np.zeros((len(y), 1)) for _ in range(3))
        values = y.T[:, :, None]
        intercept, slope = np.empty(values.shape), np.empty(values.shape)
        for t, value in enumerate(values):
            intercept[t], slope[t] = a, b
            k = (t - begins + 1.0)[:, None]
            has_begun = k >= 1
            new_mean, new_a, new_b = _next_line(k, value, mean, b)
            mean, a, b = (
                np.where(has_begun, new, old)
                for new, old in ((new_mean, mean), (new_a, a), (new_b, b))
            )
        return cls(values, begins, intercept, slope, (mean, a, b))


def _next_line(
    k: Floats, value: Floats, mean: Floats, slope: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return mean, intercept and slope after the k-th value."""
    k_safe = np.maximum(k, 1.0)
    new_mean = ((k_safe - 1) * mean + value) / k_safe
    new_slope = np.where(
        k > 1, ((k_safe - 2) * slope + 6 * (value - mean) / k_safe) / (k_safe + 1), 0.0
    )
    return new_mean, new_mean - new_slope * (k_safe + 1) / 2, new_slope


@dataclass(frozen=True)
class _Smoothed:
    """Series at several points of the parameters, after their last value; each (n_series, n_points).

    squares    sum of squared errors of one step ahead
    power      of 1 - alpha, by the number of values
    """

    squares: Floats
    level: Floats
    power: Floats


def _smoothed(lines: _Lines, points: Floats) -> _Smoothed:
    """Run the recursion of section 3.2 through all values."""
    alpha, theta = points[:, :, 0], points[:, :, 1]
    begins = lines.begins
    first = lines.values[begins, np.arange(len(begins))]
    level = np.broadcast_to(first, alpha.shape)
    weight, keep = 1 - 1 / theta, 1 - alpha
    power = np.ones(alpha.shape)
    squares = np.zeros(alpha.shape)
    all_begun = int(begins.max())
    for t, value in enumerate(lines.values):
        new_power = power * keep
        along = power * lines.intercept[t] + (1 - new_power) / alpha * lines.slope[t]
        error = (value - (level + weight * along)) ** 2
        if t < all_begun + _NOT_COUNTED:
            error = np.where((t - begins + 1.0)[:, None] > _NOT_COUNTED, error, 0.0)
        squares = squares + error
        new_level = alpha * value + keep * level
        if t < all_begun:
            has_begun = (t >= begins)[:, None]
            level = np.where(has_begun, new_level, level)
            power = np.where(has_begun, new_power, power)
        else:
            level, power = new_level, new_power
    return _Smoothed(np.where(np.isfinite(squares), squares, 1e300), level, power)


def _path(lines: _Lines, ran: _Smoothed, best: Floats, horizon: int) -> Floats:
    """Return (n_series, horizon) forecasts: the recursion goes on with them in place of values.

    ran    of one point, `best`
    """
    alpha, theta = best[:, :1], best[:, 1:]
    weight, keep = 1 - 1 / theta, 1 - alpha
    level, power = ran.level, ran.power
    mean, a, b = lines.last
    n_steps = len(lines.values)
    path = np.empty((len(best), horizon))
    for ahead in range(horizon):
        guess: Floats = level + weight * (power * a + (1 - power * keep) / alpha * b)
        path[:, ahead] = guess[:, 0]
        k = (n_steps + ahead - lines.begins.astype(np.float64) + 1.0)[:, None]
        mean, a, b = _next_line(k, guess, mean, b)
        level, power = alpha * guess + keep * level, power * keep
    return path


def _cells(history: Panel, task: ForecastTask) -> int:
    return 2 * len(_ALPHA) * len(_THETA) + longest(history, task.season)


def _is_positive(history: Panel, _: ForecastTask) -> bool:
    known = history.values[np.isfinite(history.values)]
    return len(known) > 0 and float(np.mean(known > 0)) > 0.99


THETA = LocalModel(
    "theta",
    "The dynamic optimised theta method: half of the trend, and a level that adapts.",
    _forecast,
    _cells,
)
LOG_THETA = LocalModel(
    "log-theta",
    "The dynamic optimised theta method of the logarithms.",
    _forecast_logs,
    _cells,
    _is_positive,
)

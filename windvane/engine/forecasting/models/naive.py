"""The floor of every leaderboard: the last season again, and the last value with the average change."""

from __future__ import annotations

import numpy as np

from windvane.engine.forecasting.forecast import Forecast, ForecastTask, normal_quantiles
from windvane.engine.forecasting.models.base import LocalModel, longest, recent
from windvane.engine.forecasting.panel import Floats, Panel


def _seasonal_naive(history: Panel, task: ForecastTask) -> Forecast:
    """Forecast the last season again; deviations grow with the root of the seasons ahead.

    source    Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 5.2 and 5.5
    """
    made = recent(history, max(longest(history, task.season), task.season + 1))
    seasons = np.arange(task.horizon) // task.season + 1
    mean = np.empty((history.n_series, task.horizon))
    deviation = np.empty_like(mean)
    is_short = history.lengths <= task.season
    for chosen, season in ((is_short, 1), (~is_short, task.season)):
        y = made.y[chosen]
        if not len(y):
            continue
        mean[chosen] = y[:, y.shape[1] - season + np.arange(task.horizon) % season]
        growth = np.sqrt(seasons if season > 1 else np.arange(1, task.horizon + 1))
        deviation[chosen] = _root_mean_square(y[:, season:] - y[:, :-season])[:, None] * growth
    return _scaled(mean, deviation, made.scale, task)


def _drift(history: Panel, task: ForecastTask) -> Forecast:
    """Forecast the line through the first and the last value, and on.

    source    as above
    """
    made = recent(history, longest(history, task.season))
    y, n = made.y, np.minimum(history.lengths, made.y.shape[1])[:, None]
    first = y[np.arange(len(y)), y.shape[1] - n[:, 0]][:, None]
    slope = (y[:, -1:] - first) / np.maximum(n - 1, 1)
    ahead = np.arange(1, task.horizon + 1)
    spread = _root_mean_square(np.diff(y, axis=1) - slope)[:, None]
    deviation = spread * np.sqrt(ahead * (1 + ahead / np.maximum(n - 1, 1)))
    return _scaled(y[:, -1:] + slope * ahead, deviation, made.scale, task)


def _root_mean_square(x: Floats) -> Floats:
    counts = np.isfinite(x).sum(axis=1)
    return np.asarray(np.sqrt(np.nansum(x * x, axis=1) / np.maximum(counts, 1)))


def _scaled(mean: Floats, deviation: Floats, scale: Floats, task: ForecastTask) -> Forecast:
    quantiles = normal_quantiles(mean, deviation, task.levels)
    return Forecast(mean * scale, quantiles * scale[:, :, None])


SEASONAL_NAIVE = LocalModel(
    "seasonal-naive",
    "The last season again.",
    _seasonal_naive,
    lambda history, task: longest(history, task.season),
)
DRIFT = LocalModel(
    "drift",
    "The last value, and the average change from there on.",
    _drift,
    lambda history, task: longest(history, task.season),
)

"""Forecasts by what was: quantiles of past values, recent ones and those of the same season counting more (NPTS).

source    NPTS in Amazon Forecast's developer guide; Gasthaus 2016, "Non-parametric time series forecaster"
"""

from __future__ import annotations

import numpy as np

from windvane.engine.forecasting.forecast import Forecast, ForecastTask
from windvane.engine.forecasting.models.base import LocalModel, longest, recent
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.errors import CorruptArtifact

_HALF_LIFE = 12.0
"""Steps, or seasons, after which a value counts half; at least, and a third of what is known where that is more."""


def _forecast(history: Panel, task: ForecastTask) -> Forecast:
    """Forecast by the distribution of all values."""
    made = recent(history, longest(history, task.season))
    mean, quantiles = _weighted(made.y, task.levels)
    return Forecast(
        np.repeat(mean[:, None], task.horizon, axis=1) * made.scale,
        np.repeat(quantiles[:, None], task.horizon, axis=1) * made.scale[:, :, None],
    )


def _forecast_seasonal(history: Panel, task: ForecastTask) -> Forecast:
    """Forecast by the distribution of the values of the same season."""
    season = _longest_season(history)
    made = recent(history, max(longest(history, season), 20 * season))
    y = made.y
    mean = np.empty((len(y), task.horizon))
    quantiles = np.empty((len(y), task.horizon, len(task.levels)))
    for slot in range(min(season, task.horizon)):
        chosen = y[:, (y.shape[1] + slot) % season :: season]
        of_slot, each = _weighted(chosen, task.levels)
        mean[:, slot::season] = of_slot[:, None]
        quantiles[:, slot::season] = each[:, None]
    return Forecast(mean * made.scale, quantiles * made.scale[:, :, None])


def _longest_season(history: Panel) -> int:
    """Return the steps of the longest season.

    raises    CorruptArtifact if there is none: a model of it was never fitted to such series
    """
    frequency = history.grid.frequency
    if not frequency.seasons:
        raise CorruptArtifact(
            f"The model seasonal-npts needs a season; series of the frequency '{frequency}' have none."
        )
    return frequency.seasons[-1]


def _weighted(y: Floats, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return (n_series,) means and (n_series, n_levels) quantiles of the columns, the last counting most."""
    half = max(_HALF_LIFE, y.shape[1] / 3)
    age = np.arange(y.shape[1] - 1, -1, -1)
    is_known = np.isfinite(y)
    weight = np.where(is_known, 0.5 ** (age / half), 0.0)
    total = np.maximum(weight.sum(axis=1), 1e-300)
    mean = np.nansum(weight * np.where(is_known, y, 0.0), axis=1) / total
    order = np.argsort(np.where(is_known, y, np.inf), axis=1, kind="stable")
    ranked = np.take_along_axis(y, order, axis=1)
    weight = np.take_along_axis(weight, order, axis=1)
    below = (np.cumsum(weight, axis=1) - weight / 2) / total[:, None]
    quantiles = np.empty((len(y), len(levels)))
    rows = np.arange(len(y))
    for j, level in enumerate(levels):
        above = (below < level) & np.isfinite(ranked)
        place = np.minimum(above.sum(axis=1), np.maximum(is_known.sum(axis=1) - 1, 0))
        quantiles[:, j] = ranked[rows, place]
    return mean, quantiles


NPTS = LocalModel(
    "npts",
    "Quantiles of past values, recent ones counting more.",
    _forecast,
    lambda history, task: longest(history, task.season),
)
SEASONAL_NPTS = LocalModel(
    "seasonal-npts",
    "Quantiles of past values of the same season, recent ones counting more.",
    _forecast_seasonal,
    lambda history, _: longest(history, 20 * _longest_season(history)),
    lambda history, _: (
        bool(history.grid.frequency.seasons)
        and float(np.median(history.lengths)) >= 3 * history.grid.frequency.seasons[-1]
    ),
)

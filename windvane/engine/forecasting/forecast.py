"""Forecasts of many series: a mean and quantiles for each step, and what makes them safe to use."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from windvane.engine.forecasting.panel import Floats, Panel
from windvane.errors import DataFault

_FURTHEST = 3.0
"""A forecast leaves the range of the values known by at most so many times that range."""


MOST_CELLS = 20_000_000
"""Series times steps times quantiles of a forecast: each of its arrays takes 160 MB then."""


@dataclass(frozen=True)
class Forecast:
    """Forecasts of many series.

    mean         (n_series, horizon)
    quantiles    (n_series, horizon, n_levels), ascending along the levels
    """

    mean: Floats
    quantiles: Floats


@dataclass(frozen=True)
class ForecastTask:
    """The forecast that a model is asked for.

    levels     of the quantiles, ascending; 0.5 among them
    season     steps of the season that naive forecasts go by
    """

    horizon: int
    levels: tuple[float, ...]
    season: int
    seed: int = 0

    @property
    def median(self) -> int:
        """Index of the median among the levels."""
        return self.levels.index(0.5)


def check_size(n_series: int, task: ForecastTask) -> None:
    """Check that the forecast of so many series fits into memory.

    raises    DataFault naming the numbers
    """
    cells = n_series * task.horizon * len(task.levels)
    if cells > MOST_CELLS:
        raise DataFault(
            f"A forecast of {n_series:,} series, {task.horizon:,} steps and {len(task.levels)} quantiles has {cells:,} "
            f"numbers; {MOST_CELLS:,} are the most. Forecast fewer series or steps at once."
        )


def check_horizon(horizon: int, panel: Panel) -> None:
    """Check that a horizon is at most a quarter of the time steps that the longest series has.

    raises    DataFault naming the numbers
    source    ForecastHorizon in SageMaker's API reference
    """
    n_steps = int(panel.lengths.max())
    if 4 * horizon > n_steps:
        raise DataFault(
            f"The forecast horizon is {horizon:,} steps; it can be at most a quarter of the time steps in the data, which is "
            f"{n_steps // 4:,}: the longest series has {n_steps:,} steps at the frequency {panel.grid.frequency}. Choose a "
            "shorter horizon, or add earlier data."
        )


def guarded(forecast: Forecast, history: Panel) -> Forecast:
    """Return a forecast without what cannot be meant: quantiles in order, nothing infinite, nothing far outside the range of
    the series, and nothing negative where no value ever was."""
    values, bounds = history.filled, history.bounds
    low = np.minimum.reduceat(values, bounds[:-1])[:, None]
    high = np.maximum.reduceat(values, bounds[:-1])[:, None]
    room = _FURTHEST * np.maximum(high - low, 1e-12 + 0.01 * np.abs(high))
    floor = np.where(low >= 0, 0.0, low - room)
    ceiling = high + room
    level = history.tail(1)
    mean = np.nan_to_num(forecast.mean, nan=np.nan, posinf=np.inf, neginf=-np.inf)
    mean = np.clip(np.where(np.isnan(mean), level, mean), floor, ceiling)
    quantiles = np.where(np.isnan(forecast.quantiles), level[:, :, None], forecast.quantiles)
    quantiles = np.clip(quantiles, floor[:, :, None], ceiling[:, :, None])
    return Forecast(mean, np.sort(quantiles, axis=2))


def normal_quantiles(mean: Floats, deviation: Floats, levels: tuple[float, ...]) -> Floats:
    """Return (n_series, horizon, n_levels) quantiles of normal distributions."""
    z = np.array([normal_quantile(level) for level in levels])
    return np.asarray(mean[:, :, None] + deviation[:, :, None] * z)


def normal_quantile(level: float) -> float:
    """Return the quantile of the standard normal distribution.

    >>> round(normal_quantile(0.9), 6)
    1.281552
    """
    return NormalDist().inv_cdf(level)


def mean_of_quantiles(quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """Return the mean of a distribution of which some quantiles are known: linear between them, flat beyond."""
    edges = np.concatenate([[0.0], (np.array(levels[1:]) + np.array(levels[:-1])) / 2, [1.0]])
    mean: Floats = quantiles @ np.diff(edges)
    return mean

"""Series of many zeros: Croston's method, SBA, TSB and ADIDA, of many series at once.

source    Croston 1972, "Forecasting and stock control for intermittent demands"; Syntetos and Boylan 2005, "The accuracy of
          intermittent demand estimates" (SBA); Teunter, Syntetos and Babai 2011, "Intermittent demand: linking forecasting to
          inventory obsolescence" (TSB); Nikolopoulos et al. 2011, "An aggregate-disaggregate intermittent demand approach"
          (ADIDA)
"""

from __future__ import annotations

import numpy as np

from windvane.engine.forecasting.forecast import Forecast, ForecastTask
from windvane.engine.forecasting.known import mean_of_known, spread_of_known
from windvane.engine.forecasting.models.base import Batch, LocalModel, longest, recent
from windvane.engine.forecasting.panel import Floats, Panel

_ALPHAS = np.array([0.02, 0.05, 0.1, 0.2, 0.3])
_LEAST_ZEROS = 0.15
"""Share of values from which on a table counts as intermittent."""


def _croston(history: Panel, task: ForecastTask) -> Forecast:
    made = recent(history, longest(history, task.season))
    return _as_forecast(made, _sizes_and_gaps(made.y, 1.0), task)


def _sba(history: Panel, task: ForecastTask) -> Forecast:
    """Croston's method without its bias."""
    made = recent(history, longest(history, task.season))
    return _as_forecast(made, _sizes_and_gaps(made.y, 0.5), task)


def _tsb(history: Panel, task: ForecastTask) -> Forecast:
    made = recent(history, longest(history, task.season))
    return _as_forecast(made, _sizes_and_chances(made.y), task)


def _adida(history: Panel, task: ForecastTask) -> Forecast:
    """Smoothing of sums over as many steps as lie between demands on average."""
    made = recent(history, longest(history, task.season))
    y = made.y
    is_known, is_demand = np.isfinite(y), np.nan_to_num(y) > 0
    gap = np.clip(is_known.sum(axis=1) / np.maximum(is_demand.sum(axis=1), 1), 1, 52)
    width = np.minimum(np.round(gap).astype(int), y.shape[1])
    rate = np.empty(len(y))
    for one in np.unique(width):
        chosen = width == one
        n = y.shape[1] // one
        sums = np.nan_to_num(y[chosen][:, y.shape[1] - n * one :]).reshape(-1, n, one).sum(axis=2)
        rate[chosen] = _smoothed(sums) / one
    return _as_forecast(made, rate, task)


def _sizes_and_gaps(y: Floats, bias: float) -> Floats:
    """Return (n_series,) demand of a step: size over interval, smoothed at each demand, with the alpha of least error.

    bias    of alpha, which the rate is reduced by: 0.5 for SBA, 1 for none (a factor of 1)
    """
    alphas = np.broadcast_to(_ALPHAS, (len(y), len(_ALPHAS)))
    known = np.nan_to_num(y)
    positive = np.where(known > 0, known, np.nan)
    first = np.nan_to_num(mean_of_known(positive, 1))[:, None]
    share = np.mean(known > 0, axis=1)[:, None]
    size = np.broadcast_to(first, alphas.shape).copy()
    gap = np.broadcast_to(1 / np.maximum(share, 1.0 / y.shape[1]), alphas.shape).copy()
    factor = 1.0 if bias >= 1.0 else 1 - bias * alphas
    since, squares = np.ones((len(y), 1)), np.zeros(alphas.shape)
    for t in range(y.shape[1]):
        value = y[:, t, None]
        is_there = np.isfinite(value)
        squares += np.where(is_there, (np.nan_to_num(value) - factor * size / gap) ** 2, 0.0)
        is_demand = is_there & (value > 0)
        size = np.where(is_demand, size + alphas * (value - size), size)
        gap = np.where(is_demand, gap + alphas * (since - gap), gap)
        since = np.where(is_demand, 1.0, since + is_there)
    best = squares.argmin(axis=1)
    rate = np.asarray(factor * size / gap)
    return np.asarray(rate[np.arange(len(y)), best])


def _sizes_and_chances(y: Floats) -> Floats:
    """Return (n_series,) demand of a step: size times its chance, which falls with each step without demand."""
    n = len(_ALPHAS)
    size_alpha = np.repeat(_ALPHAS, n)[None, :]
    chance_alpha = np.tile(_ALPHAS, n)[None, :]
    known = np.nan_to_num(y)
    positive = np.where(known > 0, known, np.nan)
    size = np.repeat(np.nan_to_num(mean_of_known(positive, 1))[:, None], n * n, axis=1)
    chance = np.repeat(np.mean(known > 0, axis=1)[:, None], n * n, axis=1)
    squares = np.zeros(size.shape)
    for t in range(y.shape[1]):
        value = y[:, t, None]
        is_there = np.isfinite(value)
        squares += np.where(is_there, (np.nan_to_num(value) - size * chance) ** 2, 0.0)
        is_demand = is_there & (value > 0)
        size = np.where(is_demand, size + size_alpha * (value - size), size)
        chance = np.where(is_there, chance + chance_alpha * (is_demand - chance), chance)
    best = squares.argmin(axis=1)
    return np.asarray((size * chance)[np.arange(len(y)), best])


def _smoothed(sums: Floats) -> Floats:
    alphas = np.broadcast_to(_ALPHAS, (len(sums), len(_ALPHAS)))
    level = np.repeat(sums[:, :1], len(_ALPHAS), axis=1)
    squares = np.zeros(level.shape)
    for t in range(1, sums.shape[1]):
        error = sums[:, t, None] - level
        squares += error**2
        level = level + alphas * error
    return np.asarray(level[np.arange(len(sums)), squares.argmin(axis=1)])


def _as_forecast(made: Batch, rate: Floats, task: ForecastTask) -> Forecast:
    """Return the rate as mean of every step; quantiles of a chance of demand and a log-normal distribution of its
    size."""
    known = np.nan_to_num(made.y)
    is_demand = known > 0
    positive = np.where(is_demand, known, np.nan)
    size = np.nan_to_num(mean_of_known(positive, 1), nan=1.0)
    spread = spread_of_known(positive) / np.maximum(size, 1e-12)
    chance = np.clip(rate / np.maximum(size, 1e-12), 0.0, 1.0)
    quantiles = np.zeros((len(rate), len(task.levels)))
    for j, level in enumerate(task.levels):
        within = (level - (1 - chance)) / np.maximum(chance, 1e-12)
        value = size * _log_normal(np.clip(within, 1e-3, 1 - 1e-3), spread)
        quantiles[:, j] = np.where(within > 0, value, 0.0)
    repeated = np.repeat(quantiles[:, None], task.horizon, axis=1)
    mean = np.repeat(rate[:, None], task.horizon, axis=1)
    return Forecast(mean * made.scale, repeated * made.scale[:, :, None])


def _log_normal(share: Floats, spread: Floats) -> Floats:
    """Return quantiles of a log-normal distribution of mean 1.

    spread    its coefficient of variation
    """
    variance = np.log1p(spread**2)
    root = np.sqrt(variance)
    return np.exp(root * _normal(share) - variance / 2)


def _normal(share: Floats) -> Floats:
    """Return quantiles of the standard normal distribution, to three digits.

    source    Tukey's lambda approximation: (p^0.135 - (1 - p)^0.135) / 0.1975
    """
    return (share**0.135 - (1 - share) ** 0.135) / 0.1975


def _wants(history: Panel, _: ForecastTask) -> bool:
    known = history.values[np.isfinite(history.values)]
    return len(known) > 0 and known.min() >= 0 and float(np.mean(known == 0)) >= _LEAST_ZEROS


def _cells(history: Panel, task: ForecastTask) -> int:
    return max(longest(history, task.season), len(_ALPHAS) ** 2)


CROSTON = LocalModel("croston", "Croston's method.", _croston, _cells, _wants)
SBA = LocalModel("sba", "Croston's method without its bias.", _sba, _cells, _wants)
TSB = LocalModel(
    "tsb", "Size and chance of demand, smoothed (Teunter, Syntetos, Babai).", _tsb, _cells, _wants
)
ADIDA = LocalModel(
    "adida", "Smoothing of sums over the average interval of demand.", _adida, _cells, _wants
)

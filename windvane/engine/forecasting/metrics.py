"""Metrics of forecasts, as AWS defines them. Steps whose value is missing do not count.

source    Forecast metrics in SageMaker Autopilot's developer guide: WQL, MASE, WAPE, RMSE, MAPE
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.panel import Floats, Panel

_DEPENDENT_STEPS = 4


@dataclass(frozen=True)
class Truth:
    """The values that forecasts are compared with.

    actual    (n_series, horizon) NaN where it is missing
    scale     (n_series,) mean absolute seasonal difference of the history; NaN where that is 0 or unknown
    levels    of the quantiles
    asked     indices of the levels that were asked for
    """

    actual: Floats
    scale: Floats
    levels: tuple[float, ...]
    asked: tuple[int, ...]

    @property
    def median(self) -> int:
        return self.levels.index(0.5)


def in_own_units(forecasts: Sequence[Forecast], truth: Truth) -> tuple[tuple[Forecast, ...], Truth]:
    """Return forecasts and values of each series over its own scale: what is fitted to them is not decided by a few large
    series. Series without a scale have the usual one."""
    known = truth.scale[np.isfinite(truth.scale)]
    unit = np.where(np.isfinite(truth.scale), truth.scale, np.median(known) if len(known) else 1.0)
    made = tuple(
        Forecast(one.mean / unit[:, None], one.quantiles / unit[:, None, None]) for one in forecasts
    )
    return made, replace(truth, actual=truth.actual / unit[:, None], scale=truth.scale / unit)


def n_independent(metric: ForecastMetric, truth: Truth) -> float:
    """Return how many values, as good as independent, a metric rests on, about: neighbouring steps are not independent, and
    a few large series may count for nearly everything."""
    none = np.zeros(truth.actual.shape)
    nothing = Forecast(none, np.zeros((*none.shape, len(truth.levels))))
    weight = parts_of(metric, nothing, truth)[1]
    n_series = float(weight.sum()) ** 2 / _positive(float((weight**2).sum()))
    steps = float(np.isfinite(truth.actual).sum(axis=1).mean())
    made = n_series * max(steps / _DEPENDENT_STEPS, 1.0)
    return made if np.isfinite(made) else 0.0


def seasonal_scale(history: Panel, season: int) -> Floats:
    """Return (n_series,) mean |y_t - y_{t-season}|, by steps of one for series no longer than a season; NaN if it is 0 or
    nothing can be compared."""
    sums, counts = _differences(history, season)
    short = history.lengths <= season
    if short.any() and season > 1:
        sums_1, counts_1 = _differences(history, 1)
        sums, counts = np.where(short, sums_1, sums), np.where(short, counts_1, counts)
    scale = sums / np.maximum(counts, 1)
    return np.where(scale > 0, scale, np.nan)


def _differences(history: Panel, lag: int) -> tuple[Floats, Floats]:
    values, series = history.values, history.series
    apart = np.abs(values[lag:] - values[:-lag])
    is_pair = (series[lag:] == series[:-lag]) & np.isfinite(apart)
    of = series[lag:][is_pair]
    n = history.n_series
    sums = np.bincount(of, apart[is_pair], n).astype(np.float64)
    return sums, np.bincount(of, minlength=n).astype(np.float64)


def score(metric: ForecastMetric, forecast: Forecast, truth: Truth) -> float:
    """Return the value of a metric, smaller is better; NaN if nothing can be compared."""
    numerator, denominator = parts_of(metric, forecast, truth)
    total = float(np.nansum(numerator)) / _positive(float(np.nansum(denominator)))
    return float(np.sqrt(total)) if metric is ForecastMetric.RMSE else total


def parts_of(metric: ForecastMetric, forecast: Forecast, truth: Truth) -> tuple[Floats, Floats]:
    """Return (n_series,) numerators and denominators: the metric is the ratio of their sums, of RMSE its root."""
    actual = truth.actual
    is_known = np.isfinite(actual)
    if metric is ForecastMetric.WQL:
        losses = quantile_losses(forecast.quantiles, actual, truth.levels)[:, :, list(truth.asked)]
        return np.nansum(losses.mean(axis=2), axis=1), np.nansum(np.abs(actual), axis=1)
    point = forecast.quantiles[:, :, truth.median]
    if metric is ForecastMetric.RMSE:
        return np.nansum((actual - forecast.mean) ** 2, axis=1), is_known.sum(axis=1).astype(float)
    error = np.abs(actual - point)
    if metric is ForecastMetric.WAPE:
        return np.nansum(error, axis=1), np.nansum(np.abs(actual), axis=1)
    if metric is ForecastMetric.MAPE:
        is_known = is_known & (actual != 0)
        relative = np.where(is_known, error / np.where(is_known, np.abs(actual), 1.0), 0.0)
        return relative.sum(axis=1), is_known.sum(axis=1).astype(float)
    counts = is_known.sum(axis=1)
    has_scale = np.isfinite(truth.scale) & (counts > 0)
    each = np.nansum(error, axis=1) / np.maximum(counts, 1) / np.where(has_scale, truth.scale, 1.0)
    return np.where(has_scale, each, 0.0), has_scale.astype(float)


def quantile_losses(quantiles: Floats, actual: Floats, levels: tuple[float, ...]) -> Floats:
    """Return (n_series, horizon, n_levels): twice the quantile loss, so that the median's is the absolute error."""
    error = actual[:, :, None] - quantiles
    level = np.array(levels)
    return 2 * np.maximum(level * error, (level - 1) * error)


def coverage(forecast: Forecast, truth: Truth, low: int, high: int) -> float:
    """Return the share of values between two of the quantiles."""
    is_known = np.isfinite(truth.actual)
    is_within = (truth.actual >= forecast.quantiles[:, :, low]) & (
        truth.actual <= forecast.quantiles[:, :, high]
    )
    return float(is_within[is_known].mean()) if is_known.any() else float("nan")


def standard_error(metric: ForecastMetric, forecast: Forecast, truth: Truth) -> float:
    """Return the standard error of a metric over series: of a ratio of sums, by its linearisation; NaN below two series."""
    numerator, denominator = parts_of(metric, forecast, truth)
    n = np.count_nonzero(denominator > 0)
    if n < 2:
        return float("nan")
    total = _positive(float(denominator.sum()))
    ratio = float(numerator.sum()) / total
    error = float(np.sqrt(np.sum((numerator - ratio * denominator) ** 2) * n / (n - 1)) / total)
    return error / (2 * np.sqrt(max(ratio, 1e-300))) if metric is ForecastMetric.RMSE else error


def _positive(number: float) -> float:
    return number if number > 0 else float("nan")

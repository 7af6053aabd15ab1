"""Widths of forecast intervals, corrected by what backtests show: a factor for each quantile and part of the horizon.

source    conformal prediction as in Romano, Patterson and Candes 2019, "Conformalized quantile regression", with factors of
          the distance from the median in place of shifts, since series differ in size
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.metrics import (
    Truth,
    in_own_units,
    n_independent,
    quantile_losses,
)
from windvane.engine.forecasting.panel import Floats

_FACTORS = np.exp(np.linspace(np.log(0.4), np.log(2.5), 31))
_PRIOR_CELLS = 30.0
"""Independent values that the factor 1 counts for beside what backtests show."""

_MOST_PARTS = 4


@dataclass(frozen=True)
class IntervalScale:
    """Factors that make prediction intervals wider or narrower.

    factors    (horizon, n_levels) of the distance of each quantile from the median; 1 for the median
    """

    factors: Floats

    def applied(self, forecast: Forecast, median: int) -> Forecast:
        centre = forecast.quantiles[:, :, median : median + 1]
        made = centre + (forecast.quantiles - centre) * self.factors
        return Forecast(forecast.mean, np.sort(made, axis=2))


def fit_scale(forecast: Forecast, truth: Truth) -> IntervalScale:
    """Return the factors of least quantile loss in backtests, drawn towards 1 where those tell little: the geometric mean of those
    for the values as they are, and for series in their own units."""
    (scaled,), scaled_truth = in_own_units([forecast], truth)
    made = (_factors(forecast, truth), _factors(scaled, scaled_truth))
    return IntervalScale(np.sqrt(made[0] * made[1]))


def _factors(forecast: Forecast, truth: Truth) -> Floats:
    """Return (horizon, n_levels)."""
    known = n_independent(ForecastMetric.WQL, truth)
    horizon = truth.actual.shape[1]
    factors = np.ones((horizon, len(truth.levels)))
    n_parts = int(np.clip(known / 100, 1, min(_MOST_PARTS, horizon)))
    parts = np.array_split(np.arange(horizon), n_parts)
    for part in parts:
        factors[part] = _of_part(forecast, truth, part, known)
    if n_parts > 1:
        centres = np.array([part.mean() for part in parts])
        at = np.arange(horizon)
        firsts = np.array([factors[part[0]] for part in parts])
        columns = [np.interp(at, centres, firsts[:, j]) for j in range(len(truth.levels))]
        factors = np.stack(columns, axis=1)
    return factors


def _of_part(forecast: Forecast, truth: Truth, part: Steps, known: float) -> Floats:
    median, actual = truth.median, truth.actual[:, part]
    quantiles = forecast.quantiles[:, part]
    centre = quantiles[:, :, median : median + 1]
    losses = np.stack(
        [
            np.nansum(
                quantile_losses(centre + (quantiles - centre) * factor, actual, truth.levels),
                axis=(0, 1),
            )
            for factor in _FACTORS
        ]
    )
    best = np.log(_FACTORS[losses.argmin(axis=0)])
    share = known / (known + _PRIOR_CELLS)
    made = np.exp(share * best)
    made[median] = 1.0
    return np.asarray(made)

"""Takes a season out of many series, where there is one, and puts it back into their forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.panel import Floats

_LEAST_RATIO = 3.0
"""Of the variance between phases to that within them: about what chance reaches in one series of a hundred."""


@dataclass(frozen=True)
class Deseasonalised:
    """Series without their season, and the season.

    y         (n_series, n_steps) without the season
    indices   (n_series, season) by column modulo the season: factors, or what is added; 1 or 0 where there is none
    is_factor (n_series,)
    """

    y: Floats
    indices: Floats
    is_factor: NDArray[np.bool_]

    def ahead(self, horizon: int) -> Floats:
        """Return (n_series, horizon) the indices of the steps ahead."""
        n_steps, season = self.y.shape[1], self.indices.shape[1]
        return self.indices[:, (n_steps + np.arange(horizon)) % season]

    def restored(self, x: Floats) -> Floats:
        """Return forecasts with the season; (n_series, horizon) or (n_series, horizon, n)."""
        indices = self.ahead(x.shape[1])
        is_factor = self.is_factor[:, None]
        if x.ndim == 3:
            indices, is_factor = indices[:, :, None], is_factor[:, :, None]
        return np.where(is_factor, x * indices, x + indices)


def deseasonalise(y: Floats, season: int) -> Deseasonalised:
    """Divide by the seasonal indices of the classical decomposition, or subtract them where values are not positive.

    y         (n_series, n_steps) NaN before shorter series
    source    Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 3.4
    """
    n_steps = y.shape[1]
    is_factor = np.nanmin(y, axis=1) > 0
    if season < 2 or n_steps < 2 * season + 1:
        none = np.where(is_factor, 1.0, 0.0)[:, None]
        return Deseasonalised(y, none, is_factor)
    trend = _centred_average(y, season)
    apart = np.where(is_factor[:, None], y / np.maximum(trend, 1e-9), y - trend)
    is_seasonal = (np.isfinite(y).sum(axis=1) >= 2 * season + 1) & _has_season(apart, season)
    indices = np.stack([mean_of_known(apart[:, slot::season], 1) for slot in range(season)], axis=1)
    centre = mean_of_known(indices, 1, keepdims=True)
    indices = np.where(is_factor[:, None], indices / np.maximum(centre, 1e-9), indices - centre)
    neutral = np.where(is_factor, 1.0, 0.0)[:, None]
    is_usable = is_seasonal[:, None] & np.isfinite(indices).all(axis=1, keepdims=True)
    is_usable &= ~is_factor[:, None] | (indices.min(axis=1, keepdims=True) > 0.01)
    indices = np.where(is_usable, indices, neutral)
    spread = indices[:, np.arange(n_steps) % season]
    return Deseasonalised(np.where(is_factor[:, None], y / spread, y - spread), indices, is_factor)


def _has_season(apart: Floats, season: int) -> NDArray[np.bool_]:
    """Return whether means by phase explain more of the distances from the trend than chance does: an F test.

    apart    (n_series, n_steps) distances or ratios, NaN at the ends
    """
    n = np.isfinite(apart).sum(axis=1)
    total = _squares(apart)
    within = np.sum([_squares(apart[:, slot::season]) for slot in range(season)], axis=0)
    explained = np.maximum(total - within, 0) / (season - 1)
    ratio = explained / np.maximum(within / np.maximum(n - season, 1), 1e-300)
    return np.asarray((ratio > _LEAST_RATIO) & (n > season))


def _squares(x: Floats) -> Floats:
    """Return the sum of squared distances from the mean of each row."""
    return np.asarray(np.nansum((x - mean_of_known(x, 1)[:, None]) ** 2, axis=1))


def _centred_average(y: Floats, season: int) -> Floats:
    """Return (n_series, n_steps) moving averages over a season, NaN where it does not fit."""
    weights = np.full(season + 1 if season % 2 == 0 else season, 1.0 / season)
    if season % 2 == 0:
        weights[[0, -1]] /= 2
    half = len(weights) // 2
    windows = np.lib.stride_tricks.sliding_window_view(y, len(weights), axis=1)
    made = np.full_like(y, np.nan)
    made[:, half : half + windows.shape[1]] = windows @ weights
    return made

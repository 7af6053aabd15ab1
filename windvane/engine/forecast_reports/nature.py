"""What each of many series is like: how complete it is, how often it is zero, what trend and seasons explain of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from windvane.engine.forecast_reports.times import periods_of
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats, Panel

MOST_SERIES = 2_000
"""Series that are looked at one by one: a sample of more."""

_MOST_VALUES = 20_000
"""Of a series, the latest, from which trend and seasons are measured."""

_LEAST_CYCLES = 2
"""Whole seasons, and one value more, that a season is measured from."""

_NO_SPREAD = 1e-20
"""Of the square of the largest value: what is left of a constant after rounding is no spread."""

_TREND_WINDOW = 5
"""Steps that a trend is averaged over where there is no season."""

RARE, UNEVEN = 1.32, 0.49
"""From these on demand is intermittent, and its size erratic.

source    Syntetos, Boylan and Croston 2005, "On the categorization of demand patterns"
"""


class Demand(StrEnum):
    """Patterns of demand."""

    SMOOTH = "smooth"
    ERRATIC = "erratic"
    INTERMITTENT = "intermittent"
    LUMPY = "lumpy"
    NONE = "no demand"


@dataclass(frozen=True)
class Natures:
    """Properties of series; NaN for what cannot be told of one.

    chosen      (n,) their positions in the panel
    n_missing   (n,) steps without a value
    n_zero      (n,) steps with the value 0
    mean        (n,) of the values that are there;  low, high  their range
    interval    (n,) steps with a value for each that is not 0: the average demand interval, ADI
    variation   (n,) squared coefficient of variation of the values that are not 0, CV²
    trend       (n,) strength of the trend, 0 to 1
    periods     steps of the seasons that were looked for
    seasons     (n, n_periods) strength of each, 0 to 1
    """

    panel: Panel
    chosen: Steps
    n_missing: Steps
    n_zero: Steps
    mean: Floats
    low: Floats
    high: Floats
    interval: Floats
    variation: Floats
    trend: Floats
    periods: tuple[int, ...]
    seasons: Floats

    @property
    def is_sample(self) -> bool:
        return len(self.chosen) < self.panel.n_series

    @cached_property
    def sample(self) -> Panel:
        """The series alone."""
        return self.panel.only(self.chosen) if self.is_sample else self.panel

    @property
    def lengths(self) -> Steps:
        return self.panel.lengths[self.chosen]

    @property
    def demand(self) -> list[Demand]:
        """The pattern of each series."""
        return [
            _pattern(interval, variation)
            for interval, variation in zip(self.interval, self.variation, strict=True)
        ]


def natures_of(panel: Panel, seed: int) -> Natures:
    """Return what the series of a panel are like, or a random sample of very many."""
    chosen = np.arange(panel.n_series)
    if panel.n_series > MOST_SERIES:
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.choice(panel.n_series, MOST_SERIES, replace=False))
    periods = periods_of(panel.grid.frequency)
    told = [_one(panel, int(i), periods) for i in chosen]
    columns = np.array([one[:8] for one in told]).T
    return Natures(
        panel,
        chosen,
        columns[0].astype(np.int64),
        columns[1].astype(np.int64),
        mean=columns[2],
        low=columns[3],
        high=columns[4],
        interval=columns[5],
        variation=columns[6],
        trend=columns[7],
        periods=periods,
        seasons=np.array([one[8:] for one in told]).reshape(len(chosen), len(periods)),
    )


def _one(panel: Panel, series: int, periods: tuple[int, ...]) -> tuple[float, ...]:
    begin, end = panel.bounds[series : series + 2]
    values = panel.values[begin:end]
    known = values[np.isfinite(values)]
    n_missing = len(values) - len(known)
    if not len(known):
        return (n_missing, 0, *[np.nan] * (6 + len(periods)))
    size = float(np.abs(known).max()) or 1.0  # so that squares of any values are numbers
    sizes = known[known != 0] / size
    interval = len(known) / len(sizes) if len(sizes) else np.nan
    mean = float(sizes.mean()) if len(sizes) else np.nan
    variation = float(sizes.var() / mean**2) if len(sizes) and mean else np.nan
    latest = panel.filled[begin:end][-_MOST_VALUES:] / size
    return (
        n_missing,
        len(known) - len(sizes),
        float((known / size).mean()) * size,
        float(known.min()),
        float(known.max()),
        interval,
        variation,
        trend_strength(latest, panel.grid.frequency.season),
        *(season_strength(latest, period) for period in periods),
    )


def season_strength(values: Floats, period: int) -> float:
    """Return the share of a detrended series' variance that its average season explains, corrected for what chance alone
    makes of few seasons; NaN for less than two whole seasons, or a constant.

    source    Hyndman and Athanasopoulos 2021, "Forecasting: principles and practice", section 4.3, with a moving average
              as the trend
    """
    parts = _decomposed(values, period)
    if parts is None:
        return float("nan")
    _, season, rest = parts
    total = float(np.var(season + rest))
    if total <= _NO_SPREAD * max(float(np.abs(values).max()) ** 2, 1e-300):
        return float("nan")
    free = max(len(rest) - period, 1)
    return float(np.clip(1 - np.var(rest) * len(rest) / free / total, 0, 1))


def trend_strength(values: Floats, period: int) -> float:
    """Return the share of a deseasonalised series' variance that its trend explains; NaN for a short one or a constant.

    source    as for `season_strength`
    """
    parts = _decomposed(values, period) if period > 1 else None
    if parts is None:
        if len(values) < 2 * _TREND_WINDOW:
            return float("nan")
        trend = _moving_average(values, _TREND_WINDOW)
        margin = (len(values) - len(trend)) // 2
        parts = trend, np.zeros(len(trend)), values[margin : margin + len(trend)] - trend
    trend, _, rest = parts
    total = float(np.var(trend + rest))
    if total <= _NO_SPREAD * max(float(np.abs(values).max()) ** 2, 1e-300):
        return float("nan")
    return float(np.clip(1 - np.var(rest) / total, 0, 1))


def _decomposed(values: Floats, period: int) -> tuple[Floats, Floats, Floats] | None:
    """Return trend, season and rest of the middle of a series, where the trend is known; None for one too short."""
    if len(values) < (_LEAST_CYCLES + 1) * period + 1:
        return None
    trend = _moving_average(values, period)
    margin = (len(values) - len(trend)) // 2
    without = values[margin : margin + len(trend)] - trend
    phase = np.arange(len(without)) % period
    means = np.bincount(phase, without, period) / np.bincount(phase, minlength=period)
    season = (means - means.mean())[phase]
    return trend, season, without - season


def _moving_average(values: Floats, width: int) -> Floats:
    """Return the centred moving average where it is known; of an even width half of either end counts."""
    weights = np.full(width + 1, 1.0) if width % 2 == 0 else np.full(width, 1.0)
    if width % 2 == 0:
        weights[[0, -1]] = 0.5
    made: Floats = np.convolve(values, weights / width, "valid")
    return made


def _pattern(interval: float, variation: float) -> Demand:
    if np.isnan(interval):
        return Demand.NONE
    if interval < RARE:
        return Demand.ERRATIC if variation >= UNEVEN else Demand.SMOOTH
    return Demand.LUMPY if variation >= UNEVEN else Demand.INTERMITTENT

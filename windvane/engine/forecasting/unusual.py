"""Values far from what their season and their neighbours say, and moments from which on a series stays at another level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import ForecastSpec
from windvane.engine.data.analysis import Finding
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.wording import counted, number, share

_SHOWN = 3
_MOST_VALUES = 1_000_000
"""Looked at: a sample of the series if they have more."""

_FAR = 10.0
"""Standard deviations of usual residuals from which on a value is an outlier."""

_MOST_ZEROS = 0.4
"""Share of zeros from which on single large values are what demand looks like."""

_SHIFT = 3.0
"""Standard deviations within windows that a level moves by."""

_STAYED = 0.6
"""Of a change of level: what is left of it a window later, at least."""

_SUDDEN = 0.7
"""Of a change of level: what happens within one season, at least; half of a trend's change does."""

_RARE = 4.0
"""A shift is so many times as large as the usual difference between neighbouring windows, at least."""


def find_outliers(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    """Find single values far from those of the same phase of the seasons beside them.

    source    median absolute deviation as in Leys, Ley, Klein, Bernard and Licata 2013, "Detecting outliers"
    """
    panel = panel.sampled(_MOST_VALUES, spec.seed)
    size = _sums(np.abs(panel.values), panel) / np.maximum(
        _sums(np.isfinite(panel.values), panel), 1
    )
    zeros = _sums(panel.values == 0, panel) / panel.lengths
    apart, expected, is_far = _apart(panel, (-2, -1, 1, 2), size)
    at_end, expected_there, is_far_there = _apart(panel, (-3, -2, -1), size)
    is_end = np.isnan(apart) & np.isfinite(at_end)
    apart, expected = np.where(is_end, at_end, apart), np.where(is_end, expected_there, expected)
    is_far = np.where(is_end, is_far_there, is_far) & (zeros < _MOST_ZEROS)[panel.series]
    values = panel.values
    at = np.flatnonzero(is_far)
    if not len(at):
        return []
    worst = at[np.argsort(-np.abs(apart[at]) / np.maximum(size[panel.series[at]], 1e-300))][:_SHOWN]
    told = ", ".join(
        _told(panel, one, f"{number(values[one])} instead of {number(expected[one])}")
        for one in worst
    )
    moved = _sums(np.where(is_far, apart, 0.0), panel) / np.maximum(size * panel.lengths, 1e-300)
    most = int(np.abs(moved).argmax())
    n_series = len(np.unique(panel.series[at]))
    return [
        Finding(
            "outliers",
            "medium",
            (spec.target,),
            f"{counted(len(at), 'value')} of {n_series:,} series: more than {_FAR:g} usual deviations away from the values at the same "
            f"point of neighbouring seasons. {told}. The mean of '{panel.items[most]}' is {share(abs(moved[most]))} "
            f"{'higher' if moved[most] > 0 else 'lower'} because of them.",
            "Correct or blank values that are errors: forecasts and intervals follow them. If they have a cause that is known in "
            "advance, such as a promotion or a holiday, add it as a known covariate or a calendar of holidays.",
        )
    ]


def find_level_shifts(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    """Find series whose level changes at once and stays where it is then."""
    panel = panel.sampled(_MOST_VALUES, spec.seed)
    season = max([1, *(s for s in panel.grid.frequency.seasons if s <= 60)])
    width = 2 * season if season > 1 else 8
    before, after = _means(panel, -width, 0), _means(panel, 0, width)
    change = after - before
    later = _means(panel, width, 2 * width) - _means(panel, -2 * width, -width)
    near = max(season, 2)
    sudden = _means(panel, 0, near) - _means(panel, -near, 0)
    deviation = _deviations(panel, width)
    usual = _medians(np.abs(change), panel)
    size = np.abs(change)
    with np.errstate(invalid="ignore"):
        is_shift = (
            (size > _SHIFT * deviation)
            & (later * np.sign(change) > _STAYED * size)
            & (sudden * np.sign(change) > _SUDDEN * size)
            & (size > _RARE * usual[panel.series])
        )
    if not is_shift.any():
        return []
    largest = np.zeros(panel.n_series)
    np.maximum.at(largest, panel.series, np.where(is_shift, size, 0.0))
    is_top = is_shift & (size == largest[panel.series])
    shifted, first = np.unique(panel.series[is_top], return_index=True)
    at = np.flatnonzero(is_top)[first]
    shown = at[np.argsort(-(size[at] / np.maximum(deviation[at], 1e-300)))][:_SHOWN]
    _, mean, unit = _scaled(panel)
    levels = [mean[panel.series] + unit[panel.series] * one for one in (before, after)]
    told = ", ".join(
        _told(panel, one, f"from {number(levels[0][one])} to {number(levels[1][one])}")
        for one in shown
    )
    return [
        Finding(
            "level-shifts",
            "medium",
            (spec.target,),
            f"The level of {len(shifted):,} of {panel.n_series:,} series changes abruptly and stays changed: {told}.",
            "Values before the change say little about the future, and backtests before it little about the accuracy of forecasts. If "
            "the change is permanent, remove the history before it, or add a known covariate that is 1 from then on.",
        )
    ]


def _apart(
    panel: Panel, seasons: tuple[int, ...], size: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return how far each value lies from the median of the same phase of other seasons, what that is, and whether the value
    is far outside their range; NaN and no where one of them is missing. What is usual for a series, such as its growth, is
    no distance.

    seasons    of those beside a value
    size       (n_series,) mean size of values
    """
    season = panel.grid.frequency.season
    at, begin = np.arange(len(panel.values)), panel.bounds[panel.series]
    end = panel.bounds[panel.series + 1]
    beside = []
    for distance in (season * one for one in seasons):
        place = at + distance
        is_there = (place >= begin) & (place < end)
        beside.append(np.where(is_there, panel.values[np.where(is_there, place, 0)], np.nan))
    rows = np.sort(np.stack(beside), axis=0)
    middle = (rows[(len(rows) - 1) // 2] + rows[len(rows) // 2]) / 2
    expected = np.where(np.isfinite(rows).all(axis=0), middle, np.nan)
    change = _medians(panel.values - expected, panel)
    around = np.abs(panel.values - expected - change[panel.series])
    deviation = 1.4826 * _medians(around, panel)
    usual = np.where(np.abs(change) > deviation, change, 0.0)[panel.series]
    expected = expected + usual
    apart = panel.values - expected
    spread = np.maximum(deviation, 0.01 * size)[panel.series]
    low, high = rows[0] + usual, rows[-1] + usual
    outside = np.maximum(panel.values - high, low - panel.values)
    return apart, expected, np.nan_to_num(outside, nan=0.0) > np.maximum(_FAR * spread, 1e-300)


def _means(panel: Panel, low: int, high: int, power: int = 1) -> Floats:
    """Return (n_values,) the mean from `low` to before `high` steps after each value; NaN where that leaves the series."""
    values, _, _ = _scaled(panel)
    sums = np.concatenate([[0.0], np.cumsum(values**power)])
    at = np.arange(len(panel.values))
    begin, end = panel.bounds[panel.series], panel.bounds[panel.series + 1]
    is_within = (at + low >= begin) & (at + high <= end)
    lows, highs = (np.where(is_within, at + one, 0) for one in (low, high))
    return np.where(is_within, (sums[highs] - sums[lows]) / (high - low), np.nan)


def _scaled(panel: Panel) -> tuple[Floats, Floats, Floats]:
    """Return (n_values,) values less the mean of their series, over their mean distance from it, so that sums over all series
    are exact enough; and (n_series,) these means and distances."""
    mean = _sums(panel.filled, panel) / panel.lengths
    apart = panel.filled - mean[panel.series]
    unit = _sums(np.abs(apart), panel) / panel.lengths
    unit = np.where(unit > 0, unit, 1.0)
    return apart / unit[panel.series], mean, unit


def _deviations(panel: Panel, width: int) -> Floats:
    """Return (n_values,) the larger of the standard deviations in the windows before and after each value."""
    made = []
    for low, high in ((-width, 0), (0, width)):
        variance = _means(panel, low, high, 2) - _means(panel, low, high) ** 2
        made.append(np.sqrt(np.maximum(variance, 0.0)))
    return np.maximum(*made)


def _sums(values: Floats | NDArray[np.bool_], panel: Panel) -> Floats:
    known = np.nan_to_num(values.astype(float))
    return np.asarray(np.bincount(panel.series, known, panel.n_series), np.float64)


def _medians(values: Floats, panel: Panel) -> Floats:
    """Return (n_series,) the median of what is known of each series; 0 where nothing is."""
    is_known = np.isfinite(values)
    known, of = values[is_known], panel.series[is_known]
    ranked = np.append(known[np.lexsort((known, of))], 0.0)
    counts = np.bincount(of, minlength=panel.n_series)
    begins = np.cumsum(counts) - counts
    low, high = begins + (counts - 1) // 2, begins + counts // 2
    middle = (ranked[np.maximum(low, 0)] + ranked[np.minimum(high, len(ranked) - 1)]) / 2
    return np.where(counts > 0, middle, 0.0)


def _told(panel: Panel, at: int, what: str) -> str:
    series = panel.series[at : at + 1]
    step: Steps = panel.first[series] + at - panel.bounds[series]
    when = str(np.datetime64(int(panel.grid.times(step, series)[0]), "s"))
    return f"'{panel.items[int(series[0])]}' at {when.removesuffix('T00:00:00')} ({what})"

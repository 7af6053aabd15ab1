"""What series have in common within a day, a week and a year, and how long they remember."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.domain.frequency import Frequency, Unit
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats, Panel

_DAY = 86_400
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_COMPLETE = 0.75
"""Share of its values that a day, week or year must have to be compared with its own mean."""

_MOST_LAGS, _LEAST_LAGS = 400, 20


@dataclass(frozen=True)
class Profile:
    """The average course of series within a day, a week or a year.

    cycle       'day', 'week' or 'year'
    labels      of its positions
    middle      (n_positions,) deviation from the mean of the same day, week or year, as a share of a series' mean size: the
                median of the series; NaN where nothing is known
    low, high   (n_positions,) quartiles of the series
    n_series    that have whole cycles
    """

    cycle: str
    labels: tuple[str, ...]
    middle: Floats
    low: Floats
    high: Floats
    n_series: int


def profiles_of(panel: Panel) -> list[Profile]:
    """Return the profiles that the frequency of a panel allows and of which there are whole cycles."""
    seconds = panel.grid.times(
        np.arange(len(panel.values)) - panel.bounds[panel.series] + panel.first[panel.series],
        panel.series,
    )
    found = (_profile(panel, cycle, seconds) for cycle in _cycles(panel.grid.frequency))
    return [one for one in found if one is not None]


def _cycles(frequency: Frequency) -> tuple[str, ...]:
    if frequency.unit in (Unit.HOUR, Unit.MINUTE):
        return ("day", "week", "year") if _DAY % frequency.seconds == 0 else ("week", "year")
    if frequency.unit is Unit.DAY:
        return ("week", "year") if frequency.count == 1 else ("year",)
    return ("year",) if frequency.unit is Unit.WEEK or frequency.months < 12 else ()


def _profile(panel: Panel, cycle: str, seconds: Steps) -> Profile | None:
    labels, position, number = _positions(cycle, seconds, panel.grid.frequency)
    n_positions = len(labels)
    is_known = np.isfinite(panel.values)
    key = panel.series * (int(np.ptp(number)) + 1) + number - number.min()
    _, group = np.unique(key, return_inverse=True)
    counts = np.bincount(group, is_known)
    is_whole = (counts >= _COMPLETE * counts.max(initial=1))[group] & is_known
    if not is_whole.any() or counts.max() < 2:
        return None
    sums = np.bincount(group, np.where(is_known, panel.values, 0.0))
    away = panel.values - (sums / np.maximum(counts, 1))[group]
    cell = (panel.series * n_positions + position)[is_whole]
    n_cells = panel.n_series * n_positions
    n_in = np.bincount(cell, minlength=n_cells).reshape(panel.n_series, n_positions)
    total = np.bincount(cell, away[is_whole], n_cells).reshape(panel.n_series, n_positions)
    size = _sizes(panel)
    has_size = (size > 0) & (n_in.sum(axis=1) > 0)
    if not has_size.any():
        return None
    each = np.where(n_in > 0, total / np.maximum(n_in, 1), np.nan)[has_size]
    each = each / size[has_size, None]
    kept = np.isfinite(each).any(axis=0)
    quartiles = np.full((3, n_positions), np.nan)
    quartiles[:, kept] = np.nanquantile(each[:, kept], (0.25, 0.5, 0.75), axis=0)
    return Profile(cycle, labels, quartiles[1], quartiles[0], quartiles[2], int(has_size.sum()))


def _positions(
    cycle: str, seconds: Steps, frequency: Frequency
) -> tuple[tuple[str, ...], Steps, Steps]:
    """Return the names of a cycle's positions, the position of each time, and the number of its cycle."""
    if cycle == "day":
        width = frequency.seconds
        n_steps = _DAY // width
        labels = [f"{i * width // 3600:02d}:{i * width // 60 % 60:02d}" for i in range(n_steps)]
        return tuple(labels), seconds % _DAY // width, seconds // _DAY
    if cycle == "week":
        days = seconds // _DAY + 3  # 1970-01-01 was a Thursday
        return _WEEKDAYS, days % 7, days // 7
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    return _MONTHS, months % 12, months // 12


def _sizes(panel: Panel) -> Floats:
    """Return (n_series,) mean absolute values."""
    is_known = np.isfinite(panel.values)
    sums = np.bincount(panel.series, np.abs(np.where(is_known, panel.values, 0.0)), panel.n_series)
    counts = np.bincount(panel.series, is_known, panel.n_series)
    return np.asarray(sums / np.maximum(counts, 1))


@dataclass(frozen=True)
class Autocorrelation:
    """Correlation of values with those some steps earlier, on average over series.

    values    (n_lags,) at lags 1, 2, ...
    noise     two standard errors of a single series without memory, of the usual length
    """

    values: Floats
    noise: float
    n_series: int


def autocorrelation(panel: Panel, chosen: Steps) -> Autocorrelation | None:
    """Return the mean autocorrelation of some series; None if all are constant or too short."""
    usual = float(np.median(panel.lengths[chosen]))
    wanted = max(2 * panel.grid.frequency.season, _LEAST_LAGS)
    n_lags = int(min(wanted, _MOST_LAGS, usual // 2))
    if n_lags < 1:
        return None
    found = []
    for i in chosen:
        values = panel.filled[panel.bounds[i] : panel.bounds[i + 1]]
        if len(values) > n_lags and np.ptp(values) > 0:
            found.append(_of_one(values, n_lags))
    if not found:
        return None
    return Autocorrelation(np.mean(found, axis=0), 2 / np.sqrt(usual), len(found))


def _of_one(values: Floats, n_lags: int) -> Floats:
    size = max(float(np.abs(values).max()), 1e-300)
    centred = values / size - (values / size).mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    products = np.fft.irfft(np.abs(spectrum) ** 2)
    made: Floats = products[1 : n_lags + 1] / products[0]
    return made

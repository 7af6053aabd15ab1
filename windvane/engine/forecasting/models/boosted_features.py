"""What boosted trees see of a step to be forecast: the series before its origin, the same phase of earlier seasons, the
calendar, covariates and what belongs to the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from windvane.domain.frequency import Frequency, Unit
from windvane.engine.columns import FloatMatrix
from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats, Panel

_LAST = 4
"""Values before the origin that are features of their own."""

_PHASES = 3
"""Earlier seasons whose value of the same phase is a feature of its own."""

_AVERAGED_PHASES = 8
_FAR = 15
"""Days from a holiday from which on it does not matter how many."""

_HOLIDAYS_BACK = 3
"""Earlier holidays of a name that are looked at for one before the origin."""

FEW_SERIES = 50
"""Up to here each series is told apart by its number."""


@dataclass(frozen=True)
class Layout:
    """The values of many series with room for the steps ahead.

    values      (n,) over the unit of their series; NaN in the room ahead
    unit        (n_series,) the mean size of each series, so that sums of large ones do not blur those of small ones
    covariates  (n, n_covariates)
    past        (n, n_past) NaN in the room ahead
    begins      (n_series,) where each series begins
    ends        (n_series,) after its last value
    numbers     (n_series,) that series are told apart by; None if they are not
    """

    panel: Panel
    values: Floats
    unit: Floats
    covariates: Floats
    past: Floats
    begins: Steps
    ends: Steps
    numbers: Floats | None = None

    @classmethod
    def of(
        cls, panel: Panel, values: Floats, n_ahead: int, numbers: Floats | None = None
    ) -> Layout:
        """Lay a panel out; its `future` has the covariates of the room ahead.

        values    (n_values,) without missing ones
        """
        shift = np.arange(panel.n_series) * n_ahead
        begins, ends = panel.bounds[:-1] + shift, panel.bounds[1:] + shift
        total = len(values) + panel.n_series * n_ahead
        size = np.bincount(panel.series, np.abs(values), panel.n_series) / panel.lengths
        unit = np.where(size > 0, size, 1.0)
        place = np.arange(len(values)) + panel.series * n_ahead
        laid = np.full(total, np.nan)
        laid[place] = values / unit[panel.series]
        covariates = np.full((total, panel.known.shape[1]), np.nan)
        covariates[place] = panel.known
        if n_ahead and panel.known.shape[1]:
            covariates[ends[:, None] + np.arange(n_ahead)] = panel.future[:, :n_ahead]
        past = np.full((total, panel.past.shape[1]), np.nan)
        past[place] = panel.past
        return cls(panel, laid, unit, covariates, past, begins, ends, numbers)


def numbers_of(panel: Panel, items: Sequence[str]) -> Floats | None:
    """Return (n_series,) the place of each series among those that are told apart, NaN for others; None if none are.

    items    of the series that are told apart
    """
    if not items:
        return None
    places = {item: float(place) for place, item in enumerate(items)}
    return np.array([places.get(item, np.nan) for item in panel.items])


@dataclass(frozen=True)
class Samples:
    """Steps to be forecast.

    series    (n,)
    origin    (n,) position after the last value that is known
    ahead     (n,) 0 for the step right after it
    """

    series: Steps
    origin: Steps
    ahead: Steps

    @property
    def target(self) -> Steps:
        return self.origin + self.ahead


@dataclass(frozen=True)
class Described:
    """Series as features, from one origin each.

    X         (n, n_features) values of the series less `centre`, over `scale`
    centre    (n,) the level at the origin
    phase     (n,) the mean of the same phase of the last seasons; the last value where there is no season
    scale     (n,)
    """

    X: FloatMatrix
    centre: Floats
    phase: Floats
    scale: Floats


class _Sums:
    """Sums over runs of values in constant time."""

    def __init__(self, values: Floats) -> None:
        self._sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
        self._known = np.concatenate([[0], np.cumsum(np.isfinite(values))])

    def mean(self, low: Steps, high: Steps) -> Floats:
        """Return the means of what is known of values[low:high]; NaN where that is nothing."""
        n = self._known[high] - self._known[low]
        made = (self._sums[high] - self._sums[low]) / np.maximum(n, 1)
        return np.where(n > 0, made, np.nan)


def describe(
    layout: Layout, samples: Samples, task: ForecastTask, *, by_level: bool, is_log: bool
) -> Described:
    """Return the features of steps to be forecast.

    by_level    whether values are seen in relation to zero, and not to the level at the origin
    is_log      whether they are logarithms, whose differences need no scale
    """
    periods = _periods(layout.panel.grid.frequency)
    season = periods[0] if periods else 1
    values, origin = layout.values, samples.origin
    begin = layout.begins[samples.series]
    sums = _Sums(values)
    level_width = max(2 * season, 4) if periods else 3
    level = sums.mean(np.maximum(begin, origin - level_width), origin)
    centre = np.zeros_like(level) if by_level else level
    if is_log:
        scale = 1 / layout.unit[samples.series]
    elif by_level:
        scale = _level_scale(values, begin, origin, max(4 * season, 12))
    else:
        scale = _change_scale(values, begin, origin, season)
    by_value, phase = _of_values(layout, samples, sums, periods, season)
    columns = [((one - centre) / scale) for one in by_value]
    columns += _of_spread(values, begin, origin, season, scale)
    columns += [samples.ahead.astype(np.float64)]
    columns += _of_calendar(layout, samples)
    columns += _of_holidays(layout, samples, scale)
    columns += of_covariates(layout, samples, season, task.horizon)
    columns += of_past(layout, samples, season)
    unit = layout.unit[samples.series]
    columns += _of_series(layout, samples, level * unit, is_log=is_log)
    X = np.stack(columns, axis=1).astype(np.float32)
    return Described(X, centre * unit, phase * unit, scale * unit)


def _periods(frequency: Frequency) -> tuple[int, ...]:
    year = frequency.year
    return (*frequency.seasons, year) if year else frequency.seasons


def _of_values(
    layout: Layout, samples: Samples, sums: _Sums, periods: Sequence[int], season: int
) -> tuple[list[Floats], Floats]:
    """Return features in the unit of the values, and the mean of the same phase of the last seasons."""
    values, origin, begin = layout.values, samples.origin, layout.begins[samples.series]
    made = [_at(values, origin - back, begin) for back in range(1, _LAST + 1)]
    widths = (
        {2, season, 2 * season, 4 * season, 8} if season == 1 else {season, 2 * season, 4 * season}
    )
    widths |= {max(periods), 4 * max(periods[:2])} if periods else {16}
    made += [
        sums.mean(np.maximum(begin, origin - width), origin)
        for width in sorted(widths)
        if width > 1
    ]
    phase = made[0]
    for period in periods:
        last = samples.target - period * (samples.ahead // period + 1)
        n_phases = _AVERAGED_PHASES if period < 300 else 2
        at = [_at(values, last - j * period, begin) for j in range(n_phases)]
        made += at[: _PHASES if period < 300 else 1]
        if period > 1:
            after = np.where(last + 1 < origin, last + 1, last + 1 - period)
            made += [_at(values, last - 1, begin), _at(values, after, begin)]
        if period >= 300:
            high = np.maximum(begin, np.minimum(last + 4, origin))
            made.append(sums.mean(np.maximum(begin, last - 3), high))
            continue
        known = np.stack(at)
        counts = np.isfinite(known).sum(axis=0)
        mean = np.nansum(known, axis=0) / np.maximum(counts, 1)
        made.append(np.where(counts > 0, mean, np.nan))
        few = np.stack(at[:4])
        n_few = np.isfinite(few).sum(axis=0)
        of_few = np.nansum(few, axis=0) / np.maximum(n_few, 1)
        phase = np.where(n_few > 0, of_few, phase)
    return made, phase


def _of_spread(
    values: Floats, begin: Steps, origin: Steps, season: int, scale: Floats
) -> list[Floats]:
    width = max(4 * season, 12)
    low = np.maximum(begin, origin - width)
    mean, square = _Sums(values).mean(low, origin), _Sums(values**2).mean(low, origin)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    is_zero = np.where(np.isfinite(values), values == 0, 0.0)
    at = np.arange(len(values))
    last_demand = np.maximum.accumulate(np.where(np.nan_to_num(values) > 0, at, -1))
    since = origin - np.maximum(last_demand[origin - 1], begin - 1)
    return [
        deviation / scale,
        _Sums(is_zero).mean(low, origin),
        np.minimum(since, 1000).astype(np.float64),
        np.minimum(origin - begin, 5000).astype(np.float64),
    ]


def _of_calendar(layout: Layout, samples: Samples) -> list[Floats]:
    panel, series = layout.panel, samples.series
    steps = panel.first[series] + samples.target - layout.begins[series]
    seconds = panel.grid.times(steps, series)
    stamp = seconds.astype("datetime64[s]")
    day = stamp.astype("datetime64[D]")
    month = stamp.astype("datetime64[M]")
    of_year = (day - stamp.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    month_number = (month.astype(np.int64) % 12).astype(np.float64)
    weekday = ((day.astype(np.int64) + 3) % 7).astype(np.float64)
    of_month = (day - month.astype("datetime64[D]")).astype(np.float64)
    minute = (seconds % 86_400 / 60).astype(np.float64)
    unit = panel.grid.frequency.unit
    return {
        Unit.YEAR: [],
        Unit.MONTH: [month_number],
        Unit.WEEK: [of_year, of_month],
        Unit.DAY: [weekday, of_month, of_year],
        Unit.HOUR: [minute, weekday, of_year],
        Unit.MINUTE: [minute, weekday, of_year],
    }[unit]


def _of_holidays(layout: Layout, samples: Samples, scale: Floats) -> list[Floats]:
    """Return the features of public holidays; none without a calendar."""
    if not layout.panel.holidays.names:
        return []
    if layout.panel.grid.frequency.steps_a_day:
        return _of_days_off(layout, samples, scale)
    return _of_steps_with_holidays(layout, samples)


def _of_days_off(layout: Layout, samples: Samples, scale: Floats) -> list[Floats]:
    """Return which holiday it is, the days since the last one and to the next, and how far the value on the same holiday lay
    from those a week before and after it, the last time that it was before the origin."""
    panel, series, holidays = layout.panel, samples.series, layout.panel.holidays
    begin, origin = layout.begins[series], samples.origin
    day = panel.days(panel.first[series] + samples.target - begin, series)
    after = np.searchsorted(holidays.days, day)
    kind = holidays.kind_of(day)
    since = day - holidays.days[np.maximum(after - 1, 0)]
    until = holidays.days[np.minimum(after, len(holidays.days) - 1)] - day
    distances = [np.where((one < 0) | (one > _FAR), _FAR, one) for one in (since, until)]
    a_day = panel.grid.frequency.steps_a_day
    entry, effect = np.where(kind >= 0, after, -1), np.full(len(day), np.nan)
    for _ in range(_HOLIDAYS_BACK):
        entry = np.where(entry >= 0, holidays.earlier[entry], -1)
        place = samples.target - (day - holidays.days[entry]) * a_day
        is_seen = (entry >= 0) & (place < origin) & (place >= begin) & np.isnan(effect)
        place = np.where(is_seen, place, 0)
        week = 7 * a_day
        later = np.where(place + week < origin, place + week, place - week)
        usual = [_at(layout.values, one, begin) for one in (place - week, later)]
        usual = [np.where(np.isnan(one), other, one) for one, other in (usual, usual[::-1])]
        made = layout.values[place] - (usual[0] + usual[1]) / 2
        effect = np.where(is_seen, made, effect)
    return [kind.astype(np.float64), *(one.astype(np.float64) for one in distances), effect / scale]


def _of_steps_with_holidays(layout: Layout, samples: Samples) -> list[Floats]:
    """Return how many holidays there are in a step, in the one before and in the one after it."""
    panel, series = layout.panel, samples.series
    steps = panel.first[series] + samples.target - layout.begins[series]
    frequency = panel.grid.frequency
    days = [panel.days(steps + more, series) for more in (-1, 0, 1, 2)]
    if frequency.unit.is_calendar:  # stamps may be the ends of months
        months = [one.astype("datetime64[D]").astype("datetime64[M]") for one in days]
        days = [one.astype("datetime64[D]").astype(np.int64) for one in months]
    counts = [panel.holidays.count(*days[i : i + 2]) for i in range(3)]
    return [one.astype(np.float64) for one in counts]


def of_covariates(layout: Layout, samples: Samples, season: int, horizon: int) -> list[Floats]:
    """Return the features of covariates: each at the step, before and after it, and against what it was lately and in
    the season before."""
    made: list[Floats] = []
    begin, target, origin = layout.begins[samples.series], samples.target, samples.origin
    stops = np.append(layout.begins[1:], len(layout.values))[samples.series]
    last = target - season * (samples.ahead // season + 1)
    width = max(2 * season, 8)
    for j in range(layout.covariates.shape[1]):
        covariate = layout.covariates[:, j]
        sums = _Sums(covariate)
        here = covariate[target]
        lately = sums.mean(np.maximum(begin, target - season + 1), target + 1)
        usual = sums.mean(np.maximum(begin, origin - width), origin)
        next_one = np.minimum(target + 1, len(covariate) - 1)
        is_known = (target + 1 < stops) & (samples.ahead + 1 < horizon)
        after = np.where(is_known, covariate[next_one], np.nan)
        made += [
            here,
            here - usual,
            here - _at(covariate, last, begin),
            _at(covariate, target - 1, begin),
        ]
        made += [lately] if season > 1 else [after]
    return made


def of_past(layout: Layout, samples: Samples, season: int) -> list[Floats]:
    """Return the features of covariates that are not known in advance, all from before the origin: the last value, what it
    was lately, and its value in the same phase of the season before, the last two against what is usual."""
    made: list[Floats] = []
    begin, origin = layout.begins[samples.series], samples.origin
    phase = samples.target - season * (samples.ahead // season + 1)
    for j in range(layout.past.shape[1]):
        covariate = layout.past[:, j]
        sums = _Sums(covariate)
        usual = sums.mean(np.maximum(begin, origin - max(4 * season, 12)), origin)
        lately = sums.mean(np.maximum(begin, origin - max(season, 3)), origin)
        last = _at(covariate, origin - 1, begin)
        made += [last, last - usual, lately - usual, _at(covariate, phase, begin) - usual]
    return made


def _of_series(layout: Layout, samples: Samples, level: Floats, *, is_log: bool) -> list[Floats]:
    size = level if is_log else np.log1p(np.abs(level))
    made = [size]
    if layout.numbers is not None:
        made.append(layout.numbers[samples.series])
    static = layout.panel.static[samples.series]
    return [*made, *(static[:, j] for j in range(static.shape[1]))]


def _at(values: Floats, place: Steps, begin: Steps) -> Floats:
    """Return values at places, NaN before the series begins."""
    return np.where(place >= begin, values[np.maximum(place, 0)], np.nan)


def _level_scale(values: Floats, begin: Steps, origin: Steps, width: int) -> Floats:
    size = np.abs(values)
    lately = _Sums(size).mean(np.maximum(begin, origin - width), origin)
    ever = _Sums(size).mean(begin, origin)
    return np.maximum(np.where(lately > 0.05 * ever, lately, ever), 1e-9)


def _change_scale(values: Floats, begin: Steps, origin: Steps, season: int) -> Floats:
    """Return the mean absolute seasonal change of the last seasons."""
    change = np.abs(values - np.concatenate([np.full(season, np.nan), values[:-season]]))
    low = np.maximum(begin + season, origin - max(12 * season, 24))
    made = _Sums(change).mean(np.minimum(low, origin), origin)
    floor = 0.01 * _Sums(np.abs(values)).mean(begin, origin)
    return np.maximum(np.where(np.isfinite(made), np.maximum(made, floor), floor), 1e-9)

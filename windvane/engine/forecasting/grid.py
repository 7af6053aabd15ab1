"""Times as numbers of steps and back, for many series at once: the same step apart, whatever the calendar says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.frequency import MOST_OF, Frequency, Unit
from windvane.errors import DataFault

Steps = NDArray[np.int64]
Seconds = NDArray[np.int64]
"""Since 1970-01-01T00:00:00, in the data's own zone."""

_DAY = 86_400
_MONDAY = 4 * _DAY
"""The first Monday after the beginning of 1970."""

_LEAST_AGREEMENT = 0.5
"""Share of the distances between rows that a frequency found in them has to explain."""

_FIXED = (Unit.WEEK, Unit.DAY, Unit.HOUR, Unit.MINUTE)


@dataclass(frozen=True)
class Grid:
    """The steps of each series in time.

    phase         (n_series,) where steps begin: seconds of fixed units, months of calendar ones
    offset        (n_series,) seconds from the begin of a month to its timestamp, of calendar units
    is_month_end  (n_series,) whether the timestamp is in the last day of the month, `offset` after its begin
    """

    frequency: Frequency
    phase: Steps
    offset: Seconds
    is_month_end: NDArray[np.bool_]

    @classmethod
    def of(cls, frequency: Frequency, seconds: Seconds, starts: Steps) -> Grid:
        """Return the grid on which timestamps lie. Where those of a series do not agree, steps begin where people begin
        them: at midnight, on Mondays, on the first of a month, in January.

        seconds   (n_rows,) of all series, one series after the other
        starts    (n_series,) where each begins
        """
        if not frequency.unit.is_calendar:
            usual = _MONDAY if frequency.unit is Unit.WEEK else 0
            width = frequency.seconds
            phase = np.where(
                _is_same(seconds % width, starts), seconds[starts] % width, usual % width
            )
            none = np.zeros(len(starts), np.int64)
            return cls(frequency, phase, none, none.astype(bool))
        month, within = _months_of(seconds)
        phase = np.where(
            _is_same(month % frequency.months, starts), month[starts] % frequency.months, 0
        )
        is_one_day = _is_same(within, starts)
        from_end = within - (_begin_of(month + 1) - _begin_of(month) - _DAY)
        is_end = ~is_one_day & _is_same(from_end, starts) & (from_end[starts] >= 0)
        offset = np.where(is_one_day, within[starts], np.where(is_end, from_end[starts], 0))
        return cls(frequency, phase, offset, is_end)

    def steps(self, seconds: Seconds, series: Steps) -> Steps:
        """Return the number of the step that each time falls into.

        series    (n_rows,) index of the series that each belongs to
        """
        if not self.frequency.unit.is_calendar:
            return (seconds - self.phase[series]) // self.frequency.seconds
        month, _ = _months_of(seconds)
        return (month - self.phase[series]) // self.frequency.months

    def times(self, steps: Steps, series: Steps) -> Seconds:
        """Return the timestamp of each step."""
        if not self.frequency.unit.is_calendar:
            return steps * self.frequency.seconds + self.phase[series]
        month = steps * self.frequency.months + self.phase[series]
        begin = np.where(self.is_month_end[series], _begin_of(month + 1) - _DAY, _begin_of(month))
        return begin + self.offset[series]

    def of_series(self, chosen: Steps) -> Grid:
        """Return the grid of some of the series."""
        return Grid(
            self.frequency, self.phase[chosen], self.offset[chosen], self.is_month_end[chosen]
        )


def infer_frequency(seconds: Seconds, starts: Steps) -> Frequency:
    """Return the frequency that most rows of a table are apart.

    seconds   (n_rows,) ascending within each series
    starts    (n_series,) where each series begins
    raises    DataFault if there is no second time in any series, or distances do not agree
    """
    apart = np.diff(seconds)
    is_within = np.ones(len(apart), bool)
    is_within[starts[1:] - 1] = False
    is_within &= apart > 0
    apart = apart[is_within]
    if len(apart) == 0:
        raise DataFault(
            "The frequency cannot be found: no series has two different timestamps. Name it, for example '1D'."
        )
    month, within = _months_of(seconds)
    month_apart = np.diff(month)[is_within]
    from_end = within - (_begin_of(month + 1) - _begin_of(month) - _DAY)
    is_calendar = (np.diff(within)[is_within] == 0) | (
        (np.diff(from_end)[is_within] == 0) & (from_end[1:][is_within] >= 0)
    )
    if np.median(apart) >= 27 * _DAY and is_calendar.mean() >= _LEAST_AGREEMENT:
        return _calendar_frequency(month_apart)
    usual = _most_common(apart)
    return _fixed_frequency(usual, apart)


def _calendar_frequency(months: Steps) -> Frequency:
    usual = _most_common(months)
    if usual % 12 == 0:
        return Frequency(1, Unit.YEAR)
    if usual <= MOST_OF[Unit.MONTH]:
        return Frequency(usual, Unit.MONTH)
    raise DataFault(
        f"Most rows are {usual} months apart, which no frequency says. Name a frequency that they can be aggregated to."
    )


def _fixed_frequency(usual: int, apart: Seconds) -> Frequency:
    """Return the frequency of rows that are a fixed time apart.

    raises    DataFault unless the usual distance is a whole number of a unit that others are multiples of
    """
    share = float(np.mean(apart % usual == 0))
    if share < _LEAST_AGREEMENT:
        raise DataFault(
            f"The frequency cannot be found: only {share:.0%} of the rows are a multiple of {usual} seconds apart. Name a "
            "frequency that they can be aggregated to, for example '1D'."
        )
    for unit in _FIXED:
        width = Frequency(1, unit).seconds
        if usual % width == 0 and usual // width <= MOST_OF[unit]:
            return Frequency(usual // width, unit)
    raise DataFault(
        f"Most rows are {usual} seconds apart, which no frequency says. Name a frequency that they can be aggregated to, "
        "for example '1min'."
    )


def _most_common(numbers: Steps) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])


def _is_same(numbers: Steps, starts: Steps) -> NDArray[np.bool_]:
    """Return for each series whether its numbers are all the same."""
    is_same: NDArray[np.bool_] = np.minimum.reduceat(numbers, starts) == np.maximum.reduceat(
        numbers, starts
    )
    return is_same


def _months_of(seconds: Seconds) -> tuple[Steps, Seconds]:
    """Return months since January 1970, and seconds since the month began."""
    month = seconds.astype("datetime64[s]").astype("datetime64[M]")
    numbers = month.astype(np.int64)
    return numbers, seconds - _begin_of(numbers)


def _begin_of(month: Steps) -> Seconds:
    return month.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)

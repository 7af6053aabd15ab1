"""How times and seasons of series are worded and drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.domain.frequency import Frequency, Unit
from windvane.engine.forecasting.grid import Seconds, Steps
from windvane.engine.forecasting.panel import Panel
from windvane.wording import counted

_DAY = 86_400
_YEAR_DAYS = 360
"""A season of as many days, or more, is a year's."""

_MONTH_DAYS = 30

_UNITS = {
    Unit.YEAR: "year",
    Unit.MONTH: "month",
    Unit.WEEK: "week",
    Unit.DAY: "day",
    Unit.HOUR: "hour",
    Unit.MINUTE: "minute",
}


def moment(seconds: int) -> str:
    """Return a time; of midnight the date alone.

    seconds    since 1970-01-01T00:00:00

    >>> moment(86_400), moment(90_000)
    ('1970-01-02', '1970-01-02 01:00')
    """
    told = str(np.datetime64(seconds, "s"))
    return told[:10] if seconds % _DAY == 0 else told[:16].replace("T", " ")


def dates(seconds: Seconds) -> NDArray[np.datetime64]:
    """Return times as pictures take them."""
    return seconds.astype("datetime64[s]")


def times_of(panel: Panel, series: int, steps: Steps) -> Seconds:
    """Return the timestamps of some steps of one series."""
    return panel.grid.times(steps, np.full(len(steps), series))


def step_name(frequency: Frequency) -> str:
    """Return the time between two steps in words.

    >>> step_name(Frequency.parse("15min")), step_name(Frequency.parse("D"))
    ('15 minutes', '1 day')
    """
    return counted(frequency.count, _UNITS[frequency.unit])


def season_name(frequency: Frequency, n_steps: int) -> str:
    """Return the name of the season of so many steps.

    >>> season_name(Frequency.parse("D"), 7), season_name(Frequency.parse("3M"), 4)
    ('week', 'year')
    """
    if frequency.unit.is_calendar:
        days = n_steps * frequency.months * _MONTH_DAYS
    else:
        days = n_steps * frequency.seconds // _DAY
    return "year" if days >= _YEAR_DAYS else {1: "day", 7: "week"}.get(days, f"{days} days")


def periods_of(frequency: Frequency) -> tuple[int, ...]:
    """Return the steps of every season that values may repeat by, that of a year among them."""
    year = frequency.year
    return (*frequency.seasons, *([] if year is None else [year]))

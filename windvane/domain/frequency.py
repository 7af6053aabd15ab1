"""How often a series is observed: a number and a unit, as SageMaker's ForecastFrequency spells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from windvane.errors import InvalidRequest


class Unit(StrEnum):
    """Units of time, in SageMaker's spelling."""

    YEAR = "Y"
    MONTH = "M"
    WEEK = "W"
    DAY = "D"
    HOUR = "H"
    MINUTE = "min"

    @property
    def is_calendar(self) -> bool:
        """Whether its length differs from one to the next."""
        return self in (Unit.YEAR, Unit.MONTH)


MOST_OF = {
    Unit.YEAR: 1,
    Unit.MONTH: 11,
    Unit.WEEK: 4,
    Unit.DAY: 6,
    Unit.HOUR: 23,
    Unit.MINUTE: 59,
}
"""Of each unit: more are spelt in the next larger one (1H, not 60min).

source    the pattern of ForecastFrequency in SageMaker's API reference
"""

_SECONDS = {Unit.WEEK: 604_800, Unit.DAY: 86_400, Unit.HOUR: 3_600, Unit.MINUTE: 60}
_PATTERN = re.compile(r"([1-9][0-9]?)?(Y|M|W|D|H|min)")


@dataclass(frozen=True)
class Frequency:
    """The time from one value of a series to the next: `count` units.

    >>> str(Frequency.parse("1H")), str(Frequency.parse("30min")), Frequency.parse("3M").seasons
    ('H', '30min', (4,))
    """

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """Return the frequency that a text such as 'D', '15min' or '3M' spells.

        raises    InvalidRequest saying what would be right
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise InvalidRequest(
                f"The frequency '{text[:20]}' is not a number and a unit. Units are Y, M, W, D, H and min, as in '1D', "
                "'15min' or '3M' (quarters)."
            )
        count, unit = int(match[1] or 1), Unit(match[2])
        if count > MOST_OF[unit]:
            raise InvalidRequest(
                f"The frequency '{text}' is too long for its unit: of {unit} at most {MOST_OF[unit]} are possible. "
                "Use the next larger unit, for example '1H' for 60 minutes."
            )
        return cls(count, unit)

    def __str__(self) -> str:
        return f"{self.count if self.count > 1 else ''}{self.unit}"

    @property
    def steps_a_day(self) -> int:
        """Steps of a day, of which it is a whole number; 0 where steps are longer, or do not fit."""
        if self.unit.is_calendar or 86_400 % self.seconds:
            return 0
        return 86_400 // self.seconds

    @property
    def months(self) -> int:
        """Months of a step of a calendar unit."""
        return self.count * (12 if self.unit is Unit.YEAR else 1)

    @property
    def seconds(self) -> int:
        """Seconds of a step of any other unit."""
        return self.count * _SECONDS[self.unit]

    @property
    def season(self) -> int:
        """Steps of the season that naive forecasts and MASE go by; 1 for none.

        source    seasonality of SageMaker's and GluonTS's metrics: Y 1, M 12, W 1, D 7, H 24, min a day
        """
        wanted = {Unit.MONTH: 12, Unit.DAY: 7, Unit.HOUR: 24, Unit.MINUTE: 1440}.get(self.unit, 1)
        return wanted // self.count if wanted % self.count == 0 else 1

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps of every season that values may repeat by, shortest first; without years of daily and finer values."""
        if self.unit is Unit.WEEK:
            return (52 // self.count,)
        if self.unit in (Unit.HOUR, Unit.MINUTE):
            day = self.season
            return (day, 7 * day) if day > 1 else ()
        return (self.season,) if self.season > 1 else ()

    @property
    def year(self) -> int | None:
        """Steps of a year in whole weeks, so that weekdays agree; None where `seasons` has it, or steps do not fit."""
        if self.unit is Unit.DAY and self.count == 1:
            return 364
        if self.unit is Unit.HOUR or self.unit is Unit.MINUTE:
            return 364 * 86_400 // self.seconds if 86_400 % self.seconds == 0 else None
        return None

"""Public holidays of a country, as days that features and forecasts know by their names."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from windvane.domain.countries import check_country
from windvane.engine.arrays import Arrays
from windvane.engine.checked import indices_in, texts_in
from windvane.engine.forecasting.grid import Seconds, Steps

_YEARS_BACK, _YEARS_AHEAD = 60, 10
"""Of the data's last year, those that the calendar has: earlier ones tell nothing, later ones are forecast with newer rows."""

_MOST_DAYS = 10_000
_FURTHEST = 2**22
"""Days from 1970, at most."""

_SUBSTITUTE = re.compile(r"\s*\([^)]*(observed|estimated|substitut|in lieu)[^)]*\)", re.IGNORECASE)


@dataclass(frozen=True)
class Holidays:
    """The holidays of a calendar.

    days     (n,) since 1970-01-01, ascending, each once
    kinds    (n,) index of the name of each
    names    in the order in which they come in a year, about
    """

    days: Steps
    kinds: Steps
    names: tuple[str, ...]

    def kind_of(self, days: Steps) -> Steps:
        """Return the kind of holiday of each of some days; -1 for none."""
        if not len(self.days):
            return np.full(days.shape, -1)
        at = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        return np.where(self.days[at] == days, self.kinds[at], -1)

    def count(self, low: Steps, high: Steps) -> Steps:
        """Return how many holidays there are from each of some days to before another."""
        return np.searchsorted(self.days, high) - np.searchsorted(self.days, low)

    @cached_property
    def earlier(self) -> Steps:
        """(n,) the place of the last holiday of the same name before each; -1 for none."""
        order = np.lexsort((self.days, self.kinds))
        is_same = np.concatenate([[False], np.diff(self.kinds[order]) == 0])
        made = np.full(len(order), -1)
        made[order] = np.where(is_same, np.roll(order, 1), -1)
        return made

    def without_days(self) -> Holidays:
        """Return the calendar with none of its holidays anywhere near: one long before all times."""
        return replace(self, days=np.array([-_FURTHEST]), kinds=np.zeros(1, np.int64))

    def to_arrays(self) -> Arrays:
        """Return the arrays of a calendar that has holidays; none of another."""
        return {"holiday_days": self.days, "holiday_kinds": self.kinds} if self.names else {}


NO_HOLIDAYS = Holidays(np.empty(0, np.int64), np.empty(0, np.int64), ())


def holidays_of(country: str, first: Seconds, last: Seconds) -> Holidays:
    """Return the public holidays of a country around the times of some series, and some years after them.

    country   ISO 3166 code of two letters
    first     (n_series,) when each begins
    last      (n_series,) when each ends, with what is to be forecast
    raises    InvalidRequest if there is no calendar of this country
    """
    check_country(country)
    import holidays  # for preparing alone; it takes half a second to import

    years = np.array([first.min(), last.max()]).astype("datetime64[s]").astype("datetime64[Y]")
    begin, end = (years.astype(np.int64) + 1970).tolist()
    wanted = range(max(begin - 1, end - _YEARS_BACK), end + _YEARS_AHEAD + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # years that the calendar does not know have no holidays
        found = holidays.country_holidays(country, years=wanted, language="en_US")
    days = np.array(sorted(found), "datetime64[D]").astype(np.int64)
    named = [_SUBSTITUTE.sub("", found[day]) for day in sorted(found)]
    names = _in_order_of_the_year(days, named)
    index = {name: i for i, name in enumerate(names)}
    return Holidays(days, np.array([index[name] for name in named], np.int64), names)


def read_holidays(about: Mapping[str, Any], arrays: Arrays) -> Holidays:
    """Return what `to_arrays` made, with the names that were kept beside them.

    raises    ValueError if they do not go together
    """
    if "holidays" not in about:
        return NO_HOLIDAYS
    names = tuple(texts_in(about, "holidays"))
    if not names:
        return NO_HOLIDAYS
    days = indices_in(arrays, "holiday_days", 1, _FURTHEST, -_FURTHEST)
    kinds = indices_in(arrays, "holiday_kinds", 1, len(names))
    if not 0 < len(days) <= _MOST_DAYS or len(kinds) != len(days) or (np.diff(days) <= 0).any():
        raise ValueError("the days of its holidays are not those of a calendar")
    return Holidays(days, kinds, names)


def _in_order_of_the_year(days: Steps, names: list[str]) -> tuple[str, ...]:
    """Return the different names, by the median day of the year on which they fall."""
    dates = days.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    each: dict[str, list[int]] = {}
    for name, day in zip(names, of_year.tolist(), strict=True):
        each.setdefault(name, []).append(day)
    return tuple(sorted(each, key=lambda name: (float(np.median(each[name])), name)))

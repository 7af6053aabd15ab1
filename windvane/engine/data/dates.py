"""Dates as people write them. A format names the order of a date's parts; a time of day may follow any of them.

Read to seconds since 1970-01-01T00:00:00 UTC; a date without zone is taken as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

EPOCH_SECONDS, EPOCH_MILLISECONDS = "epoch-s", "epoch-ms"

LAST_SHORT_YEAR = 35
"""Years of two digits lie between 1936 and 2035: data are about what was, with some plans ahead."""

_OF_CLOCK = ("hour", "minute", "second")
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH_NUMBERS = {name[:length]: i + 1 for i, name in enumerate(_MONTHS) for length in (3, 4, 9)}
_PARTS = {
    "%Y": r"(?P<year>[12][0-9]{3})",
    "%y": r"(?P<short_year>[0-9]{2})",
    "%m": r"(?P<month>[0-9]{1,2})",
    "%d": r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?",
    "%b": r"(?P<name>[A-Za-z]{3,9})\.?",
}
_COMPACT = r"(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*+,?\s++)?"
"""Spaces that were taken are not given back, here and below: see numerals.py."""
_HALF = r"(?:\s*+(?P<half>[AaPp])\.?[Mm]\.?)?"
_SECOND = r"(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?"
_CLOCK = rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::{_SECOND})?{_HALF}"
_TIME = rf"(?P<hour>[0-9]{{1,2}})(?P<between>[:.])(?P<minute>[0-9]{{2}})(?:(?P=between){_SECOND})?{_HALF}"
_BASIC_TIME = r"(?P<basic_hour>[0-9]{2})(?:(?P<basic_minute>[0-9]{2})(?P<basic_second>[0-9]{2})?)?"
_ZONE = r"(?:\s*+(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})(?:\s*+UTC|\[[A-Za-z0-9_/+-]{1,60}\])?)?"
"""Java and Go write the name of a zone behind its offset."""

FORMATS: tuple[str, ...] = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d-%b-%y",
    "%d %b %y",
    "%Y-%b-%d",
    "%Y %b %d",
    "%d/%b/%Y",
    "%b %d %H:%M %Y",
    "%G-W%V-%u",
    "%G-W%V",
    "%Y-%j",
    "%Y, %b",
    "%b %Y",
    "%b, %Y",
    "%b-%Y",
    "%b-%y",
    "%Y %b",
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%Y%m%d",
    "%H:%M",
    "%Y",
)
"""Tried in this order; of formats that read the same cells the first is taken, so "03/04/2020" is month first
and "03.04.2020" day first unless another cell says otherwise."""

AMBIGUOUS = {
    "%m/%d/%Y": "%d/%m/%Y",
    "%m/%d/%y": "%d/%m/%y",
    "%d-%m-%Y": "%m-%d-%Y",
    "%d/%m/%Y": "%m/%d/%Y",
    "%d/%m/%y": "%m/%d/%y",
    "%m-%d-%Y": "%d-%m-%Y",
}
"""Formats whose cells may also be read with day and month swapped."""

_WEEK = r"(?P<year>[12][0-9]{3})-?W(?P<week>[0-9]{2})"
_WHOLE = {
    "%Y%m%d": _COMPACT,
    "%G-W%V-%u": rf"{_WEEK}-?(?P<weekday>[1-7])",
    "%G-W%V": _WEEK,
    "%Y-%j": r"(?P<year>[12][0-9]{3})-(?P<day_of_year>[0-9]{3})",
}
"""Dates that are not made of the parts above.

source    ISO 8601-1:2019, 5.2: calendar, ordinal and week dates
"""
_SHOWN = {
    EPOCH_SECONDS: "seconds since 1970",
    EPOCH_MILLISECONDS: "milliseconds since 1970",
    "%H:%M": "hh:mm",
    "%b %d %H:%M %Y": "Mon DD hh:mm YYYY",
    "%G-W%V-%u": "YYYY-Www-D",
    "%G-W%V": "YYYY-Www",
    "%Y-%j": "YYYY-DDD",
}
_SHOWN_PARTS = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "Mon"}


def readable_format(date_format: str) -> str:
    """Return the format as people write it.

    >>> [readable_format(one) for one in ("%d/%m/%Y", "%b %d, %Y", "%H:%M")]
    ['DD/MM/YYYY', 'Mon DD, YYYY', 'hh:mm']
    """
    if date_format in _SHOWN:
        return _SHOWN[date_format]
    return re.sub("%[a-zA-Z]", lambda part: _SHOWN_PARTS[part[0]], date_format)


def date_reader(date_format: str) -> Callable[[str], float]:
    """Return a function from stripped text to seconds; it raises ValueError for anything else."""
    if date_format == EPOCH_SECONDS:
        return float
    if date_format == EPOCH_MILLISECONDS:
        return lambda text: float(text) / 1000
    pattern = re.compile(_pattern(date_format))

    def read(text: str) -> float:
        match = pattern.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return _seconds(match.groupdict())

    return read


def _pattern(date_format: str) -> str:
    if date_format == "%H:%M":
        return _CLOCK
    if date_format == "%b %d %H:%M %Y":
        day = rf"{_PARTS['%b']}\s++{_PARTS['%d']}"
        return rf"{_WEEKDAY}{day}\s++{_CLOCK}{_ZONE}\s++{_PARTS['%Y']}"
    escaped = re.sub(r"[ ,./-]+", lambda gap: _gap(gap[0]), date_format)
    date = _WHOLE.get(date_format) or re.sub("%[A-Za-z]", lambda part: _PARTS[part[0]], escaped)
    return rf"{_WEEKDAY}{date}(?:(?:(?:[Tt ]|[,:])\s*+{_TIME}|[Tt]{_BASIC_TIME}){_ZONE})?"


def _gap(text: str) -> str:
    return r",?\s*+" if text == ", " else r"\s++" if text == " " else re.escape(text)


def _seconds(parts: dict[str, str | None]) -> float:
    elapsed = (_day(parts) - _ORIGIN).total_seconds()
    hour, minute, second = (parts.get(one) or parts.get(f"basic_{one}") for one in _OF_CLOCK)
    if hour is None:
        return elapsed
    if int(hour) == 24 and not int(minute or 0) and not int(second or 0):
        elapsed, hour = elapsed + 86_400, "0"  # ISO 8601's end of a day
    time = datetime(
        1970,
        1,
        1,
        _hour(int(hour), parts.get("half")),
        int(minute or 0),
        int(second or 0),
        int((parts.get("fraction") or "0").ljust(6, "0")[:6]),
        _zone(parts.get("zone")),
    )
    return elapsed + (time - _ORIGIN).total_seconds()


def _day(parts: dict[str, str | None]) -> datetime:
    year = _year(parts)
    if week := parts.get("week"):
        weekday = int(parts.get("weekday") or 1)
        return datetime.fromisocalendar(year, int(week), weekday).replace(tzinfo=UTC)
    if of_year := parts.get("day_of_year"):
        day = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(of_year) - 1)
        if day.year != year:
            raise ValueError(of_year)
        return day
    return datetime(year, _month(parts), int(parts.get("day") or 1), tzinfo=UTC)


def _year(parts: dict[str, str | None]) -> int:
    if year := parts.get("year"):
        return int(year)
    if short := parts.get("short_year"):
        return int(short) + (2000 if int(short) <= LAST_SHORT_YEAR else 1900)
    return 1970


def _month(parts: dict[str, str | None]) -> int:
    if name := parts.get("name"):
        number = _MONTH_NUMBERS.get(name.lower())
        if number is None:
            raise ValueError(name)
        return number
    return int(parts.get("month") or 1)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(str(hour))
    return hour % 12 + (12 if half in "Pp" else 0)


def _zone(text: str | None) -> timezone:
    if text is None or text in ("Z", "z", "UTC", "GMT"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0)))

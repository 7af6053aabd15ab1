"""The axis of charts over dates: ticks at whole years, months, days, hours or minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from windvane.console.charts.base import Scale, line, text

_MOST = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS = (
    *(n * _MINUTE for n in (1, 5, 15, 30)),
    *(n * _HOUR for n in (1, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14)),
)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
_LAST_YEAR = 9999


def told(seconds: float) -> str:
    """Return a time; of midnight the date alone.

    seconds    since 1970-01-01T00:00:00

    >>> told(0), told(3_660)
    ('1970-01-01', '1970-01-01 01:01')
    """
    moment = _moment(seconds)
    return moment.strftime("%Y-%m-%d" if seconds % _DAY == 0 else "%Y-%m-%d %H:%M")


def date_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return times between two, and how each is told: short, as the ones around it say the rest.

    >>> date_ticks(0, 86_400)
    [(0, 'Jan 1'), (21600, '06:00'), (43200, '12:00'), (64800, '18:00'), (86400, 'Jan 2')]
    """
    for step in _STEPS:
        if (high - low) / step <= _MOST:
            first = -(-int(low) // step) * step
            every = range(first, int(high) + 1, step)
            return [(at, _short(at, step)) for at in every]
    return list(_months(low, high))


def date_axis(scale: Scale, y: float, top: float) -> Markup:
    parts = [line(scale.start, y, scale.end, y, "axis")]
    for at, label in date_ticks(scale.low, scale.high):
        x = scale.at(at)
        parts += [line(x, top, x, y), text(x, y, label, anchor="middle", lines_below=1.4)]
    return Markup("").join(parts)


def _months(low: float, high: float) -> Iterator[tuple[float, str]]:
    first, last = _month_of(low), _month_of(high)
    step = next((n for n in _MONTHS if (last - first) / n <= _MOST), _MONTHS[-1])
    for month in range(-(-first // step) * step, last + 1, step):
        year, place = divmod(month, 12)
        if 1 <= year <= _LAST_YEAR:
            at = datetime(year, place + 1, 1, tzinfo=UTC)
            seconds = (at - _EPOCH).total_seconds()
            if low <= seconds <= high:
                yield seconds, f"{year}" if place == 0 else at.strftime("%b" if step < 12 else "%Y")


def _month_of(seconds: float) -> int:
    moment = _moment(seconds)
    return moment.year * 12 + moment.month - 1


def _short(seconds: int, step: int) -> str:
    moment = _moment(seconds)
    if step >= _DAY or seconds % _DAY == 0:
        return f"{moment:%b} {moment.day}"
    return f"{moment:%H:%M}"


def _moment(seconds: float) -> datetime:
    """Return a time, the first or the last that can be told for one beyond them."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return datetime(_LAST_YEAR if seconds > 0 else 1, 1, 1, tzinfo=UTC)

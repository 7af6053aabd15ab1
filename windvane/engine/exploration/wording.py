"""How numbers, dates and cells are written in a report."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from windvane.engine.columns import ColumnType
from windvane.engine.reports.labels import seen

MISSING = "missing"
UNKNOWN = "-"

_CELL = 60
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


def number(value: float | None) -> str:
    """With about four digits.

    >>> [number(value) for value in (3, 0.123456, 12345.678, 1e12, float("nan"))]
    ['3', '0.1235', '12,346', '1e+12', '-']
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if 1000 <= abs(value) < 1e9 or (abs(value) < 1000 and value == int(value)):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(part: float, whole: float) -> str:
    """
    >>> percent(1, 3), percent(1, 100_000), percent(0, 0)
    ('33.3 %', '0.001 %', '-')
    """
    return f"{100 * part / whole:.3g} %" if whole else UNKNOWN


def moment(seconds: float) -> str:
    """A date, with its time if it has one.

    seconds    since 1970-01-01T00:00:00 UTC
    """
    try:
        told = _ORIGIN + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return number(seconds)
    return told.strftime("%Y-%m-%d" if seconds % _DAY == 0 else "%Y-%m-%d %H:%M")


def measured(value: float, kind: ColumnType) -> str:
    """A cell of a number or date."""
    if math.isnan(value):
        return MISSING
    return moment(value) if kind is ColumnType.DATETIME else number(value)


def cell(text: str | None) -> str:
    """A cell of words."""
    return MISSING if text is None else seen(text, _CELL)


def rows(n_rows: int) -> str:
    """
    >>> rows(1), rows(1200)
    ('1 row', '1,200 rows')
    """
    return f"{n_rows:,} {'row' if n_rows == 1 else 'rows'}"

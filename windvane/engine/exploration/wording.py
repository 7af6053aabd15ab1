"""How dates and cells of a table are written in a report."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from windvane.engine.columns import ColumnType
from windvane.engine.reports.labels import seen
from windvane.wording import number

MISSING = "missing"

_CELL = 60
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


def moment(seconds: float) -> str:
    """Return a date, with its time if it has one.

    seconds    since 1970-01-01T00:00:00 UTC
    """
    try:
        told = _ORIGIN + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return number(seconds)
    return told.strftime("%Y-%m-%d" if seconds % _DAY == 0 else "%Y-%m-%d %H:%M")


def measured(value: float, kind: ColumnType) -> str:
    """Return a cell of a number or date."""
    if math.isnan(value):
        return MISSING
    return moment(value) if kind is ColumnType.DATETIME else number(value)


def cell(text: str | None) -> str:
    """Return a cell of words."""
    return MISSING if text is None else seen(text, _CELL)

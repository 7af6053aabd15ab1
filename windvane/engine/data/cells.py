"""Typed cells as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType, Values

MISSING = ""
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


def cell_texts(values: Values, spec: ColumnSpec) -> list[str]:
    """Cells as they may stand in a CSV file: numbers with all their digits, dates as ISO 8601 in UTC, "" for missing.

    values    (n_rows,) as columns.py says
    """
    if spec.type is ColumnType.DATETIME:
        return [MISSING if np.isnan(value) else _date(value) for value in values.tolist()]
    if values.dtype != object:
        return [MISSING if np.isnan(value) else number_text(value) for value in values.tolist()]
    return [MISSING if value is None else str(value) for value in values.tolist()]


def number_text(value: float) -> str:
    """Format a number with all its digits; whole numbers without a point."""
    return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _date(seconds: float) -> str:
    try:
        return (_ORIGIN + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return repr(seconds)

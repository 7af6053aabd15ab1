"""Typed values back to cells: the way a column writes them, so that a cell reads as the value it was made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.cells import MISSING, number_text
from windvane.engine.data.dates import EPOCH_MILLISECONDS, EPOCH_SECONDS
from windvane.engine.data.numerals import Notation
from windvane.engine.data.parse import cell_reader

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


def spelt(value: float | str | None, spec: ColumnSpec) -> str:
    """Return a cell that the column's reader reads as the value; "" for a missing one and for what cannot be written so."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, str):
        return value if cell_reader(spec)(value) == value else MISSING
    write = _date_writer(spec) if spec.type is ColumnType.DATETIME else _number_writer(spec)
    read = cell_reader(spec)
    try:
        cell = write(value)
        return cell if read(cell) == value else MISSING
    except (ValueError, OverflowError):
        return MISSING


def _number_writer(spec: ColumnSpec) -> Callable[[float], str]:
    notation = Notation.from_json(spec.parse)
    unit = "" if notation.affix == "money" else notation.affix

    def write(value: float) -> str:
        return number_text(value).replace(".", notation.decimal) + unit

    return write


def _date_writer(spec: ColumnSpec) -> Callable[[float], str]:
    date_format = str(spec.parse["formats"][0])
    if date_format in (EPOCH_SECONDS, EPOCH_MILLISECONDS):
        factor = 1000 if date_format == EPOCH_MILLISECONDS else 1
        return lambda seconds: number_text(seconds * factor)

    def write(seconds: float) -> str:
        moment = _ORIGIN + timedelta(seconds=seconds)
        date = moment.strftime(date_format)
        has_time = seconds % 86_400 != 0 and date_format != "%H:%M"
        return f"{date} {moment.time().isoformat()}" if has_time else date

    return write

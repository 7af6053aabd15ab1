"""Cells to values by a column's spec: one way for the training file and for rows sent to an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.dates import date_reader, readable_format
from windvane.engine.data.numerals import Notation, number_reader
from windvane.errors import InvalidRequest

NAN = float("nan")
LENIENT = "lenient"
"""The key of a spec's `parse` that says that cells which cannot be read are missing: the column was given its type."""

_KINDS = {ColumnType.NUMERIC: "a number", ColumnType.DATETIME: "a date"}

CellReader = Callable[[str | None], Any]


def cell_reader(spec: ColumnSpec) -> CellReader:
    """Return a function from one cell to its value: float (missing as NaN) or str (missing as None).

    It raises ValueError for a cell that is neither readable nor missing; text columns read every cell.
    Make it once a column and keep it: reading is then about a microsecond a cell.
    """
    missing = frozenset(spec.parse.get("missing", ()))
    if spec.type is ColumnType.NUMERIC:
        read = _float_reader(missing, number_reader(Notation.from_json(spec.parse)))
        return _leniently(read) if spec.parse.get(LENIENT) else read
    if spec.type is ColumnType.DATETIME:
        read = _float_reader(missing, _first_of([date_reader(f) for f in spec.parse["formats"]]))
        return _leniently(read) if spec.parse.get(LENIENT) else read
    return _text_reader(missing)


def _leniently(read: CellReader) -> CellReader:
    def read_or_miss(cell: str | None) -> float:
        try:
            return float(read(cell))
        except ValueError:
            return NAN

    return read_or_miss


def parse_cells(cells: Sequence[str | None], spec: ColumnSpec, first_row: int = 1) -> Values:
    """Return the cells of one column, (n_rows,), as `Values`; "" and None are missing.

    raises    InvalidRequest naming row (counted from first_row) and column of a cell that cannot be read
    """
    read = cell_reader(spec)
    is_float = spec.type in _KINDS
    values = np.empty(len(cells), dtype=np.float64 if is_float else object)
    for i, cell in enumerate(cells):
        try:
            values[i] = read(cell)
        except ValueError as error:
            raise unreadable(spec, first_row + i, cell) from error
    return values


def unreadable(spec: ColumnSpec, row: int, cell: str | None) -> InvalidRequest:
    """Return the error for a cell that cannot be read; rows are counted from 1."""
    shown = "" if cell is None else cell if len(cell) <= 60 else cell[:57] + "..."
    return InvalidRequest(
        f"Row {row}, column '{spec.name}': '{shown}' cannot be read as "
        f"{_KINDS[spec.type]}{_expected(spec)}. Leave the field empty if the value is missing."
    )


def _expected(spec: ColumnSpec) -> str:
    if spec.type is ColumnType.DATETIME:
        return f" (expected: {' or '.join(map(readable_format, spec.parse['formats']))})"
    described = Notation.from_json(spec.parse).describe()
    return f" (numbers {described})" if described else ""


def _float_reader(missing: frozenset[str], read: Callable[[str], float]) -> CellReader:
    def read_float(cell: str | None) -> float:
        if not cell:
            return NAN
        text = cell.strip()
        if not text or text in missing:
            return NAN
        return read(text)

    return read_float


def _text_reader(missing: frozenset[str]) -> CellReader:
    def read_text(cell: str | None) -> str | None:
        if not cell:
            return None
        text = cell.strip()
        return None if not text or text in missing else text

    return read_text


def _first_of(readers: Sequence[Callable[[str], float]]) -> Callable[[str], float]:
    if len(readers) == 1:
        return readers[0]

    def read(text: str) -> float:
        for reader in readers:
            try:
                return reader(text)
            except ValueError:
                continue
        raise ValueError(text)

    return read

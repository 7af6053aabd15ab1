"""The column that says what each row counts for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import EncodedColumn, encode, read_column
from windvane.engine.data.plainnumbers import PlainNumbers, plain_numbers
from windvane.engine.data.read import RawTable
from windvane.engine.data.writing import find_numbers
from windvane.errors import DataFault

_MOSTLY = 0.5
_LOOK = 5_000
_LONGEST = 60


def take_weights(raw: RawTable, name: str) -> tuple[RawTable, NDArray[np.float64]]:
    """The table without the column of weights and without the rows of weight 0, which are to have no say in
    anything; and the weights of the others.

    raises    DataFault if a weight is no finite number >= 0, or if all are 0
    """
    columns = dict(raw.columns)
    cells = columns.pop(name)
    weight = _read(name, cells)
    _check(name, cells, weight, is_sample=raw.n_rows < raw.n_rows_read)
    counting = weight > 0
    if counting.all():
        return replace(raw, columns=columns), weight
    kept = pa.array(counting)
    fewer = {column: values.filter(kept) for column, values in columns.items()}
    return replace(raw, columns=fewer), weight[counting]


def _read(name: str, cells: pa.ChunkedArray) -> NDArray[np.float64]:
    """(n_rows,) NaN for what is no number."""
    column = plain_numbers(name, cells) or encode(name, cells)
    if isinstance(column, PlainNumbers):
        return column.values
    return read_column(column, _spec(column)).values.astype(np.float64)


def _spec(column: EncodedColumn) -> ColumnSpec:
    texts = [text.strip() for text in column.texts.slice(0, _LOOK).to_pylist()]
    found = find_numbers(texts, column.counts()[:_LOOK], _MOSTLY) if texts else None
    parse = {} if found is None else dict(found.notation.to_json())
    return ColumnSpec(column.name, ColumnType.NUMERIC, "sample weight", parse=parse)


def _check(
    name: str, cells: pa.ChunkedArray, weight: NDArray[np.float64], *, is_sample: bool
) -> None:
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if wrong.size:
        first = int(wrong[0])
        place = "one of the rows" if is_sample else f"row {first + 1} of the data"
        more = f" ({wrong.size - 1} more rows are wrong as well)" if wrong.size > 1 else ""
        raise DataFault(
            f"The sample weight column '{name}' {_told(cells[first].as_py())} in {place}{more}. Every row needs a "
            "finite number of 0 or more there."
        )
    if not weight.any():
        raise DataFault(
            f"The sample weight column '{name}' is 0 in all rows. At least some need a number above 0."
        )


def _told(cell: object) -> str:
    if cell is None:
        return "is empty"
    text = str(cell)
    return f"holds '{text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}'"

"""Columns of cells as Arrow texts to values: exactly what engine/data/parse.py makes of them, many times as fast.

Plain numbers are read together, of everything else each distinct text once. Where a cell is odd its whole column is read
cell by cell, which knows what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnSpec, ColumnType, Values
from windvane.engine.data.numerals import Notation
from windvane.engine.data.parse import cell_reader, parse_cells


def parse_columns(
    cells: Sequence[pa.Array], used: Iterable[tuple[int, ColumnSpec]], first_row: int = 1
) -> Columns:
    """Return the columns of some rows, by name.

    cells   every column of the rows, as `parse_texts` takes them
    used    place and spec of those that are wanted
    raises  InvalidRequest as `parse_texts` does, of the first column with a cell that cannot be read
    """
    return {spec.name: parse_texts(cells[place], spec, first_row) for place, spec in used}


def parse_texts(texts: pa.Array, spec: ColumnSpec, first_row: int = 1) -> Values:
    """Return the cells of one column, (n_rows,) strings without nulls, as `Values`; "" is missing.

    raises    InvalidRequest naming row (counted from first_row) and column of a cell that cannot be read
    """
    missing = spec.parse.get("missing", ())
    if spec.type is ColumnType.NUMERIC and Notation.from_json(spec.parse).is_plain:
        numbers = _plain_numbers(texts, missing)
        if numbers is not None:
            return numbers
    values = _by_distinct_text(texts, spec)
    return parse_cells(texts.to_pylist(), spec, first_row) if values is None else values


def _plain_numbers(texts: pa.Array, missing: list[str]) -> NDArray[np.float64] | None:
    """Return the texts as numbers; None if a cell is neither a plain number nor missing."""
    if not missing:
        numbers = _cast(texts)
        if numbers is not None:
            return numbers
    bare = pc.ascii_trim_whitespace(texts)
    is_missing = pc.is_in(bare, pa.array(["", *missing], pa.string()))
    return _cast(pc.if_else(is_missing, pa.scalar(None, pa.string()), bare))


def _cast(texts: pa.Array) -> NDArray[np.float64] | None:
    try:
        cells = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    numbers: NDArray[np.float64] = cells.to_numpy(zero_copy_only=False)
    is_plain = np.count_nonzero(np.isfinite(numbers)) == len(cells) - cells.null_count
    return numbers if is_plain else None


def _by_distinct_text(texts: pa.Array, spec: ColumnSpec) -> Values | None:
    """Return the typed values; None if one of them cannot be read."""
    encoded = texts.dictionary_encode()
    read = cell_reader(spec)
    try:
        values = [read(text) for text in encoded.dictionary.to_pylist()]
    except ValueError:
        return None
    is_float = spec.type in (ColumnType.NUMERIC, ColumnType.DATETIME)
    distinct = np.empty(len(values), dtype=np.float64 if is_float else object)
    distinct[:] = values
    found: Values = distinct[encoded.indices.to_numpy(zero_copy_only=False)]
    return found

"""Some rows of a table as the cells they were read from: what answers are tried on and timed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.numerals import Notation

_SAMPLE = 50

Row = list[str | None]


def sample_of(specs: Sequence[ColumnSpec], columns: Mapping[str, Values], n_rows: int) -> list[Row]:
    """Return up to 50 rows as cells; what is not written the plain way in this table stays empty."""
    places = np.unique(np.linspace(0, n_rows - 1, min(_SAMPLE, n_rows)).astype(np.int64))
    cells = [_cells(spec, columns, places) for spec in specs]
    return [list(row) for row in zip(*cells, strict=True)]


def _cells(spec: ColumnSpec, columns: Mapping[str, Values], places: NDArray[np.int64]) -> Row:
    is_plain = spec.type is not ColumnType.NUMERIC or Notation.from_json(spec.parse).is_plain
    if not spec.type.is_feature or spec.type is ColumnType.DATETIME or not is_plain:
        return [None] * len(places)
    values = columns[spec.name][places].tolist()
    if spec.type is ColumnType.NUMERIC:
        return [repr(value) if np.isfinite(value) else None for value in values]
    return list(values)

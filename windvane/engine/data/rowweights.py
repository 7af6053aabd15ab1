"""The column that says what each row counts for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import EncodedColumn, encode, read_column
from windvane.engine.data.notation import find_numbers
from windvane.engine.data.plainnumbers import PlainNumbers, plain_numbers
from windvane.engine.data.read import RawTable
from windvane.errors import DataFault

_MOSTLY = 0.5
_LOOK = 5_000
_LONGEST = 60
_EXAMPLES, _LOOKED_AT = 3, 100
EMPTY = "empty"


@dataclass(frozen=True)
class RowWeights:
    """The sample weights of a table.

    weight      (n_rows,) above 0, of the rows that are kept
    n_zero      rows of weight 0, which are to have no say in anything and were left out
    n_invalid   rows without a finite number >= 0, which were left out too
    examples    of what stands there instead
    """

    weight: NDArray[np.float64]
    n_zero: int
    n_invalid: int
    examples: tuple[str, ...] = ()


def take_weights(raw: RawTable, name: str) -> tuple[RawTable, RowWeights]:
    """Return the table without the column of weights and without the rows that have none above 0; and the weights.

    raises    DataFault if no row has a weight above 0
    """
    columns = dict(raw.columns)
    cells = columns.pop(name)
    weight = _read(name, cells)
    is_valid = np.isfinite(weight) & (weight >= 0)
    wrong = np.flatnonzero(~is_valid)
    counting = is_valid & (weight > 0)
    examples = tuple(dict.fromkeys(_shown(cells[int(row)].as_py()) for row in wrong[:_LOOKED_AT]))
    if not counting.any():
        raise DataFault(_nothing_counts(name, wrong.size, weight.size, examples))
    found = RowWeights(weight[counting], int((weight == 0).sum()), wrong.size, examples[:_EXAMPLES])
    rest = replace(raw, columns=columns)
    return rest if counting.all() else rest.keep(counting), found


def _nothing_counts(name: str, n_wrong: int, n_rows: int, examples: Sequence[str]) -> str:
    if not n_wrong:
        return f"The sample weight column '{name}' is 0 in all rows. At least some need a number above 0."
    return (
        f"The sample weight column '{name}' has no finite number above 0 in any of {n_rows:,} "
        f"rows: the first without one {'is' if examples[0] == EMPTY else 'holds'} {examples[0]}. "
        "Choose a numeric column, or none."
    )


def _read(name: str, cells: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return (n_rows,) NaN for what is no number."""
    column = plain_numbers(name, cells) or encode(name, cells)
    if isinstance(column, PlainNumbers):
        return column.values
    return read_column(column, _spec(column)).values.astype(np.float64)


def _spec(column: EncodedColumn) -> ColumnSpec:
    texts = [text.strip() for text in column.texts.slice(0, _LOOK).to_pylist()]
    found = find_numbers(texts, column.counts()[:_LOOK], _MOSTLY) if texts else None
    parse = {} if found is None else dict(found.notation.to_json())
    return ColumnSpec(column.name, ColumnType.NUMERIC, "sample weight", parse=parse)


def _shown(cell: object) -> str:
    if cell is None:
        return EMPTY
    text = str(cell)
    return f"'{text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}'"

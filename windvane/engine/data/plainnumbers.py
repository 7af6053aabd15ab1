"""A raw column of numbers that are nearly all different: what a long table mostly consists of.

A table of its distinct texts would cost more than everything else that is done with it, and say nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LEAST_ROWS = 20_000
"""Shorter columns always get a table of their texts: it is soon made."""

_LOOK = 10_000
_NEARLY_ALL = 0.9
_MANY_ROWS, _MANY = 500_000, 0.1
"""Of so many rows, numbers that repeat here and there take too long to be told by their texts as well; NaN among them is
missing."""

_FEW = 1000
"""Cells whose reading tells soon that a column is of words."""


@dataclass(frozen=True)
class PlainNumbers:
    """A column of numbers that are nearly all different.

    values   (n_rows,) float64, NaN for an empty cell; some have fractions, none is infinite
    """

    name: str
    values: NDArray[np.float64]

    @property
    def n_rows(self) -> int:
        return len(self.values)

    def keep(self, rows: NDArray[np.bool_]) -> PlainNumbers:
        """Return the same column with fewer rows."""
        return PlainNumbers(self.name, self.values[rows])

    def words(self) -> NDArray[np.uint64]:
        """Return (n_rows,) equal for equal cells."""
        return np.ascontiguousarray(self.values).view(np.uint64)

    def digests(self) -> tuple[bytes, bytes]:
        """Return digests as EncodedColumn.digests does; the two are the same, as different numbers are not the same in
        other words."""
        digest = hashlib.blake2b(self.words().data, digest_size=16, person=b"numbers").digest()
        return digest, digest


def plain_numbers(name: str, cells: pa.ChunkedArray) -> PlainNumbers | None:
    """Return the cells (numbers, or strings that all read as plain numbers; null for empty), if they are many, have
    fractions and hardly repeat, or do not repeat much if they are very many; else None."""
    if len(cells) < LEAST_ROWS or not (_is_number(cells.type) or _is_text(cells.type)):
        return None
    are_many = len(cells) >= _MANY_ROWS
    try:
        distinct = _MANY if are_many else _NEARLY_ALL
        if not _are_distinct(_floats(cells.slice(0, _FEW)), distinct):
            return None
        if not _are_distinct(_floats(cells.slice(0, _LOOK)), distinct):
            return None
        values = _floats(cells)
    except pa.ArrowInvalid:
        return None
    n_missing = np.count_nonzero(np.isnan(values)) if are_many else cells.null_count
    is_finite = len(values) - np.count_nonzero(np.isfinite(values)) == n_missing
    return PlainNumbers(name, values) if is_finite else None


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _are_distinct(values: NDArray[np.float64], share: float) -> bool:
    """Return whether such a share of the numbers are different, and some have fractions."""
    present = values[~np.isnan(values)]
    if not len(present) or not (present != np.floor(present)).any():
        return False
    return len(np.unique(present)) >= share * len(present)


def _floats(cells: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a view of the cells' own memory where that is possible.

    raises    ArrowInvalid for a cell that is no plain number
    """
    chunks = cells.cast(pa.float64()).chunks
    parts = [chunk.to_numpy(zero_copy_only=False) for chunk in chunks]
    values: NDArray[np.float64] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return values

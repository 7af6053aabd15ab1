"""Rows that are there more than once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec
from windvane.engine.data.checks.copies import Copies
from windvane.engine.data.typed import add_to_keys
from windvane.engine.exploration.stored import MEASURED, StoredTable


@dataclass(frozen=True)
class DuplicateRows:
    """Rows equal in all features and the target.

    n_copies   rows that repeat another one
    n_rows     rows that are not alone
    often      (position of a row, how often it is there) of the most frequent, most frequent first
    """

    n_copies: int
    n_rows: int
    often: tuple[tuple[int, int], ...]


def find_duplicate_rows(table: StoredTable, most: int) -> DuplicateRows:
    """Return which rows of the table repeat others.

    most    rows of `often`
    """
    keys: NDArray[np.uint64] = np.zeros(table.n_rows, np.uint64)
    for column in table.analysis.features:
        keys = add_to_keys(keys, _words(table, column))
    copies = Copies.of(add_to_keys(keys, _bits(table.y)))
    sizes = copies.sizes()
    often = np.argsort(-sizes, kind="stable")[:most]
    return DuplicateRows(
        copies.n_copies,
        int(sizes[sizes > 1].sum()),
        tuple(
            (int(copies.order[copies.starts[group]]), int(sizes[group]))
            for group in often
            if sizes[group] > 1
        ),
    )


def _words(table: StoredTable, column: ColumnSpec) -> NDArray[np.uint64]:
    if column.type in MEASURED:
        return _bits(table.numbers(column.name))
    return table.words(column.name).words()


def _bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(values).view(np.uint64)

"""Which cells are missing together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec
from windvane.engine.exploration.stored import MEASURED, StoredTable


@dataclass(frozen=True)
class Pattern:
    """Rows in which these columns are missing and no others; no columns: whole rows."""

    columns: tuple[str, ...]
    n_rows: int


@dataclass(frozen=True)
class Gaps:
    """Missing values of a table.

    missing     cells of each column that has missing ones, most first
    patterns    the most frequent, most first
    n_patterns  in all
    n_whole     rows without a missing cell
    """

    missing: dict[str, int]
    patterns: tuple[Pattern, ...]
    n_patterns: int
    n_whole: int


def find_gaps(table: StoredTable, most: int) -> Gaps:
    """Find the missing values of all features and rows.

    most    patterns told
    """
    gappy = [one for one in table.analysis.features if table.statistics(one.name).get("missing")]
    missing: Counter[str] = Counter()
    patterns: NDArray[np.uint64] = np.zeros(table.n_rows, np.uint64)
    # Each column has a random word; the words of a row's missing columns, added up, name its pattern.
    words = np.random.default_rng(table.analysis.seed).integers(
        1, 1 << 63, len(gappy), np.uint64, endpoint=True
    )
    for column, word in zip(gappy, words, strict=True):
        is_missing = missing_cells(table, column)
        missing[column.name] = int(is_missing.sum())
        patterns[is_missing] ^= word
    found, first, counts = np.unique(patterns, return_index=True, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:most]
    columns = _columns_at(table, gappy, first[often])
    return Gaps(
        {name: count for name, count in missing.most_common() if count},
        tuple(Pattern(columns[i], int(counts[group])) for i, group in enumerate(often)),
        len(found),
        int(counts[found == 0].sum()),
    )


def missing_cells(table: StoredTable, column: ColumnSpec) -> NDArray[np.bool_]:
    """Return (n_rows,) whether the cell is missing."""
    if column.type in MEASURED:
        return np.isnan(table.numbers(column.name))
    is_missing: NDArray[np.bool_] = table.words(column.name).codes < 0
    return is_missing


def _columns_at(
    table: StoredTable, gappy: Sequence[ColumnSpec], rows: NDArray[np.int64]
) -> list[tuple[str, ...]]:
    """Return for each of these rows the columns that are missing in it."""
    at = [missing_cells(table, column)[rows] for column in gappy]
    return [
        tuple(column.name for column, is_missing in zip(gappy, at, strict=True) if is_missing[i])
        for i in range(len(rows))
    ]

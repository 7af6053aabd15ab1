"""Which columns go together, the target among them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnType
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.exploration.association import Codes, correlation_ratio, cramers_v, pearson
from windvane.engine.exploration.stored import MEASURED, StoredTable, drawn_rows, of_type

PEARSON, CRAMER, RATIO = "Pearson's r", "Cramér's V", "correlation ratio"

MOST_NUMBERS, MOST_CATEGORIES, MOST_MIXED = 300, 30, 100
"""Columns compared with each other, those first that tell most of the target: numbers among themselves, categories
among themselves, numbers with categories."""

_MOST_CELLS = 4_000_000
_MOST_LEVELS = 30
"""Categories of a column that are told apart; the rarer ones are one."""


@dataclass(frozen=True)
class Pair:
    """Two columns and how strongly they are related.

    value     of the measure, from -1 to 1 or from 0 to 1
    """

    first: str
    second: str
    measure: str
    value: float


@dataclass(frozen=True)
class Relations:
    """Relations between columns.

    numbers   names of numeric columns and dates, a numeric target first
    matrix    (n_numbers, n_numbers) Pearson's r, NaN where there is none
    pairs     the strongest of all kinds, strongest first
    n_rows    of the sample it was measured on
    n_left_out   columns that were not compared with all others
    """

    numbers: tuple[str, ...]
    matrix: NDArray[np.float64]
    pairs: tuple[Pair, ...]
    n_rows: int
    n_left_out: int


def find_relations(table: StoredTable, most: int) -> Relations:
    """Measure how the columns of a table are related.

    most    pairs told
    """
    measured = of_type(table.by_power, MEASURED)
    worded = of_type(table.by_power, [ColumnType.CATEGORICAL])
    chosen = [one.name for one in measured[:MOST_NUMBERS]]
    categories = [one.name for one in worded[:MOST_CATEGORIES]]
    n_columns = len(chosen) + len(categories) + 1
    rows = drawn_rows(
        table.n_rows, min(len(table.sampled), _MOST_CELLS // n_columns), table.analysis.seed
    )
    numbers = {name: table.numbers(name)[rows] for name in chosen}
    codes = {name: _levels(table.words(name), rows) for name in categories}
    target = table.analysis.target
    if table.analysis.n_classes:
        codes = {target: _frequent(table.y[rows].astype(np.int64)), **codes}
    else:
        numbers = {target: table.y[rows], **numbers}
    X = np.stack(list(numbers.values()), axis=1) if numbers else np.empty((len(rows), 0))
    matrix = pearson(X)
    pairs = [*linear(list(numbers), matrix), *_worded(codes), *_mixed(codes, numbers)]
    return Relations(
        tuple(numbers),
        matrix,
        strongest(pairs, most),
        len(rows),
        max(0, len(measured) - MOST_MIXED) + max(0, len(worded) - MOST_CATEGORIES),
    )


def strongest(pairs: Iterable[Pair], most: int) -> tuple[Pair, ...]:
    """Strongest first, without those that could not be measured."""
    told = [pair for pair in pairs if not math.isnan(pair.value)]
    return tuple(sorted(told, key=lambda pair: -abs(pair.value))[:most])


def _levels(column: EncodedColumn, rows: NDArray[np.int64]) -> Codes:
    return _frequent(column.codes[rows].astype(np.int64))


def _frequent(codes: Codes) -> Codes:
    """Return the most frequent categories by their place, all others as one, -1 where missing."""
    distinct, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    ranks = np.empty(len(distinct), np.int64)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(len(distinct))
    levels = np.minimum(ranks, _MOST_LEVELS)[place]
    return np.where(codes < 0, -1, levels)


def linear(names: Sequence[str], matrix: NDArray[np.float64]) -> Iterator[Pair]:
    """Yield every pair of a matrix of Pearson's r."""
    for i, j in combinations(range(len(names)), 2):
        yield Pair(names[i], names[j], PEARSON, float(matrix[i, j]))


def _worded(codes: dict[str, Codes]) -> Iterator[Pair]:
    for (first, a), (second, b) in combinations(codes.items(), 2):
        yield Pair(first, second, CRAMER, cramers_v(a, b))


def _mixed(codes: dict[str, Codes], numbers: dict[str, NDArray[np.float64]]) -> Iterator[Pair]:
    for first, a in codes.items():
        for second, x in list(numbers.items())[:MOST_MIXED]:
            yield Pair(first, second, RATIO, correlation_ratio(a, x))

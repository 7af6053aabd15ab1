"""The cells of a column in a few bins: how many rows each has, and what the target is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.exploration.stored import BLOCK_ROWS, MEASURED, StoredTable, text_lengths
from windvane.engine.exploration.wording import MISSING, cell, measured

N_BINS = 20
N_TOP = 12
_LEAST_STEP = 1e-290
_TAIL = 0.005
"""Of the rows at either end, which go into the outermost bins so that the others are not too wide."""


@dataclass(frozen=True)
class Bins:
    """Bins of a column, and the target in each of them.

    labels   of the bins; missing cells are the last one if there are any
    ticks    the same in short, for an axis
    counts   (n_bins,) rows
    targets  (n_bins, n_targets) mean target, or share of each class; NaN in a bin without rows
    n_ordered   how many of the first bins follow each other as numbers do; the others stand for themselves
    """

    labels: tuple[str, ...]
    ticks: tuple[str, ...]
    counts: NDArray[np.int64]
    targets: NDArray[np.float64]
    n_ordered: int


@dataclass(frozen=True)
class _Scale:
    """Bins of numbers.

    edges    (n_bins - 1,) where the second and later ones begin
    """

    labels: tuple[str, ...]
    ticks: tuple[str, ...]
    edges: NDArray[np.float64]

    def place(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return (n_rows,) number of the bin; one past the last for missing cells."""
        placed = np.searchsorted(self.edges, values, side="right")
        placed[np.isnan(values)] = len(self.labels)
        return placed


def bins_of(table: StoredTable, column: ColumnSpec) -> Bins:
    """Return the bins of all rows. A text is binned by its length in characters."""
    if column.type in MEASURED:
        values = table.numbers(column.name)
        scale = _scale(values[table.sampled], column.type)
        return _count(table, scale, len(scale.labels), lambda rows: scale.place(values[rows]))
    words = table.words(column.name)
    if column.type is ColumnType.TEXT:
        lengths = text_lengths(words)
        scale = _scale(lengths[words.codes[table.sampled]], ColumnType.NUMERIC)
        n_ordered, bin_of_code = len(scale.labels), scale.place(lengths)
    else:
        scale, bin_of_code = _top(words)
        n_ordered = 0
    return _count(table, scale, n_ordered, lambda rows: bin_of_code[words.codes[rows]])


def histogram(values: NDArray[np.float64], sampled: NDArray[np.int64]) -> Bins:
    """Return the bins of numbers, none of them missing.

    sampled    positions of some of them, by which the bins are chosen
    """
    scale = _scale(values[sampled], ColumnType.NUMERIC)
    n_bins = len(scale.labels)
    counts = np.zeros(n_bins, np.int64)
    for rows in _blocks(len(values)):
        counts += np.bincount(scale.place(values[rows]), minlength=n_bins)
    return Bins(scale.labels, scale.ticks, counts, np.empty((n_bins, 0)), n_bins)


def _scale(sample: NDArray[np.float64], kind: ColumnType) -> _Scale:
    present = sample[~np.isnan(sample)]
    distinct = np.unique(present)
    if len(distinct) <= N_TOP:
        values = tuple(measured(value, kind) for value in distinct.tolist())
        return _Scale(values, values, distinct[:-1] / 2 + distinct[1:] / 2)
    low, high = np.quantile(present, (_TAIL, 1 - _TAIL)).tolist()
    if low == high:
        low, high = distinct[[0, -1]].tolist()
    step = _round_step(max(high / N_BINS - low / N_BINS, _LEAST_STEP), _STEPS[kind])
    first, last = np.floor(low / step) + 1, np.ceil(high / step) - 1
    edges = (first + np.arange(max(last - first, 0) + 1)) * step
    told = [measured(edge, kind) for edge in edges.tolist()]
    between = [f"{start} to {end}" for start, end in pairwise(told)]
    below, above = f"below {told[0]}", f"from {told[-1]}"
    return _Scale((below, *between, above), (below, *told[:-1], above), edges)


def _round_step(least: float, steps: Sequence[float]) -> float:
    """Return the first of these steps that is not smaller, or the like with fewer figures beyond them."""
    for step in steps:
        if step >= least:
            return step
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * figure for figure in (1, 2, 2.5, 5, 10) if power * figure >= least)


_HOUR, _DAY = 3600.0, 86_400.0
_STEPS: dict[ColumnType, tuple[float, ...]] = {
    ColumnType.NUMERIC: (),
    ColumnType.DATETIME: (
        *(_HOUR * n / 60 for n in (1, 5, 15, 30)),
        *(_HOUR * n for n in (1, 3, 6, 12)),
        *(_DAY * n for n in (1, 2, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650)),
    ),
}


def _top(words: EncodedColumn) -> tuple[_Scale, NDArray[np.int64]]:
    """Bins of the most frequent texts and of all others, and the bin of each code; -1 is missing."""
    counts = words.counts()
    order = np.argsort(-counts, kind="stable")
    shown = order[: N_TOP if len(order) <= N_TOP else N_TOP - 1]
    labels = [cell(text) for text in words.texts.take(shown).to_pylist()]
    if len(order) > len(shown):
        labels.append(f"{len(order) - len(shown):,} others")
    bin_of_code = np.full(len(counts) + 1, len(shown), np.int64)
    bin_of_code[shown] = np.arange(len(shown))
    bin_of_code[-1] = len(labels)
    return _Scale(tuple(labels), tuple(labels), np.empty(0)), bin_of_code


def _count(table: StoredTable, scale: _Scale, n_ordered: int, binner: _Binner) -> Bins:
    n_classes = table.analysis.n_classes
    n_bins, n_targets = len(scale.labels) + 1, max(n_classes, 1)
    counts, sums = np.zeros(n_bins, np.int64), np.zeros(n_bins * n_targets)
    for rows in _blocks(table.n_rows):
        bins, y = binner(rows), table.y[rows]
        counts += np.bincount(bins, minlength=n_bins)
        if n_classes:
            cells = bins * n_classes + y.astype(np.int64)
            sums += np.bincount(cells, minlength=n_bins * n_classes)
        else:
            sums += np.bincount(bins, y, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        targets = sums.reshape(n_bins, n_targets) / counts[:, None]
    kept = slice(n_bins if counts[-1] else n_bins - 1)
    labels, ticks = (*scale.labels, MISSING)[kept], (*scale.ticks, MISSING)[kept]
    return Bins(labels, ticks, counts[kept], targets[kept], n_ordered)


_Binner = Callable[[slice], NDArray[np.int64]]
"""Bins of the rows of a block."""


def _blocks(n_rows: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK_ROWS) for start in range(0, n_rows, BLOCK_ROWS))

"""One row of a table of many columns: those of the same treatment go through it together.

A call a column costs half a microsecond; of hundreds of columns that is more than most models take for a row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.features.base import ColumnTransformer, Value
from windvane.engine.features.categorical import CATEGORY_TABLES, CategoryTable
from windvane.engine.features.numeric import (
    FilledNumber,
    Number,
    NumberRank,
    RobustNumber,
    ScaledNumber,
    within,
)

FEWEST = 24
"""Columns from which on a block is quicker than a call for each."""


class Block(Protocol):
    """Writes the features of its columns into their places of a row, (1, n_features)."""

    def __call__(self, values: Mapping[str, Value], row: FloatMatrix) -> None: ...


class RowMaker:
    """Makes the row of a matrix.

    steps    raw column and fitted transformer, in the order of the matrix
    others   makes the features that follow those of the steps
    """

    def __init__(
        self,
        steps: Sequence[tuple[str, ColumnTransformer]],
        others: Callable[[Mapping[str, Value]], Sequence[float]],
        n_features: int,
    ) -> None:
        single = _placed(steps)
        self._blocks: list[Block] = []
        for block in _BLOCKS:
            alike = [step for step in single if type(step.transformer) in block.takes]
            if len(alike) >= FEWEST:
                self._blocks.append(block(alike))
                single = [step for step in single if type(step.transformer) not in block.takes]
        self._single = [(step.source, step.transformer.transform_one) for step in single]
        self._others, self._n_features = others, n_features
        n_made = sum(len(transformer.features()) for _, transformer in steps)
        places = [place for step in single for place in range(step.start, step.end)]
        self._places = np.array([*places, *range(n_made, n_features)], np.int64)

    def __call__(self, values: Mapping[str, Value]) -> FloatMatrix:
        """Return (1, n_features)"""
        alone: list[float] = []
        for source, transform_one in self._single:
            alone += transform_one(values[source])
        alone += self._others(values)
        if not self._blocks:
            return np.array([alone], np.float32)
        row = np.empty((1, self._n_features), np.float32)
        row[0, self._places] = alone
        for block in self._blocks:
            block(values, row)
        return row


class _Placed:
    """A step and where its features begin."""

    def __init__(self, source: str, transformer: ColumnTransformer, start: int, width: int) -> None:
        self.source, self.transformer = source, transformer
        self.start, self.end = start, start + width


def _placed(steps: Sequence[tuple[str, ColumnTransformer]]) -> list[_Placed]:
    placed: list[_Placed] = []
    start = 0
    for source, transformer in steps:
        placed.append(_Placed(source, transformer, start, len(transformer.features())))
        start = placed[-1].end
    return placed


class _Numbers:
    """Numbers as they are."""

    takes = (Number,)

    def __init__(self, steps: Sequence[_Placed]) -> None:
        self._sources = [step.source for step in steps]
        self._places = np.array([step.start for step in steps])
        self._offsets = _states(steps, "offset")

    def __call__(self, values: Mapping[str, Value], row: FloatMatrix) -> None:
        numbers = _numbers(values, self._sources)
        row[0, self._places] = Number.shifted(numbers, self._offsets)


class _Filled:
    """Numbers filled, clipped and scaled, with whether they were missing."""

    takes: tuple[type[FilledNumber], ...] = (FilledNumber, ScaledNumber)
    formula = FilledNumber.scaled

    def __init__(self, steps: Sequence[_Placed]) -> None:
        self._sources = [step.source for step in steps]
        self._places = np.array([step.start for step in steps])
        self._flagged = np.array([step.end - step.start > 1 for step in steps])
        self._flags = self._places[self._flagged] + 1
        self._low, self._high = _states(steps, "low"), _states(steps, "high")
        self._fill = _states(steps, "fill")
        self._mean, self._scale = _states(steps, "mean"), _states(steps, "scale")

    def __call__(self, values: Mapping[str, Value], row: FloatMatrix) -> None:
        numbers = _numbers(values, self._sources)
        missing = np.isnan(numbers)
        filled = np.where(missing, self._fill, within(numbers, self._low, self._high))
        row[0, self._places] = type(self).formula(filled, self._mean, self._scale)
        row[0, self._flags] = missing[self._flagged]


class _Robust(_Filled):
    takes = (RobustNumber,)
    formula = RobustNumber.scaled


class _Ranks:
    """Places of numbers among those of training: the pieces of all lines follow one another."""

    takes = (NumberRank,)

    def __init__(self, steps: Sequence[_Placed]) -> None:
        self._sources = [step.source for step in steps]
        self._places = np.array([step.start for step in steps])
        lines = [step.transformer for step in steps if isinstance(step.transformer, NumberRank)]
        self._inner = [line.at_[1:-1].tolist() for line in lines]
        self._low = np.array([line.at_[0] for line in lines])
        self._high = np.array([line.at_[-1] for line in lines])
        n_pieces = np.array([len(line.gaps_) for line in lines])
        self._first_piece = np.cumsum(n_pieces) - n_pieces
        self._at = np.concatenate([line.at_[:-1] for line in lines])
        self._ranks = np.concatenate([line.ranks_[:-1] for line in lines])
        self._gaps = np.concatenate([line.gaps_ for line in lines])
        self._rises = np.concatenate([line.rises_ for line in lines])

    def __call__(self, values: Mapping[str, Value], row: FloatMatrix) -> None:
        numbers = _numbers(values, self._sources)
        missing = np.isnan(numbers)
        known = within(numbers, self._low, self._high)
        pieces = list(map(bisect_right, self._inner, known.tolist()))
        piece = self._first_piece + pieces
        along = (known - self._at.take(piece)) / self._gaps.take(piece)
        ranks = self._ranks.take(piece) + self._rises.take(piece) * along
        row[0, self._places] = np.where(missing, 0.0, ranks)


class _Categories:
    """Categories looked up in their tables, whose rows follow one another."""

    takes = CATEGORY_TABLES

    def __init__(self, steps: Sequence[_Placed]) -> None:
        known = [one.transformer for one in steps if isinstance(one.transformer, CategoryTable)]
        sources = (step.source for step in steps)
        self._columns = [*zip(sources, (one.code_of for one in known), strict=True)]
        widths = np.array([step.end - step.start for step in steps])
        tables = [one.table_ for one in known]
        sizes = np.array([table.size for table in tables])
        self._cells = np.concatenate([table.ravel() for table in tables])
        self._places = np.concatenate([np.arange(step.start, step.end) for step in steps])
        self._column = np.repeat(np.arange(len(steps)), widths)
        self._width = np.repeat(widths, widths)
        first_cell = np.repeat(np.cumsum(sizes) - sizes, widths)
        self._first_cell = first_cell + np.concatenate([np.arange(width) for width in widths])

    def __call__(self, values: Mapping[str, Value], row: FloatMatrix) -> None:
        codes = np.array([code_of(values[source]) for source, code_of in self._columns], np.int64)
        cell = codes.take(self._column) * self._width + self._first_cell
        row[0, self._places] = self._cells.take(cell)


_BLOCKS = (_Numbers, _Filled, _Robust, _Ranks, _Categories)


def _states(steps: Sequence[_Placed], name: str) -> NDArray[np.float64]:
    return np.array([step.transformer.state()[0][name] for step in steps], np.float64)


def _numbers(values: Mapping[str, Value], sources: Sequence[str]) -> NDArray[np.float64]:
    """Return the values as numbers; None becomes NaN."""
    return np.array([values[source] for source in sources], np.float64)

"""Partial dependence: what the answer is on average if one column has the same cell in every row.

source    Friedman 2001, "Greedy function approximation", section 8.2; Goldstein et al. 2015, "Peeking inside the black
          box" (the spread of single rows)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnSpec, ColumnType, Values
from windvane.engine.data.cells import cell_texts
from windvane.engine.packages.predictor import Predictions

_MOST_POINTS = 12
_ENDS = (0.02, 0.98)
"""Quantiles between which the grid of a number lies: beyond them there are too few rows to speak of."""

_SPREAD = (0.1, 0.9)


@dataclass(frozen=True)
class Dependence:
    """The partial dependence of one column. Answers are values, the second class's probabilities, or the probabilities
    of each class.

    grid       (n_points,) cells, typed;  texts  the same to be read
    shares     (n_points,) part of the rows that are nearest to each point; of numbers all, of categories those of it
    answers    (n_points, n_outputs) mean over the rows
    low, high  (n_points, n_outputs) nine tenths of the rows are above, or below: of a row's answers less their mean
               over the grid
    n_rows     whose other columns were kept as they are
    """

    column: ColumnSpec
    grid: Values
    texts: tuple[str, ...]
    shares: NDArray[np.float64]
    answers: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_rows: int

    @property
    def is_ordered(self) -> bool:
        """Whether points between those of the grid mean something."""
        return self.column.type in (ColumnType.NUMERIC, ColumnType.DATETIME)

    @property
    def effect(self) -> NDArray[np.float64]:
        """(n_points, n_outputs) the mean answers less their mean over the grid."""
        return np.asarray(self.answers - self.answers.mean(axis=0))


def dependence_of(
    predict: Callable[[Columns, int], Predictions],
    column: ColumnSpec,
    cells: Columns,
    n_rows: int,
    seen: Values,
) -> Dependence | None:
    """Compute the partial dependence of predictions on a column.

    cells     of all columns that the predictor looks at, `n_rows` values each
    seen      some more cells of the column, to take the grid from
    returns   None for a text, or if all cells are the same
    """
    if column.type is ColumnType.TEXT:
        return None
    grid, shares = _grid_of_words(seen) if seen.dtype == object else _grid_of_numbers(seen)
    if len(grid) < 2:
        return None
    tiled = {name: np.tile(values, len(grid)) for name, values in cells.items()}
    tiled[column.name] = np.repeat(grid, n_rows)
    answer = predict(tiled, len(grid) * n_rows)
    every = _answers(answer).reshape(len(grid), n_rows, -1)
    low, high = np.quantile(every - every.mean(axis=0), _SPREAD, axis=1)
    texts = tuple(cell_texts(grid, column))
    return Dependence(column, grid, texts, shares, every.mean(axis=1), low, high, n_rows)


def _answers(answer: Predictions) -> NDArray[np.float64]:
    if len(answer.values):
        return answer.values[:, None]
    two = answer.probabilities.shape[1] == 2
    return answer.probabilities[:, 1:] if two else answer.probabilities


def _grid_of_numbers(seen: Values) -> tuple[Values, NDArray[np.float64]]:
    present = np.sort(seen[~np.isnan(seen)])
    grid = np.unique(present)
    if len(grid) > _MOST_POINTS:
        grid = _spread_points(present, grid)
    if not len(grid):
        return grid, np.empty(0)
    nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, present)
    return grid, np.bincount(nearest, minlength=len(grid)) / len(seen)


def _spread_points(present: Values, distinct: Values) -> Values:
    """Quantiles of the rows; where most rows share a few values, quantiles of the distinct values fill the gaps."""
    wanted = np.linspace(*_ENDS, _MOST_POINTS)
    grid = np.unique(np.quantile(present, wanted, method="nearest"))
    between = distinct[(distinct > grid[0]) & (distinct < grid[-1])]
    others = between[~np.isin(between, grid)]
    n_more = min(_MOST_POINTS - len(grid), len(others))
    if n_more == 0:
        return grid
    shares = np.arange(1, n_more + 1) / (n_more + 1)
    return np.union1d(grid, np.quantile(others, shares, method="nearest"))


def _grid_of_words(seen: Values) -> tuple[Values, NDArray[np.float64]]:
    """Return the most frequent ones; missing is one of them."""
    counts = Counter(seen.tolist())
    common = sorted(counts, key=lambda word: (-counts[word], word is None, word or ""))
    grid = np.empty(min(len(common), _MOST_POINTS), object)
    grid[:] = common[:_MOST_POINTS]
    return grid, np.array([counts[word] for word in grid.tolist()]) / len(seen)

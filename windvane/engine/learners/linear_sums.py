"""The loss of a linear model and its slopes, summed over the rows that it learns from: over all at once, or block by block,
or, of squared errors, over sums of products that are made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from windvane.engine.learners.base import Rows
from windvane.engine.learners.linear_loss import LOSSES, Array, Loss, Weights
from windvane.engine.learners.traits import MANY_ROWS

_DOUBLE_CELLS = 20_000_000
"""Matrices up to this size are worked on in double precision."""

_BLOCK_CELLS = 500_000
_MOST_FEATURES = 2_000
"""Of more, the sums of products would take more memory than blocks do."""


class LossSums(Protocol):
    """The loss of linear weights and its gradient, summed over the rows."""

    def of(self, weights: Weights) -> tuple[float, Array, Array]:
        """Return the weighted mean loss, and its slopes: (n_features, n_outputs) in the coefficients and (n_outputs,) in the
        intercepts."""


def loss_sums(name: str, rows: Rows, y: Array, row_weights: Array) -> LossSums:
    """Return what sums the loss of this name over the rows; of many rows it holds no matrix.

    y              (n_rows,) scaled target or class index
    row_weights    (n_rows,) with the sum 1
    """
    if len(y) < MANY_ROWS:
        X = rows.X.astype(np.float64) if rows.X.size <= _DOUBLE_CELLS else rows.X
        return _AllRows(LOSSES[name], X, y, row_weights)
    if name == "squared" and rows.matrix.shape[1] <= _MOST_FEATURES:
        return _Products(rows, y, row_weights)
    return _BlockByBlock(LOSSES[name], rows, y, row_weights)


class _AllRows:
    def __init__(self, loss: Loss, X: NDArray[Any], y: Array, row_weights: Array) -> None:
        self._loss, self._X, self._y, self._row_weights = loss, X, y, row_weights

    def of(self, weights: Weights) -> tuple[float, Array, Array]:
        losses, slopes = self._loss.value(weights.scores(self._X), self._y)
        weighted = slopes * self._row_weights[:, None]
        pulls = np.asarray(self._X.T @ weighted.astype(self._X.dtype), np.float64)
        return float(losses @ self._row_weights), pulls, weighted.sum(axis=0)


class _BlockByBlock:
    def __init__(self, loss: Loss, rows: Rows, y: Array, row_weights: Array) -> None:
        self._loss, self._rows, self._y, self._row_weights = loss, rows, y, row_weights

    def of(self, weights: Weights) -> tuple[float, Array, Array]:
        total = 0.0
        pulls, of_intercepts = (
            np.zeros_like(weights.coefficients),
            np.zeros(weights.intercepts.size),
        )
        for part, X in _blocks(self._rows):
            block = _AllRows(self._loss, X, self._y[part], self._row_weights[part])
            losses, slopes, slopes_of_intercepts = block.of(weights)
            total += losses
            pulls += slopes
            of_intercepts += slopes_of_intercepts
        return total, pulls, of_intercepts


class _Products:
    """Half the squared error as a function of the weights alone.

    moments    (n_features + 1, n_features + 1) weighted mean products of the features, and of a one beside them
    """

    def __init__(self, rows: Rows, y: Array, row_weights: Array) -> None:
        n_features = rows.matrix.shape[1]
        self._moments = np.zeros((n_features + 1, n_features + 1))
        self._with_target = np.zeros(n_features + 1)
        self._of_target = float(row_weights @ y**2)
        for part, X in _blocks(rows):
            beside_one = np.column_stack((X.astype(np.float64), np.ones(len(X))))
            weighted = beside_one * row_weights[part, None]
            self._moments += weighted.T @ beside_one
            self._with_target += weighted.T @ y[part]

    def of(self, weights: Weights) -> tuple[float, Array, Array]:
        at = np.append(weights.coefficients[:, 0], weights.intercepts)
        pulls = self._moments @ at
        loss = (at @ pulls - 2 * at @ self._with_target + self._of_target) / 2
        slopes = pulls - self._with_target
        return float(loss), slopes[:-1, None], slopes[-1:]


def _blocks(rows: Rows) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield consecutive rows, and where they stand."""
    size = max(1, _BLOCK_CELLS // max(1, rows.matrix.shape[1]))
    for start in range(0, len(rows.y), size):
        part = slice(start, start + size)
        yield part, rows.block(part)

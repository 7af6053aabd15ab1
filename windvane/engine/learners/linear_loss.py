"""Losses of linear models with their slopes, for scores of shape (n_rows, n_outputs)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine import weighted
from windvane.engine.learners.answers import logistic
from windvane.engine.weighted import Weight

Array = NDArray[np.float64]

_BEND = 0.1
"""Errors below this many standard deviations of the target are squared, larger ones absolute."""


@dataclass(frozen=True)
class Weights:
    """coefficients (n_features, n_outputs), intercepts (n_outputs,)"""

    coefficients: Array
    intercepts: Array

    def scores(self, X: NDArray[Any]) -> Array:
        product = X @ self.coefficients.astype(X.dtype)
        return np.asarray(product, np.float64) + self.intercepts


@dataclass(frozen=True)
class Loss:
    """A loss function with its gradient and the best constant.

    value    scores (n_rows, n_outputs) and y (n_rows,) to losses (n_rows,) and slopes like the scores
    start    y, n_outputs and the rows' weights to the intercepts (n_outputs,) of the best constant
    """

    value: Callable[[Array, Array], tuple[Array, Array]]
    start: Callable[[Array, int, Weight], Array]

    def mean(self, scores: Array, y: Array, weight: Weight) -> float:
        return weighted.mean(self.value(scores, y)[0], weight)


def _squared(scores: Array, y: Array) -> tuple[Array, Array]:
    errors = scores[:, 0] - y
    return errors**2 / 2, errors[:, None]


def _absolute(scores: Array, y: Array) -> tuple[Array, Array]:
    """Pseudo-Huber."""
    errors = scores[:, 0] - y
    root = np.sqrt(1 + (errors / _BEND) ** 2)
    return _BEND * (root - 1), (errors / _BEND / root)[:, None]


def _logistic(scores: Array, y: Array) -> tuple[Array, Array]:
    score = scores[:, 0]
    losses = np.logaddexp(0, score) - y * score
    return losses, (logistic(score) - y)[:, None]


def _softmax(scores: Array, y: Array) -> tuple[Array, Array]:
    rows, classes = np.arange(len(y)), y.astype(np.int64)
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1)
    slopes = powers / sums[:, None]
    slopes[rows, classes] -= 1
    return np.log(sums) - shifted[rows, classes], slopes


def _log_rates(y: Array, n_outputs: int, weight: Weight) -> Array:
    counts = weighted.counts(y.astype(np.int64), max(2, n_outputs), weight) + 1.0
    logs = np.log(counts / counts.sum())
    start: Array = logs[1:] - logs[:1] if n_outputs == 1 else logs
    return start


LOSSES: dict[str, Loss] = {
    "squared": Loss(_squared, lambda y, n, weight: np.full(n, weighted.mean(y, weight))),
    "absolute": Loss(_absolute, lambda y, n, weight: np.full(n, weighted.median(y, weight))),
    "logistic": Loss(_logistic, _log_rates),
    "softmax": Loss(_softmax, _log_rates),
}

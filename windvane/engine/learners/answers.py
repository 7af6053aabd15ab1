"""From the scores of additive models to answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 500.0
"""Of a score of two classes: its exponential is a number still."""


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, of any shape."""
    return np.asarray(1 / (1 + np.exp(np.minimum(-log_odds, LARGEST))))


def answers_of(scores: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Return (n_rows,) values for regression (n_classes 0), else (n_rows, n_classes) probabilities.

    scores    (n_rows, n_classes) log-odds; one column for regression and for two classes
    """
    if n_classes == 0:
        return scores[:, 0]
    if n_classes == 2:
        positive = logistic(scores)
        return np.concatenate([1 - positive, positive], axis=1)
    powers = np.exp(scores - np.maximum.reduce(scores, axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / np.add.reduce(powers, axis=1, keepdims=True)
    return probabilities

"""The scale on which answers are explained: one where what columns add can be added up.

Regression: the value. Two classes: the log-odds of the second. More: the logarithm of each class's probability, less
the mean of these logarithms over the classes; then nothing depends on which class is taken as the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.packages.predictor import Predictions

LEAST_PROBABILITY = 1e-4
"""Smaller ones count as that where only probabilities are known: a forest's 0 has no logarithm, and no one acts
upon the difference."""


def margins(answer: Predictions) -> NDArray[np.float64]:
    """Return (n_rows, n_outputs); one output for regression and for two classes."""
    if len(answer.values) or not answer.probabilities.size:
        return answer.values[:, None]
    probabilities = np.maximum(answer.probabilities, LEAST_PROBABILITY)
    if probabilities.shape[1] == 2:
        sure = np.log(probabilities)
        return np.asarray(sure[:, 1:] - sure[:, :1])
    return centred(np.log(probabilities))


def centred(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores whose last axis is of the outputs, less their mean over it; a single output stays as it is."""
    if scores.shape[-1] == 1:
        return scores
    return np.asarray(scores - scores.mean(axis=-1, keepdims=True))


def as_margins(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `margins` makes of the probabilities that go with log-odds or logarithms of probabilities.

    scores    (n_rows, n_outputs)
    """
    two = np.concatenate([np.zeros_like(scores), scores], axis=1)
    of_classes = scores if scores.shape[1] > 1 else two
    powers = np.exp(of_classes - of_classes.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return margins(Predictions(np.empty(0), probabilities, np.empty(0, np.int64)))

"""What columns add to a score, told as what they add to a probability, which adds up as well.

Shapley values add up on the scale of margins.py. On the straight way from the scores that are expected to those of the
row, each column goes its part; what the probability gains on the way is shared among them by how steeply it rises
there (Aumann-Shapley prices of the link function). Of two classes every column's log-odds count for the same.

source    Aumann and Shapley 1974, "Values of Non-Atomic Games"; Sundararajan et al. 2017, "Axiomatic Attribution for
          Deep Networks" (the same along a straight way: integrated gradients)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from windvane.engine.explain.attribution import Attribution

_POINTS = 256
"""Of the integral along the way; the scores of a sure answer change steeply somewhere on it."""


@dataclass(frozen=True)
class Shares:
    """Contributions to one output of one row: the contributions and the expected answer add up to the answer.

    values           (n_columns,)
    errors           (n_columns,) standard errors, or a little more; 0 where nothing was sampled
    expected         the answer when no column is known
    expected_error   its standard error
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    expected: float
    expected_error: float

    @property
    def answer(self) -> float:
        return self.expected + float(self.values.sum())


def value_shares(attribution: Attribution, row: int) -> Shares:
    """Return the contributions to a predicted value."""
    return Shares(
        attribution.values[row, :, 0],
        attribution.errors[row, :, 0],
        float(attribution.expected[0]),
        float(attribution.expected_errors[0]),
    )


def probability_shares(attribution: Attribution, row: int, label: int) -> Shares:
    """Return the contributions to the probability of a class.

    label    its number, of two classes too
    """
    expected, values = _scores(attribution.expected[None])[0], _scores(attribution.values[row])
    way = values.sum(axis=0)
    points, weights = _points()
    slopes = weights @ _slopes(_probabilities(expected + np.outer(points, way)), label)
    start = _probabilities(expected[None])
    end = float(_probabilities((expected + way)[None])[0, label])
    gains = values @ slopes
    return Shares(
        _adding_up(gains, end - float(start[0, label])),
        _scores(attribution.errors[row]) @ np.abs(slopes),
        float(start[0, label]),
        float(np.abs(_slopes(start, label)[0]) @ _scores(attribution.expected_errors[None])[0]),
    )


@cache
def _points() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points of Gauss and Legendre, from 0 to 1, and their weights."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    return (points + 1) / 2, weights / 2


def _scores(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, n_classes) from (n, n_outputs): of two classes the log-odds of the second, and nothing for the
    first."""
    if outputs.shape[1] > 1:
        return outputs
    return np.concatenate([np.zeros_like(outputs), outputs], axis=1)


def _probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _slopes(probabilities: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Return (n, n_classes): how the probability of the class rises with the score of each."""
    own = probabilities[:, label : label + 1]
    is_own = np.arange(probabilities.shape[1]) == label
    return np.asarray(own * (is_own - probabilities))


def _adding_up(gains: NDArray[np.float64], whole: float) -> NDArray[np.float64]:
    """Return what the integral lacks for its finite number of points, shared by size."""
    size = np.abs(gains).sum()
    return gains if size == 0 else gains + (whole - gains.sum()) * np.abs(gains) / size

"""How the answers of an ensemble's members become one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.scoring.metrics import Floats

LEAST_PROBABILITY = 1e-5
"""A member is taken to have said at least that of any class: no single one can rule a class out."""


class Pool(StrEnum):
    """The ways of averaging weighted predictions of the members.

    ARITHMETIC  the weighted mean of values or probabilities
    GEOMETRIC      probabilities in proportion to the weighted geometric mean: the mean of log-odds

    source    Genest, Zidek 1986, "Combining probability distributions: a critique and an annotated bibliography"; the
              geometric one is a logistic regression on the members' log-odds
    """

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


def pool_for(n_classes: int) -> Pool:
    """Return the one that ensembles are fitted for."""
    return Pool.GEOMETRIC if n_classes else Pool.ARITHMETIC


def pooled(answers: Iterable[tuple[float, NDArray[np.floating[Any]]]], pool: Pool) -> Floats:
    """Return (n_rows,) values or (n_rows, n_classes) probabilities, in double precision.

    answers    weight and answer of each member; the weights sum to 1. That of a single one is its own
    """
    total: Any = None
    for weight, answer in answers:
        if weight == 1.0:
            return answer.astype(np.float64)
        told = answer.astype(np.float64)
        part = weight * (told if pool is Pool.ARITHMETIC else logs_of(told))
        total = part if total is None else total + part
    if total is None:
        raise ValueError("There are no members to pool.")
    return np.asarray(total) if pool is Pool.ARITHMETIC else _probabilities(np.asarray(total))


def pooled_geometrically(weights: Floats, answers: Floats) -> Floats:
    """Return (n_rows, n_classes) as `pooled` makes of the answers of two members or more.

    weights    (n_members, 1, 1) that sum to 1
    answers    (n_members, n_rows, n_classes)
    """
    return _probabilities(np.add.reduce(weights * logs_of(answers), axis=0))


def logs_of(probabilities: Floats) -> Floats:
    """Logarithms, none below that of LEAST_PROBABILITY."""
    return np.asarray(np.log(np.maximum(probabilities, LEAST_PROBABILITY)))


def _probabilities(logs: Floats) -> Floats:
    powers = np.exp(logs - np.maximum.reduce(logs, axis=1, keepdims=True))
    return np.asarray(powers / np.add.reduce(powers, axis=1, keepdims=True))

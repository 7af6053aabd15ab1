"""LightGBM's one long fit of a large table: how many leaves and rounds pay within the time of a few cores.

Measured on a million rows of 30 columns (`python -m benchmarks.large`), by the time of cores: where it is short, trees of many
leaves learn most in it, for a level of a tree takes the same time whatever the number of leaves in it; where it is long,
more rounds of smaller ones do. Samples of rows or columns for each tree, and bins of 6 bits, lost more than they saved.
"""

from __future__ import annotations

import math

from windvane.engine.learners.model_bounds import trees_a_round
from windvane.engine.learners.traits import Hyperparameters, LargeFit, LongFit

_LEAVES = (255, 511, 1_023)
_ENOUGH_ROUNDS = 400
"""If there is time for so many, trees need not be larger."""

_LEAF_ROWS = 500
"""Of a leaf on average: with fewer, trees learn noise."""

_MOST_OF_ALL_TREES = 340_000
"""Leaves of a model: 24 MB."""

_CELL_S, _LEAF_S = 6e-10, 3e-6
"""Of one core: for each row, feature and level of a tree, and for each leaf and feature."""

_CELL_BYTES = 1.2
"""A byte in columns, and some."""

_REACH, _STEPS = 50.0, (0.05, 0.25)
"""Rounds times step; and the step at least and at most."""


def _leaves(fit: LargeFit) -> int:
    sound = [leaves for leaves in _LEAVES if leaves * _LEAF_ROWS <= fit.n_rows] or [_LEAVES[0]]
    enough = (leaves for leaves in sound if _rounds_of(leaves, fit) >= _ENOUGH_ROUNDS)
    return next(enough, sound[-1])


def _rounds_of(leaves: int, fit: LargeFit) -> int:
    """Return how many rounds of trees of so many leaves there is time for."""
    levels_s = _CELL_S * fit.n_rows * math.log2(leaves + 1)
    tree_s = fit.n_features * (levels_s + _LEAF_S * leaves)
    return int(fit.core_s / (tree_s * trees_a_round(fit.n_classes)))


def _rounds(fit: LargeFit) -> int:
    """Return how many rounds there is time for, and room in the model."""
    return max(1, min(_rounds_of(_leaves(fit), fit), _most_rounds(fit)))


def _most_rounds(fit: LargeFit) -> int:
    return max(1, _MOST_OF_ALL_TREES // (_leaves(fit) * trees_a_round(fit.n_classes)))


def _hyperparameters(given: Hyperparameters, fit: LargeFit) -> Hyperparameters:
    """Return what is given, with leaves, rounds and step as they suit the rows and the time. Steps are of a few sizes far
    apart, so that runs that differ by moments take the same."""
    low, high = _STEPS
    wanted = min(max(_REACH / _rounds(fit), low), high)
    step = round(2 ** (round(2 * math.log2(wanted)) / 2), 4)
    return {
        **given,
        "num_leaves": _leaves(fit),
        "num_iterations": _most_rounds(fit),
        "learning_rate": step,
        "feature_fraction": 1.0,
        "bagging_fraction": 1.0,
    }


LONG_FIT = LongFit(_rounds, _hyperparameters, _CELL_BYTES)

"""LightGBM's one long fit of a large table: how many leaves and rounds pay within the time of a few cores.

On large tables trees of many leaves cost little more than small ones, for a level of all rows costs the same whatever the
number of leaves in it, and the fewer rounds there is time for, the larger steps they take.
"""

from __future__ import annotations

import math

from windvane.engine.learners.model_bounds import trees_a_round
from windvane.engine.learners.traits import Hyperparameters, LargeFit, LongFit

_LEAF_ROWS = 1_000
"""Of a leaf on average: with fewer, trees of many rows learn their noise."""

_LEAST_LEAVES, _MOST_LEAVES = 63, 1_023
_MOST_OF_ALL_TREES = 340_000
"""Leaves of a model: 24 MB."""

_CELL_S, _LEAF_S = 5e-9, 6e-6
"""Of one core: for each row, feature and level of a tree, and for each leaf and feature."""

_CELL_BYTES = 2.2
"""A byte in columns, and one in rows."""

_REACH = 60.0
"""Rounds times step."""

_STEPS = (0.05, 0.3)


def _leaves(fit: LargeFit) -> int:
    by_rows = 2 ** round(math.log2(max(2, fit.n_rows / _LEAF_ROWS))) - 1
    return max(_LEAST_LEAVES, min(_MOST_LEAVES, by_rows))


def _rounds(fit: LargeFit) -> int:
    """Return how many rounds there is time for, and room in the model."""
    leaves, trees = _leaves(fit), trees_a_round(fit.n_classes)
    levels_s = _CELL_S * fit.n_rows * math.log2(leaves + 1)
    round_s = trees * fit.n_features * (levels_s + _LEAF_S * leaves)
    return max(1, min(int(fit.core_s / round_s), _most_rounds(fit)))


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
    }


LONG_FIT = LongFit(_rounds, _hyperparameters, _CELL_BYTES)

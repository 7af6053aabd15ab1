"""LightGBM's one long fit of a large table: how many leaves and rounds pay within the time of a few cores.

Measured on a million rows of 30 columns (docs/engine.md, the long run): with as many leaves in all, trees of 511 learnt more
than those of 255 or 1,023. Those of 1,023 take little longer, so of few rounds they learnt most. A sample of columns for each
tree, gradients of few bits, and 63 bins a column lost more than they saved.
"""

from __future__ import annotations

import math

from windvane.engine.learners.model_bounds import trees_a_round
from windvane.engine.learners.traits import Hyperparameters, LargeFit, LongFit

_LEAVES = (127, 255, 511)
_MOST_LEAVES = 1_023
_ENOUGH_ROUNDS = 250
"""If there is no time for so many, trees are of the most leaves."""

_LEAF_ROWS = 500
"""Of a leaf on average: with fewer, trees learn noise."""

_MOST_OF_ALL_TREES = 340_000
"""Leaves of a model: 24 MB."""

_CELL_S, _LEAF_S = 3.5e-10, 1e-6
"""Of one core: for each row, feature and level of a tree, and for each leaf and feature."""

_CACHED_CELLS, _MOST_SLOWER = 3e7, 3.0
"""Bins that stay in the processor's cache; of ten times as many each took three times as long."""

_HISTOGRAM_BYTES = 255 * 16
"""Of a leaf and feature: two sums for each bin."""

_REACH, _STEPS = 40.0, (0.1, 0.25)
"""Rounds times step; and the step at least and at most."""


def _leaves(fit: LargeFit) -> int:
    leaves = max((n for n in _LEAVES if n * _LEAF_ROWS <= fit.n_rows), default=_LEAVES[0])
    is_short = _rounds_of(leaves, fit) < _ENOUGH_ROUNDS
    return _MOST_LEAVES if is_short and fit.n_rows >= _MOST_LEAVES * _LEAF_ROWS else leaves


def _round_s(given: Hyperparameters, fit: LargeFit) -> float:
    leaves = int(given["num_leaves"])
    slower = math.sqrt(max(1.0, fit.n_rows * fit.n_features / _CACHED_CELLS))
    cell_s = _CELL_S * min(slower, _MOST_SLOWER)
    levels_s = cell_s * fit.n_rows * math.log2(leaves + 1)
    tree_s = fit.n_features * (levels_s + _LEAF_S * leaves)
    return tree_s * trees_a_round(fit.n_classes)


def _rounds_of(leaves: int, fit: LargeFit) -> int:
    """Return how many rounds of trees of so many leaves there is time for."""
    return int(fit.core_s / _round_s({"num_leaves": leaves}, fit))


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


def _shared_mb(given: Hyperparameters, n_features: int) -> float:
    """Return what the histograms of all leaves hold: where several members train a model, LightGBM keeps all of them."""
    return float(int(given["num_leaves"]) * n_features * _HISTOGRAM_BYTES / 1024**2)


LONG_FIT = LongFit(_round_s, _rounds, _hyperparameters, _shared_mb)

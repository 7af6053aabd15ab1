"""What no boosted trees exceed whatever is drawn for them: leaves of a model, which are its size, the time to load it and
much of a row's latency, and the histograms that are held while it is trained."""

from __future__ import annotations

_MOST_LEAVES = 200_000
"""Of all trees: 14 MB of a LightGBM model and up to 30 of an XGBoost model, and 120 to 160 MB while it is trained."""

_MOST_TREE_LEAVES = 256
_LEAST_ROUNDS = 100
_LEAST_REACH = 15.0
"""Rounds times step: with less a booster ends before it has learnt what it could."""

_LARGEST_STEP = 0.3


def trees_a_round(n_classes: int) -> int:
    """
    >>> trees_a_round(0), trees_a_round(2), trees_a_round(3)
    (1, 1, 3)
    """
    return n_classes if n_classes > 2 else 1


def most_tree_leaves(n_classes: int) -> int:
    """Return so few leaves that there may be a sound number of rounds."""
    return min(
        _MOST_TREE_LEAVES, max(2, _MOST_LEAVES // (_LEAST_ROUNDS * trees_a_round(n_classes)))
    )


def most_rounds_of(leaves: int, n_classes: int, wanted: int) -> int:
    """Return the most rounds of trees with so many leaves, but no more than are wanted."""
    return max(1, min(wanted, _MOST_LEAVES // (leaves * trees_a_round(n_classes))))


def least_step(wanted: float, rounds: int) -> float:
    """Return the smallest step: fewer rounds need larger ones."""
    return max(wanted, min(_LARGEST_STEP, round(_LEAST_REACH / rounds, 6)))

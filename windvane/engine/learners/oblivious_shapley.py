"""Exact Shapley values of symmetric trees: what each feature adds to a score.

All rows in a leaf have given the same answers, so that a tree's values depend on the leaf alone. They are worked out
for all leaves at once, from what the tree expects of a row when only some of its questions may be asked.

source    Lundberg, Erion, Lee 2018, "Consistent individualized feature attribution for tree ensembles", section 3;
          Shapley 1953, "A value for n-person games"
"""

from __future__ import annotations

from functools import cache
from itertools import chain, combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.oblivious import ObliviousWalker

_BLOCK_CELLS = 2_000_000
_MOST_CELLS = 500_000_000
"""Of all trees' expectations; they take a few seconds to work out."""


def tree_contributions(walker: ObliviousWalker, X: FloatMatrix) -> NDArray[np.float64] | None:
    """Return (n_rows, n_features + 1, n_outputs) the features' values, and last the expected score.

    returns    None if the trees do not tell how many training rows were in their leaves, or are too deep
    """
    trees = walker.trees
    n_trees, n_outputs = len(trees.feature), trees.values.shape[1]
    n_leaves = len(trees.values) // n_trees
    if trees.counts is None or n_trees * n_leaves**2 * n_outputs > _MOST_CELLS:
        return None
    values = trees.values.reshape(n_trees, n_leaves, n_outputs).transpose(0, 2, 1)
    counts = trees.counts.reshape(n_trees, 1, n_leaves).astype(np.float64)
    reached = walker.leaves(X).astype(np.intp)
    made = np.zeros((trees.n_features + 1, len(X), n_outputs))
    made[-1] = trees.bias
    at_once = max(1, _BLOCK_CELLS // (n_leaves**2 * n_outputs))
    for asked, alike in _alike(trees.feature[:, : n_leaves.bit_length() - 1]).items():
        for start in range(0, len(alike), at_once):
            block = alike[start : start + at_once]
            expected = _expectations(values[block], counts[block])
            made[-1] += expected[:, :, 0, 0].sum(axis=0)
            for tree, own in zip(block.tolist(), _coefficients(asked) @ expected, strict=True):
                features = _distinct(trees.feature[tree, : len(asked)])
                made[features] += own[:, :, reached[:, tree]].transpose(1, 2, 0)
    return made.transpose(1, 0, 2)


def _distinct(features: NDArray[np.int32]) -> list[int]:
    """Return the distinct features in the order of their first question."""
    return list(dict.fromkeys(features.tolist()))


def _alike(features: NDArray[np.int32]) -> dict[tuple[int, ...], NDArray[np.intp]]:
    """Return the trees whose questions are about the same features as each other: for each bit which of the tree's
    features it asks about -> the numbers of the trees."""
    found: dict[tuple[int, ...], list[int]] = {}
    for tree, own in enumerate(features):
        distinct = _distinct(own)
        found.setdefault(tuple(distinct.index(one) for one in own.tolist()), []).append(tree)
    return {asked: np.array(numbers) for asked, numbers in found.items()}


def _expectations(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what trees expect of a row in leaf L if they may ask the questions S (a set of bits) of it; at the others
    they follow the training rows in both directions. The questions are asked from the last bit to the first.

    values    (n_trees, n_outputs, n_leaves)
    counts    (n_trees, 1, n_leaves) training rows
    returns   (n_trees, n_outputs, S, L)
    """
    n_trees, n_outputs, n_leaves = values.shape
    known = values.reshape(n_trees, n_outputs, 1, n_leaves, 1)
    for bit in range(n_leaves.bit_length() - 1):
        done, left = 1 << bit, n_leaves >> (bit + 1)
        sides = known.reshape(n_trees, n_outputs, done, left, 2, done)
        both = counts.reshape(n_trees, 1, 1, left, 2, 1)
        total = both.sum(axis=4, keepdims=True)
        shares = np.full_like(both, 0.5)
        np.divide(both, total, out=shares, where=total > 0)
        mean = (sides * shares).sum(axis=4, keepdims=True)
        known = np.stack([np.broadcast_to(mean, sides.shape), sides], axis=2)
        counts = total
    return known.reshape(n_trees, n_outputs, n_leaves, n_leaves)


@cache
def _coefficients(asked: tuple[int, ...]) -> NDArray[np.float64]:
    """Return (n_asked_features, 2 ** n_bits) by which expectations are added up to Shapley values.

    asked    for each bit the number of the feature that it asks about
    """
    n_players = max(asked, default=-1) + 1
    bits = [sum(1 << bit for bit, one in enumerate(asked) if one == p) for p in range(n_players)]
    made = np.zeros((n_players, 1 << len(asked)))
    for player in range(n_players):
        others = [p for p in range(n_players) if p != player]
        for together in chain.from_iterable(combinations(others, n) for n in range(n_players)):
            size = len(together)
            weight = factorial(size) * factorial(n_players - size - 1) / factorial(n_players)
            without = sum(bits[p] for p in together)
            made[player, without | bits[player]] += weight
            made[player, without] -= weight
    return made

"""Shapley values of symmetric trees, against their definition."""

import itertools
import math

import numpy as np
import pytest

from windvane.engine.learners import oblivious_shapley
from windvane.engine.learners.oblivious import ObliviousTrees, ObliviousWalker
from windvane.engine.learners.oblivious_shapley import tree_contributions

N_FEATURES, DEPTH, N_OUTPUTS = 4, 4, 2


def _trees(n_trees=6, counts=None, seed=0):
    """Of four questions, some about the same feature."""
    generator = np.random.default_rng(seed)
    feature = np.zeros((n_trees, 8), np.int32)
    feature[:, :DEPTH] = generator.integers(0, N_FEATURES, (n_trees, DEPTH))
    border = np.full((n_trees, 8), np.inf, np.float32)
    border[:, :DEPTH] = generator.normal(size=(n_trees, DEPTH))
    n_leaves = n_trees << DEPTH
    if counts is None:
        counts = generator.integers(0, 20, n_leaves).astype(np.uint8)
    values = generator.normal(size=(n_leaves, N_OUTPUTS))
    made = ObliviousTrees(N_FEATURES, feature, border, values, np.array([1.0, -1.0]), (), counts)
    made.check()
    return made


def _rows(n_rows=20):
    return np.random.default_rng(7).normal(size=(n_rows, N_FEATURES)).astype(np.float32)


def _expected(trees, tree, row, known):
    """What a tree expects of a row of which some features are known: down its levels from the last bit on."""
    values = trees.values.reshape(len(trees.feature), -1, N_OUTPUTS)[tree]
    weights = trees.counts.reshape(len(trees.feature), -1)[tree].astype(float)

    def go(leaf, bit):
        if bit < 0:
            return values[leaf]
        feature = trees.feature[tree, bit]
        if feature in known:
            return go(leaf | int(row[feature] > trees.border[tree, bit]) << bit, bit - 1)
        below = [weights[side : side + (1 << bit)].sum() for side in (leaf, leaf | 1 << bit)]
        total = sum(below)
        shares = [one / total for one in below] if total else [0.5, 0.5]
        return shares[0] * go(leaf, bit - 1) + shares[1] * go(leaf | 1 << bit, bit - 1)

    return go(0, DEPTH - 1)


def _by_definition(trees, row):
    made = np.zeros((N_FEATURES + 1, N_OUTPUTS))
    made[-1] = trees.bias
    for tree in range(len(trees.feature)):
        made[-1] += _expected(trees, tree, row, ())
        for feature in range(N_FEATURES):
            others = [one for one in range(N_FEATURES) if one != feature]
            for size in range(N_FEATURES):
                share = math.factorial(size) * math.factorial(N_FEATURES - size - 1)
                for known in itertools.combinations(others, size):
                    gain = _expected(trees, tree, row, (*known, feature))
                    gain = gain - _expected(trees, tree, row, known)
                    made[feature] += share / math.factorial(N_FEATURES) * gain
    return made


SPARSE = np.where(np.arange(6 << DEPTH) % 5, 0, 3).astype(np.uint8)
"""Most leaves, and some branches, without a training row."""


@pytest.mark.slow
@pytest.mark.parametrize("counts", [None, SPARSE])
@pytest.mark.parametrize("block_cells", [1, 2_000_000])
def test_values_are_those_of_the_definition(block_cells, counts, monkeypatch):
    monkeypatch.setattr(oblivious_shapley, "_BLOCK_CELLS", block_cells)
    trees, X = _trees(counts=counts), _rows()
    found = tree_contributions(ObliviousWalker(trees), X)
    wanted = np.stack([_by_definition(trees, row) for row in X])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


def test_values_add_up_to_the_score_even_where_no_training_row_came():
    walker = ObliviousWalker(_trees(counts=SPARSE))
    found = tree_contributions(walker, _rows())
    np.testing.assert_allclose(found.sum(axis=1), walker.scores(_rows()), rtol=0, atol=1e-12)


def test_trees_without_numbers_of_rows_have_none():
    trees = _trees()
    plain = ObliviousTrees(
        N_FEATURES, trees.feature, trees.border, trees.values, trees.bias, trees.codes
    )
    assert tree_contributions(ObliviousWalker(plain), _rows()) is None
    assert "counts" not in plain.arrays()
    assert ObliviousTrees.from_arrays(plain.arrays(), N_FEATURES).counts is None


def test_trees_that_would_take_too_long_have_none(monkeypatch):
    monkeypatch.setattr(oblivious_shapley, "_MOST_CELLS", 6 * 16**2 * N_OUTPUTS - 1)
    assert tree_contributions(ObliviousWalker(_trees()), _rows()) is None


@pytest.mark.parametrize("damage", [lambda n: n[:-1], lambda n: n.astype(int), lambda n: n * 0.5])
def test_numbers_of_rows_that_cannot_be_are_refused(damage):
    trees = _trees()
    arrays = trees.arrays() | {"counts": damage(trees.counts)}
    with pytest.raises(ValueError, match="numbers of rows"):
        ObliviousTrees.from_arrays(arrays, N_FEATURES)

"""Rows reach the leaves that scikit-learn says, however many there are at once."""

import numpy as np
import pytest
from sklearn import ensemble

from windvane.engine.learners import forest_walk
from windvane.engine.learners.forest_walk import ForestWalker
from windvane.engine.learners.trees import Trees, trees_of


@pytest.fixture(scope="module")
def grown():
    """Deep trees, a tree of one leaf among them, and rows with values on the thresholds."""
    generator = np.random.default_rng(2)
    X = (generator.normal(size=(700, 4)) * 3).round().astype(np.float32)
    y = X[:, 0] * X[:, 1] + generator.normal(size=700)
    forest = ensemble.RandomForestRegressor(20, random_state=0).fit(X, y)
    stump = ensemble.RandomForestRegressor(1, max_depth=1, min_samples_leaf=400).fit(X, y)
    trees = [tree.tree_ for tree in (*forest.estimators_, *stump.estimators_)]
    return trees_of(trees, (), 0), trees, X


def _their_leaves(trees, X):
    """Leaves numbered through all trees, in the order of scikit-learn's nodes."""
    found, before = [], 0
    for tree in trees:
        is_leaf = tree.children_left < 0
        number = np.cumsum(is_leaf) - 1
        found.append(before + number[tree.apply(X)])
        before += int(is_leaf.sum())
    return np.stack(found, axis=1)


@pytest.mark.parametrize(("block", "walkers"), [(4_096, 8_192), (100, 150), (64, 1_000_000)])
def test_rows_reach_the_leaves_of_scikit_learn(block, walkers, grown, monkeypatch):
    monkeypatch.setattr(forest_walk, "_BLOCK_ROWS", block)
    monkeypatch.setattr(forest_walk, "_WALKERS", walkers)
    trees, theirs, X = grown
    assert trees.n_leaves[-1] == 1
    np.testing.assert_array_equal(ForestWalker(trees).leaves(X), _their_leaves(theirs, X))


def test_rows_alone_reach_the_same_leaves(grown):
    trees, _, X = grown
    walker = ForestWalker(trees)
    together = walker.leaves(X)
    for i in range(0, 700, 31):
        np.testing.assert_array_equal(walker.leaves(X[i : i + 1])[0], together[i])
    assert walker.leaves(X[:0]).shape == (0, 21)


def test_trees_are_kept_in_the_smallest_types(grown):
    trees, _, _ = grown
    arrays = trees.arrays()
    assert arrays["feature"].dtype == np.uint8
    assert arrays["left"].dtype == arrays["right"].dtype == np.int16
    read = Trees.from_arrays(arrays, 4)
    for name, array in arrays.items():
        np.testing.assert_array_equal(getattr(read, name), array)

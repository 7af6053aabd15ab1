"""Children make trees, or are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.learners.tree_structure import check_structure


def _check(n_leaves, left, right, **more):
    check_structure(np.array(n_leaves), np.array(left, int), np.array(right, int), **more)


@st.composite
def _trees(draw):
    """Trees grown leaf by leaf, as a library grows them."""
    n_leaves, lefts, rights = [], [], []
    for _ in range(draw(st.integers(1, 4))):
        left, right, open_leaves = [], [], [None]
        for node in range(draw(st.integers(0, 12))):
            at = open_leaves.pop(draw(st.integers(0, len(open_leaves) - 1)))
            if at is not None:
                (left if at[1] == 0 else right)[at[0]] = node
            left.append(0)
            right.append(0)
            open_leaves += [(node, 0), (node, 1)]
        for number, at in enumerate(open_leaves):
            if at is not None:
                (left if at[1] == 0 else right)[at[0]] = ~number
        n_leaves.append(len(left) + 1)
        lefts += left
        rights += right
    return n_leaves, lefts, rights


@given(_trees())
def test_trees_are_trees(trees):
    _check(*trees)


@given(_trees(), st.integers(0), st.integers(-20, 20), st.booleans())
def test_any_other_child_makes_none(trees, place, child, of_left):
    n_leaves, left, right = trees
    side = left if of_left else right
    if side and side[place % len(side)] != child:
        side[place % len(side)] = child
        with pytest.raises(ValueError, match=r"node|leaf"):
            _check(n_leaves, left, right)


@pytest.mark.parametrize(
    ("n_leaves", "left", "right", "message"),
    [
        ([2], [0], [-2], "tree 0, node 0 names the child 0"),
        ([1, 2], [5], [-1], "tree 1, node 0 names the child 5"),
        ([2], [-1], [-3], "a leaf that there is not: tree 0, node 0 names the child -3"),
        ([2], [-1], [-1], "tree 0: leaf 0 follows 2 nodes"),
        ([2, 2], [-1, -1], [-2, -1], "tree 1: leaf 0 follows 2 nodes"),
        ([2], [-1], [-(2**62)], "a leaf that there is not"),
        ([0], [], [], "without leaves"),
        ([], [], [], "without leaves"),
        ([3], [-1], [-2], "wrong number"),
    ],
)
def test_what_is_no_tree_is_named(n_leaves, left, right, message):
    with pytest.raises(ValueError, match=message):
        _check(n_leaves, left, right)


def test_trees_have_a_depth():
    n = 50
    left, right = [*range(1, n), -1], [~i for i in range(1, n + 1)]
    _check([n + 1], left, right, deepest=n)
    with pytest.raises(ValueError, match=f"more than {n - 1} levels"):
        _check([n + 1], left, right, deepest=n - 1)

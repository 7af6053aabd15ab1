"""XGBoost's nodes are trees, or are refused before XGBoost sees them."""

from dataclasses import replace

import numpy as np
import pytest

from windvane.engine.learners.ubjson import read_ubjson
from windvane.engine.learners.xgboost_nodes import XgboostNodes

INT, REAL = np.int32, np.float32
NODES = XgboostNodes(
    n_nodes=np.array([5, 1], INT),
    left=np.array([1, -1, 3, -1, -1, -1], INT),
    feature=np.array([0, 0, 2, 0, 0, 0], INT),
    condition=np.array([0.5, 1, 0, 2, 3, 4], REAL),
    missing_left=np.array([1, 0, 0, 0, 0, 0], bool),
    is_category=np.array([0, 0, 1, 0, 0, 0], bool),
    hessian=np.array([9, 4, 5, 2, 3, 9], REAL),
    set_sizes=np.array([2], INT),
    set_codes=np.array([0, 3], INT),
)


def test_nodes_are_written_as_they_are():
    NODES.check(3, 4)
    learner = read_ubjson(NODES.ubjson(3, 1))["learner"]
    first, second = learner["gradient_booster"]["model"]["trees"]
    assert first["left_children"].tolist() == [1, -1, 3, -1, -1]
    assert first["right_children"].tolist() == [2, -1, 4, -1, -1]
    assert first["parents"].tolist() == [2**31 - 1, 0, 0, 2, 2]
    assert (first["categories"].tolist(), first["categories_nodes"].tolist()) == ([0, 3], [2])
    assert second["split_conditions"].tolist() == [4]
    assert learner["feature_types"] == ["q", "q", "c"]


def test_what_was_kept_is_read():
    read = XgboostNodes.from_arrays(NODES.arrays())
    assert read.ubjson(3, 1) == NODES.ubjson(3, 1)


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("feature", 0, 3, "a feature that there is not"),
        ("feature", 2, -1, "a feature that there is not"),
        ("left", 0, 0, "tree 0, node 0 names the child 0"),
        ("left", 2, 4, "tree 0, node 2 names the child 4"),
        ("left", 2, 1_000_000_000, "names the child 1000000000"),
        ("left", 0, 3, "does not follow exactly one other"),
        ("left", 2, -1, "a leaf with a child or a question"),
        ("left", 5, 1, "tree 1, node 0 names the child 1"),
        ("condition", 3, np.nan, "a number that there cannot be"),
        ("condition", 0, np.inf, "a number that there cannot be"),
        ("hessian", 0, -1, "a number that there cannot be"),
        ("n_nodes", 0, 4, "a wrong number of nodes"),
        ("n_nodes", 1, 0, "a tree without leaves"),
        ("is_category", 1, True, "a leaf that asks for a code"),
        ("is_category", 0, True, "a split on codes without its codes"),
        ("set_sizes", 0, 3, "a set of codes of another size"),
        ("feature", 1, 7, "a leaf with a child or a question"),
        ("left", 1, -2, "a leaf with a child or a question"),
        ("set_codes", 0, -1, "a code that there is not: -1 of 4"),
        ("set_sizes", 0, -2, "a set of codes of another size"),
        ("set_codes", 1, 4, "a code that there is not: 4 of 4"),
    ],
)
def test_what_cannot_be_is_refused(name, place, value, message):
    changed = getattr(NODES, name).copy()
    changed[place] = value
    with pytest.raises(ValueError, match=message):
        replace(NODES, **{name: changed}).check(3, 4)


def test_a_set_without_codes_is_refused():
    """XGBoost's library does not read it, but is first asked for many rows."""
    empty = replace(NODES, set_sizes=np.array([0], INT), set_codes=np.empty(0, INT))
    with pytest.raises(ValueError, match="a split on codes whose set has none"):
        empty.check(3, 4)


def test_a_deep_chain_is_refused():
    n = 1_500
    left = np.array([2 * i + 1 if i % 2 == 0 and i < 2 * n else -1 for i in range(2 * n + 1)])
    left[0] = 1
    left = np.where(left >= 0, np.arange(2 * n + 1) + 1, -1)
    nodes = XgboostNodes(
        np.array([2 * n + 1], INT),
        left.astype(INT),
        *(np.zeros(2 * n + 1, kind) for kind in (INT, REAL, bool, bool, REAL)),
        np.empty(0, INT),
        np.empty(0, INT),
    )
    with pytest.raises(ValueError, match="more than 1000 levels"):
        nodes.check(1, 0)

"""Trees of each library as the nodes of ONNX's TreeEnsemble, in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from windvane.engine.export.onnx.graph import ML, Graph, Name
from windvane.engine.export.shipped.lightgbm_native import (
    IS_CATEGORY,
    MISSING_LEFT,
    NAN_IS_MISSING,
    ZERO_IS_MISSING,
    trees_in,
)
from windvane.engine.learners.lightgbm_text import LightGbmText
from windvane.engine.learners.oblivious import ObliviousTrees
from windvane.engine.learners.trees import Trees
from windvane.engine.learners.xgboost_nodes import XgboostNodes
from windvane.errors import InvalidRequest

_SUM = 1
"""Of TreeEnsemble's ways to aggregate."""

_WORD = 32


class Mode(IntEnum):
    """The comparison of a tree's node; its true branch is taken if the value is ...

    source    TreeEnsemble in onnx/docs/Operators-ml.md
    """

    AT_MOST = 0
    BELOW = 1
    ABOVE = 3
    IN_SET = 6


@dataclass(frozen=True)
class Nodes:
    """Trees one after another. Places of nodes and of leaves are counted through all trees.

    roots         (n_trees,) place of each root
    feature       (n,) column of the matrix
    mode          (n,) `Mode`
    split         (n,) what the value is compared with; 0 of a set
    if_true       (n,) place of the next node, or ~place of a leaf
    if_false      likewise
    missing_true  (n,) whether a missing value takes the true branch
    sets          those of the nodes that ask for one, in the order of nodes; none is empty
    n_leaves      of each tree
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    mode: NDArray[np.int64]
    split: NDArray[np.float64]
    if_true: NDArray[np.int64]
    if_false: NDArray[np.int64]
    missing_true: NDArray[np.bool_]
    sets: Sequence[NDArray[np.int64]]
    n_leaves: NDArray[np.int64]

    @property
    def tree_of_leaf(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.n_leaves)), self.n_leaves)


def sums(
    graph: Graph,
    matrix: Name,
    nodes: Nodes,
    values: NDArray[np.floating[Any]],
    outputs: NDArray[np.int64],
    n_outputs: int,
) -> Name:
    """Return (n_rows, n_outputs), float64: the values of the leaves that a row reaches, added up.

    matrix     float32
    values     (n_leaves_of_all,)
    outputs    (n_leaves_of_all,) which sum each leaf adds to
    """
    ends_true, ends_false = nodes.if_true < 0, nodes.if_false < 0
    attributes: dict[str, Any] = {
        "tree_roots": nodes.roots.tolist(),
        "nodes_featureids": nodes.feature.tolist(),
        "nodes_modes": _tensor("modes", TensorProto.UINT8, nodes.mode.astype(np.uint8)),
        "nodes_splits": _tensor("splits", TensorProto.DOUBLE, nodes.split),
        "nodes_truenodeids": np.where(ends_true, ~nodes.if_true, nodes.if_true).tolist(),
        "nodes_trueleafs": ends_true.astype(np.int64).tolist(),
        "nodes_falsenodeids": np.where(ends_false, ~nodes.if_false, nodes.if_false).tolist(),
        "nodes_falseleafs": ends_false.astype(np.int64).tolist(),
        "nodes_missing_value_tracks_true": nodes.missing_true.astype(np.int64).tolist(),
        "leaf_weights": _tensor("weights", TensorProto.DOUBLE, values.astype(np.float64)),
        "leaf_targetids": outputs.tolist(),
        "n_targets": n_outputs,
        "aggregate_function": _SUM,
    }
    if nodes.sets:
        ended = [part for one in nodes.sets for part in (one.astype(np.float64), [np.nan])]
        attributes["membership_values"] = _tensor("sets", TensorProto.DOUBLE, np.concatenate(ended))
    return graph.op("TreeEnsemble", [graph.doubles(matrix)], attributes, ML)


def _tensor(name: str, kind: int, values: NDArray[Any]) -> Any:
    return helper.make_tensor(name, kind, values.shape, values.tobytes(), raw=True)


def of_lightgbm(model: LightGbmText) -> tuple[Nodes, NDArray[np.float64]]:
    """Return the nodes and the values of the leaves.

    raises    InvalidRequest if zero counts as missing, which TreeEnsemble cannot say
    """
    parts: list[_Part] = []
    values = []
    for tree in trees_in(model.text):
        values.append(tree["leaf_value"])
        decision = tree.get("decision_type", np.empty(0)).astype(np.int64)
        kind = decision >> 2 & 3
        is_set = (decision & IS_CATEGORY) > 0
        if (kind[~is_set] == ZERO_IS_MISSING).any():
            raise InvalidRequest(
                "Trees of LightGBM for which zero is a missing value (zero_as_missing) cannot be exported to ONNX."
            )
        threshold = tree.get("threshold", np.empty(0))
        missing_left = np.where(
            kind == NAN_IS_MISSING, (decision & MISSING_LEFT) > 0, threshold >= 0
        )
        sets = _sets_of_lightgbm(tree, is_set) if is_set.any() else []
        parts.append(
            _Part(
                tree.get("split_feature", np.empty(0)).astype(np.int64),
                np.where(is_set, Mode.IN_SET, Mode.AT_MOST),
                np.where(is_set, 0.0, threshold),
                tree.get("left_child", np.empty(0)).astype(np.int64),
                tree.get("right_child", np.empty(0)).astype(np.int64),
                missing_left & ~is_set,
                sets,
                len(tree["leaf_value"]),
            )
        )
    return _joined(parts), np.concatenate(values)


def _sets_of_lightgbm(tree: Any, is_set: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the codes that go left at each node that asks for one of a set."""
    bounds = tree["cat_boundaries"].astype(np.int64)
    words = tree["cat_threshold"].astype("<u4")
    number = tree["threshold"][is_set].astype(np.int64)
    return [
        np.flatnonzero(
            np.unpackbits(words[bounds[one] : bounds[one + 1]].view(np.uint8), bitorder="little")
        )
        for one in number
    ]


def of_forest(trees: Trees) -> Nodes:
    """Return the nodes of a forest; what is missing goes left."""
    ends = np.cumsum(trees.n_leaves.astype(np.int64) - 1)
    parts = []
    for n_leaves, end in zip(trees.n_leaves.tolist(), ends.tolist(), strict=True):
        here = slice(end - n_leaves + 1, end)
        n = n_leaves - 1
        parts.append(
            _Part(
                trees.feature[here].astype(np.int64),
                np.full(n, Mode.AT_MOST, np.int64),
                trees.threshold[here].astype(np.float64),
                trees.left[here].astype(np.int64),
                trees.right[here].astype(np.int64),
                np.ones(n, bool),
                [],
                n_leaves,
            )
        )
    return _joined(parts)


def of_xgboost(nodes: XgboostNodes) -> Nodes:
    """Return the nodes; their leaves are those of XGBoost in its order."""
    ends = np.cumsum(nodes.n_nodes.astype(np.int64))
    set_ends = np.cumsum(nodes.set_sizes.astype(np.int64))[:-1]
    all_sets = iter(np.split(nodes.set_codes.astype(np.int64), set_ends))
    parts = []
    for size, end in zip(nodes.n_nodes.tolist(), ends.tolist(), strict=True):
        here = slice(end - size, end)
        left = nodes.left[here].astype(np.int64)
        inner = left >= 0
        number = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
        lower, upper = number[left[inner]], number[left[inner] + 1]
        is_set = nodes.is_category[here][inner]
        missing_left = nodes.missing_left[here][inner]
        parts.append(
            _Part(
                nodes.feature[here][inner].astype(np.int64),
                np.where(is_set, Mode.IN_SET, Mode.BELOW),
                np.where(is_set, 0.0, nodes.condition[here][inner].astype(np.float64)),
                np.where(is_set, upper, lower),
                np.where(is_set, lower, upper),
                missing_left ^ is_set,
                [next(all_sets) for _ in range(int(is_set.sum()))],
                int((~inner).sum()),
            )
        )
    return _joined(parts)


def of_oblivious(trees: ObliviousTrees) -> Nodes:
    """Return symmetric trees as plain ones: every node of a level asks the same.

    raises    InvalidRequest if two columns of codes answer one question, which no training makes
    """
    n_trees = len(trees.feature)
    n_leaves = len(trees.values) // n_trees
    depth = n_leaves.bit_length() - 1
    inner = np.arange(n_leaves - 1)
    bit = np.floor(np.log2(inner + 1)).astype(np.int64)
    path = inner + 1 - (1 << bit)
    asks_last = bit == depth - 1
    if_true, if_false = (
        np.where(asks_last, ~(path | answer << bit), (1 << bit + 1) - 1 + (path | answer << bit))
        for answer in (1, 0)
    )
    parts = []
    for tree in range(n_trees):
        questions = [_question(trees, tree, one) for one in range(depth)]
        feature, mode, split, missing = (
            np.array([getattr(one, name) for one in questions])[bit] if depth else np.empty(0)
            for name in ("feature", "mode", "split", "missing_true")
        )
        sets = [one.codes for one in (questions[b] for b in bit) if one.mode == Mode.IN_SET]
        parts.append(
            _Part(
                feature.astype(np.int64),
                mode.astype(np.int64),
                split.astype(np.float64),
                if_true,
                if_false,
                missing.astype(bool),
                sets,
                n_leaves,
            )
        )
    return _joined(parts)


@dataclass(frozen=True)
class _Question:
    feature: int
    mode: Mode
    split: float
    missing_true: bool
    codes: NDArray[np.int64]


def _question(trees: ObliviousTrees, tree: int, bit: int) -> _Question:
    """Return what sets a bit of a leaf's number: a border, or the codes of a column, turned round by what columns add to it
    whatever they hold."""
    feature, border = int(trees.feature[tree, bit]), float(trees.border[tree, bit])
    is_turned = False
    asked = []
    for one in trees.codes:
        sets = (one.patterns[one.row_of, tree].astype(np.int64) >> bit & 1) > 0
        if sets.any() and not sets.all():
            asked.append((one.column, sets))
        else:
            is_turned ^= bool(sets[0])
    if not asked:
        mode = Mode.AT_MOST if is_turned else Mode.ABOVE
        return _Question(feature, mode, border, is_turned, np.empty(0, np.int64))
    if len(asked) > 1 or border != np.inf:
        raise InvalidRequest(
            f"Tree {tree} of a CatBoost model asks two things at once; it cannot be exported to ONNX."
        )
    column, sets = asked[0]
    told = sets ^ is_turned
    return _Question(column, Mode.IN_SET, 0.0, bool(told[0]), np.flatnonzero(told[1:]))


@dataclass(frozen=True)
class _Part:
    """A tree whose nodes and leaves are counted from 0, as `Nodes` has them."""

    feature: NDArray[np.int64]
    mode: NDArray[np.int64]
    split: NDArray[np.float64]
    if_true: NDArray[np.int64]
    if_false: NDArray[np.int64]
    missing_true: NDArray[np.bool_]
    sets: Sequence[NDArray[np.int64]]
    n_leaves: int


_LONE_LEAF = _Part(
    np.zeros(1, np.int64),
    np.full(1, Mode.AT_MOST, np.int64),
    np.zeros(1),
    np.array([~0]),
    np.array([~0]),
    np.zeros(1, bool),
    [],
    1,
)
"""A tree without questions, which has to have one: both branches lead to its leaf."""


def _joined(parts: Sequence[_Part]) -> Nodes:
    whole = [_without_empty_sets(part) if len(part.feature) else _LONE_LEAF for part in parts]
    n_leaves = np.array([part.n_leaves for part in whole], np.int64)
    sizes = np.array([len(part.feature) for part in whole], np.int64)
    roots, first_leaf = np.cumsum(sizes) - sizes, np.cumsum(n_leaves) - n_leaves
    start, leaf = np.repeat(roots, sizes), np.repeat(first_leaf, sizes)

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in whole])

    children = (all_of("if_true"), all_of("if_false"))
    if_true, if_false = (np.where(one >= 0, one + start, one - leaf) for one in children)
    return Nodes(
        roots,
        all_of("feature"),
        all_of("mode"),
        all_of("split"),
        if_true,
        if_false,
        all_of("missing_true"),
        [one for part in whole for one in part.sets],
        n_leaves,
    )


def _without_empty_sets(part: _Part) -> _Part:
    """Return the tree; no value is in a set of none, nor at most minus infinity, which a node can ask for."""
    if all(len(one) for one in part.sets):
        return part
    at_sets = np.flatnonzero(part.mode == Mode.IN_SET)
    empty = at_sets[[not len(one) for one in part.sets]]
    mode, split = part.mode.copy(), part.split.copy()
    mode[empty], split[empty] = Mode.AT_MOST, -np.inf
    kept = [one for one in part.sets if len(one)]
    return _Part(
        part.feature,
        mode,
        split,
        part.if_true,
        part.if_false,
        part.missing_true,
        kept,
        part.n_leaves,
    )

"""The trees of an XGBoost model, read from its UBJSON and written as a LightGBM text model that says which leaf a row
reaches: LightGBM's prepared call answers a single row several times sooner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import Arrays
from windvane.engine.checked import MOST_CLASSES, MOST_FEATURES, floats_in, indices_in
from windvane.engine.learners.lightgbm_text import LightGbmText, read_lightgbm
from windvane.engine.learners.trees import Splits, Trees, trees_text, words_of
from windvane.engine.learners.ubjson import read_ubjson
from windvane.engine.learners.xgboost_nodes import XgboostNodes
from windvane.errors import CorruptArtifact

_LOGISTIC = "binary:logistic"


@dataclass(frozen=True)
class XgboostTrees:
    """Trees take turns: tree i adds to output i % n_outputs.

    nodes       as XGBoost has them
    text        a LightGBM model of the same splits
    first_leaf  (n_trees,) place of each tree's first leaf among the values
    values      (n_leaves_of_all,) float32
    base        (n_outputs,) added to the sums
    """

    nodes: XgboostNodes
    text: LightGbmText
    first_leaf: NDArray[np.int64]
    values: NDArray[np.float32]
    base: NDArray[np.float64]

    @property
    def n_outputs(self) -> int:
        return len(self.base)

    @property
    def n_features(self) -> int:
        return self.text.n_features

    def ubjson(self) -> bytes:
        """Return what XGBoost's library is given, of sums that begin at 0."""
        return self.nodes.ubjson(self.n_features, self.n_outputs)

    def arrays(self) -> Arrays:
        return {
            "text": np.frombuffer(self.text.text, np.uint8),
            "base": self.base,
            **self.nodes.arrays(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_codes: int) -> Self:
        """Read the trees from saved arrays.

        raises    ValueError or CorruptArtifact if these are no trees
        """
        text = read_lightgbm(indices_in(arrays, "text", 1, 256).astype(np.uint8).tobytes())
        nodes = XgboostNodes.from_arrays(arrays)
        return cls.of(nodes, text, floats_in(arrays, "base", 1), n_codes)

    @classmethod
    def of(
        cls,
        nodes: XgboostNodes,
        text: LightGbmText,
        base: NDArray[np.float64],
        n_codes: int,
    ) -> Self:
        """Make the trees from their nodes and the same trees in LightGBM's text format.

        raises    ValueError if the nodes are none, or the text is of others
        """
        nodes.check(text.n_features, n_codes)
        n_leaves = (nodes.n_nodes.astype(np.int64) + 1) // 2
        if text.n_outputs != 1 or not np.array_equal(text.n_leaves, n_leaves):
            raise ValueError("nodes of other trees than those of the text")
        if not len(base) or len(n_leaves) % len(base):
            raise ValueError("trees that do not take turns")
        values = nodes.condition[nodes.left < 0]
        return cls(nodes, text, np.cumsum(n_leaves) - n_leaves, values, base.astype(np.float64))


def read_xgboost(raw: bytes, n_codes: int) -> XgboostTrees:
    """Read the trees of a model that XGBoost wrote.

    raw       the model as UBJSON
    n_codes   every category code in the rows is below it
    raises    CorruptArtifact if these are no trees
    """
    try:
        learner = read_ubjson(raw)["learner"]
        about, booster = learner["learner_model_param"], learner["gradient_booster"]
        n_outputs, n_features = max(1, int(about["num_class"])), int(about["num_feature"])
        if booster["name"] != "gbtree" or n_outputs > MOST_CLASSES:
            raise ValueError("another model than one of trees for each class")
        if not 1 <= n_features <= MOST_FEATURES:
            raise ValueError(f"{n_features} features")
        model = booster["model"]
        _check_turns(np.asarray(model["tree_info"]), n_outputs)
        nodes = _nodes(model["trees"])
        nodes.check(n_features, n_codes)
        base = _base(about["base_score"], learner["objective"]["name"], n_outputs)
        text = read_lightgbm(trees_text(*_splits(nodes, n_features, n_codes)))
        return XgboostTrees.of(nodes, text, base, n_codes)
    except _UNREADABLE as error:
        raise CorruptArtifact(f"The XGBoost model cannot be read: {error!r}.") from error


_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def _check_turns(outputs: NDArray[Any], n_outputs: int) -> None:
    turns = np.arange(len(outputs)) % n_outputs
    if not len(outputs) or len(outputs) % n_outputs or (outputs != turns).any():
        raise ValueError("trees that do not take turns")


def _base(text: str, objective: str, n_outputs: int) -> NDArray[np.float64]:
    given = [float(number) for number in text.strip("[]").split(",")]
    if objective == _LOGISTIC:
        given = [math.log(rate / (1 - rate)) for rate in given]
    base = np.broadcast_to(np.array(given), (n_outputs,))
    if not np.isfinite(base).all():
        raise ValueError("sums that begin at no number")
    return base


def _splits(nodes: XgboostNodes, n_features: int, n_codes: int) -> tuple[Trees, Splits]:
    """Return the same trees with their inner nodes and leaves numbered apart."""
    sizes = nodes.n_nodes.astype(np.int64)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    inner = nodes.left >= 0
    number = np.where(inner, _counted(inner, sizes), ~_counted(~inner, sizes))
    left = number[first[inner] + nodes.left[inner]]
    right = number[first[inner] + nodes.left[inner] + 1]
    missing_left, is_category = nodes.missing_left[inner], nodes.is_category[inner]
    n_inner = np.add.reduceat(inner, np.cumsum(sizes) - sizes)
    at_codes = np.flatnonzero(is_category)
    sets = np.split(nodes.set_codes.astype(np.int64), np.cumsum(nodes.set_sizes)[:-1])
    found = words_of(sets if len(at_codes) else [], n_codes)
    turned = missing_left[at_codes]
    left[at_codes], right[at_codes] = (
        np.where(turned, right[at_codes], left[at_codes]),
        np.where(turned, left[at_codes], right[at_codes]),
    )
    every_code = words_of([np.arange(n_codes)], n_codes)
    codes = np.where(turned[:, None], found, every_code & ~found)
    below = np.nextafter(nodes.condition, np.float32(-np.inf))
    trees = Trees(
        n_features,
        (n_inner + 1).astype(np.int32),
        nodes.feature[inner],
        np.where(is_category, np.float32(0), below[inner]),
        left.astype(np.int32),
        right.astype(np.int32),
        nodes.condition[~inner][:, None],
    )
    return trees, Splits(missing_left, at_codes, codes)


def _nodes(documents: Sequence[dict[str, Any]]) -> XgboostNodes:
    """Return the nodes of trees as arrays.

    raises    ValueError and others if the documents are none of trees
    """
    parts = [_reached(document) for document in documents]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in _NODE}
    inner = joined["left"] >= 0
    if (joined["right"][inner] != joined["left"][inner] + 1).any():
        raise ValueError("a right child that does not come after the left one")
    sets = [codes for part in parts for codes in part["sets"]]
    return XgboostNodes(
        np.array([len(part["left"]) for part in parts], np.int32),
        np.where(inner, joined["left"], -1).astype(np.int32),
        np.where(inner, joined["feature"], 0).astype(np.int32),
        joined["condition"].astype(np.float32),
        joined["missing_left"].astype(bool),
        joined["is_category"].astype(bool) & inner,
        joined["hessian"].astype(np.float32),
        np.array([len(one) for one in sets], np.int32),
        np.concatenate(sets).astype(np.int32) if sets else np.empty(0, np.int32),
    )


_NODE = {
    "left": "left_children",
    "right": "right_children",
    "feature": "split_indices",
    "condition": "split_conditions",
    "missing_left": "default_left",
    "is_category": "split_type",
    "hessian": "sum_hessian",
}


def _reached(document: dict[str, Any]) -> dict[str, Any]:
    """Return the arrays of a tree's nodes, and the sets of its splits on categories in the order of nodes; without the
    nodes that pruning cut off."""
    nodes: dict[str, Any] = {ours: np.asarray(document[theirs]) for ours, theirs in _NODE.items()}
    n_nodes = len(nodes["left"])
    if not n_nodes or any(one.shape != (n_nodes,) for one in nodes.values()):
        raise ValueError("nodes of different numbers")
    sets = _sets(document)
    if int(document["tree_param"]["num_deleted"]):
        kept = _kept(nodes["left"], nodes["right"])
        renamed = np.cumsum(kept) - 1
        nodes = {name: array[kept] for name, array in nodes.items()}
        for name in ("left", "right"):
            child = nodes[name]
            nodes[name] = np.where(child >= 0, renamed[child], child)
        sets = {int(renamed[node]): codes for node, codes in sets.items() if kept[node]}
    asking = nodes["is_category"].astype(bool) & (nodes["left"] >= 0)
    if sorted(sets) != np.flatnonzero(asking).tolist():
        raise ValueError("sets of codes that are not those of the splits on codes")
    nodes["sets"] = [codes for _, codes in sorted(sets.items())]
    return nodes


def _sets(document: dict[str, Any]) -> dict[int, NDArray[np.int64]]:
    categories = np.asarray(document["categories"], np.int64)
    made: dict[int, NDArray[np.int64]] = {}
    for node, start, size in zip(
        document["categories_nodes"],
        document["categories_segments"],
        document["categories_sizes"],
        strict=True,
    ):
        if not 0 <= start <= start + size <= len(categories) or int(node) in made or node < 0:
            raise ValueError("a set of codes beyond all codes, or one named twice")
        made[int(node)] = categories[int(start) : int(start) + int(size)]
    return made


def _kept(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    kept = np.zeros(len(left), bool)
    level = np.zeros(1, np.int64)
    while len(level):
        kept[level] = True
        level = np.concatenate([left[level], right[level]])
        level = level[level >= 0]
        if kept[level].any() or len(np.unique(level)) != len(level):
            raise ValueError("a node that two others lead to")
    return kept


def _counted(mark: NDArray[np.bool_], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each node how many with the mark come before it in its tree."""
    before: NDArray[np.int64] = np.cumsum(mark) - mark
    starts = np.cumsum(sizes) - sizes
    made: NDArray[np.int64] = before - np.repeat(before[starts], sizes)
    return made

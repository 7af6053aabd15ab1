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
from windvane.engine.learners.trees import Splits, Trees, trees_text, words_of
from windvane.engine.learners.ubjson import read_ubjson
from windvane.errors import CorruptArtifact

_LOGISTIC = "binary:logistic"


@dataclass(frozen=True)
class XgboostTrees:
    """Trees take turns: tree i adds to output i % n_outputs.

    text        a LightGBM model of the same splits
    first_leaf  (n_trees,) place of each tree's first leaf among the values
    values      (n_leaves_of_all,) float32
    base        (n_outputs,) added to the sums
    """

    text: bytes
    first_leaf: NDArray[np.int64]
    values: NDArray[np.float32]
    base: NDArray[np.float64]

    @property
    def n_outputs(self) -> int:
        return len(self.base)

    def arrays(self) -> Arrays:
        return {
            "text": np.frombuffer(self.text, np.uint8),
            "first_leaf": self.first_leaf,
            "values": self.values,
            "base": self.base,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """raises    KeyError, TypeError or ValueError if these are no trees"""
        trees = cls(
            np.asarray(arrays["text"], np.uint8).tobytes(),
            np.asarray(arrays["first_leaf"], np.int64),
            np.asarray(arrays["values"], np.float32),
            np.asarray(arrays["base"], np.float64),
        )
        if any(part.ndim != 1 for part in (trees.first_leaf, trees.values, trees.base)):
            raise ValueError("numbers that are not in a row")
        if not trees.n_outputs or len(trees.first_leaf) % trees.n_outputs:
            raise ValueError("trees that do not take turns")
        return trees


def read_xgboost(raw: bytes, n_codes: int) -> XgboostTrees:
    """raw       the model as UBJSON
    n_codes   every category code in the rows is below it
    raises    CorruptArtifact if these are no trees
    """
    try:
        learner = read_ubjson(raw)["learner"]
        about, model = learner["learner_model_param"], learner["gradient_booster"]["model"]
        n_outputs = max(1, int(about["num_class"]))
        _check_turns(np.asarray(model["tree_info"]), n_outputs)
        trees, splits = _trees(model["trees"], int(about["num_feature"]), n_codes)
        trees.check()
        base = _base(about["base_score"], learner["objective"]["name"], n_outputs)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise CorruptArtifact(f"The XGBoost model cannot be read: {error!r}.") from error
    first_leaf = np.cumsum(trees.n_leaves, dtype=np.int64) - trees.n_leaves
    text = trees_text(trees, splits)
    return XgboostTrees(text, first_leaf, trees.values[:, 0], base)


def without_base(raw: bytes) -> bytes:
    """The model with sums that begin at 0.

    raises    CorruptArtifact if it does not say where they begin
    """
    mark = b"base_scoreSL"
    start = raw.find(mark) + len(mark)
    end = start + 8 + int.from_bytes(raw[start : start + 8], "big")
    text = raw[start + 8 : end]
    if raw.find(mark) < 0 or not (text.startswith(b"[") and text.endswith(b"]")):
        raise CorruptArtifact("The XGBoost model does not say where its sums begin.")
    zero = b"5E-1" if _LOGISTIC.encode() in raw else b"0E0"
    neutral = b"[" + b",".join([zero] * (text.count(b",") + 1)) + b"]"
    return raw[:start] + len(neutral).to_bytes(8, "big") + neutral + raw[end:]


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


def _trees(
    documents: Sequence[dict[str, Any]], n_features: int, n_codes: int
) -> tuple[Trees, Splits]:
    parts = [_reached(document) for document in documents]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in _NODE}
    sizes = np.array([len(part["left"]) for part in parts])
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    inner = joined["left"] >= 0
    number = np.where(inner, _counted(inner, sizes), ~_counted(~inner, sizes))
    missing_left = joined["missing_left"][inner].astype(bool)
    left = number[first[inner] + joined["left"][inner]]
    right = number[first[inner] + joined["right"][inner]]
    is_category = joined["is_category"][inner].astype(bool)
    n_inner = np.add.reduceat(inner, np.cumsum(sizes) - sizes)
    at_codes = np.flatnonzero(is_category)
    found = words_of([codes for part in parts for codes in part["sets"]], n_codes)
    if len(found) != len(at_codes):
        raise ValueError("a split on codes without its codes")
    turned = missing_left[at_codes]
    left[at_codes], right[at_codes] = (
        np.where(turned, right[at_codes], left[at_codes]),
        np.where(turned, left[at_codes], right[at_codes]),
    )
    every_code = words_of([np.arange(n_codes)], n_codes)
    codes = np.where(turned[:, None], found, every_code & ~found)
    below = np.nextafter(joined["condition"].astype(np.float32), np.float32(-np.inf))
    trees = Trees(
        n_features,
        (n_inner + 1).astype(np.int32),
        joined["feature"][inner].astype(np.int32),
        np.where(is_category, np.float32(0), below[inner]),
        left.astype(np.int32),
        right.astype(np.int32),
        joined["condition"][~inner].astype(np.float32)[:, None],
    )
    return trees, Splits(missing_left, at_codes, codes)


_NODE = {
    "left": "left_children",
    "right": "right_children",
    "feature": "split_indices",
    "condition": "split_conditions",
    "missing_left": "default_left",
    "is_category": "split_type",
}


def _reached(document: dict[str, Any]) -> dict[str, Any]:
    """The arrays of a tree's nodes, and the sets of its splits on categories in the order of nodes; without the
    nodes that pruning cut off."""
    nodes: dict[str, Any] = {ours: np.asarray(document[theirs]) for ours, theirs in _NODE.items()}
    sets = {
        int(node): np.asarray(document["categories"])[start : start + size].astype(np.int64)
        for node, start, size in zip(
            document["categories_nodes"],
            document["categories_segments"],
            document["categories_sizes"],
            strict=True,
        )
    }
    if int(document["tree_param"]["num_deleted"]):
        kept = _kept(nodes["left"], nodes["right"])
        renamed = np.cumsum(kept) - 1
        nodes = {name: array[kept] for name, array in nodes.items()}
        for name in ("left", "right"):
            child = nodes[name]
            nodes[name] = np.where(child >= 0, renamed[child], child)
        sets = {int(renamed[node]): codes for node, codes in sets.items() if kept[node]}
    nodes["sets"] = [codes for _, codes in sorted(sets.items())]
    return nodes


def _kept(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    kept = np.zeros(len(left), bool)
    level = np.zeros(1, np.int64)
    while len(level):
        kept[level] = True
        level = np.concatenate([left[level], right[level]])
        level = level[level >= 0]
        if kept[level].any():
            raise ValueError("a node that two others lead to")
    return kept


def _counted(mark: NDArray[np.bool_], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each node how many with the mark come before it in its tree."""
    before: NDArray[np.int64] = np.cumsum(mark) - mark
    starts = np.cumsum(sizes) - sizes
    made: NDArray[np.int64] = before - np.repeat(before[starts], sizes)
    return made

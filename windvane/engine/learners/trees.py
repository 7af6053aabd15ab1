"""Decision trees as plain arrays, and as a LightGBM text model that says which leaf a row reaches."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import Arrays
from windvane.engine.checked import floats_in, indices_in
from windvane.engine.learners.tree_structure import check_structure


@dataclass(frozen=True)
class Trees:
    """Trees one after another.

    n_leaves    (n_trees,); a tree of n leaves has n-1 inner nodes
    feature     (n_inner,) column of the matrix
    threshold   (n_inner,) float32; a row goes left if its value is at most that
    left        (n_inner,) number of the next inner node within its tree, or ~number of a leaf
    right       likewise
    values      (n_leaves_of_all, n_outputs) a leaf's mean target or class rates; the second class's rate
                alone if there are two
    """

    n_features: int
    n_leaves: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    values: NDArray[np.float32]

    def arrays(self) -> Arrays:
        """Return the trees as arrays in the smallest types that hold them."""
        numbers = ("feature", "left", "right", "n_leaves")
        made: Arrays = {name: _smallest(getattr(self, name)) for name in numbers}
        return {**made, "threshold": self.threshold, "values": self.values}

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_features: int) -> Self:
        """Read trees from saved arrays.

        raises    ValueError if these are no trees
        """
        left, right = (indices_in(arrays, name, 1, _MOST, -_MOST) for name in ("left", "right"))
        trees = cls(
            n_features,
            indices_in(arrays, "n_leaves", 1, _MOST).astype(np.int32),
            indices_in(arrays, "feature", 1, _MOST, -_MOST).astype(np.int32),
            floats_in(arrays, "threshold", 1, may_be_nan=True).astype(np.float32),
            left.astype(np.int32),
            right.astype(np.int32),
            floats_in(arrays, "values", 2).astype(np.float32),
        )
        trees.check()
        return trees

    def check(self) -> None:
        """Check that the arrays describe trees.

        raises    ValueError if a node names a feature or node that there is not, these are no trees, or a number is
        none
        """
        if self.n_leaves.ndim != 1 or not len(self.n_leaves) or self.n_leaves.min() < 1:
            raise ValueError("a tree without leaves")
        n_leaves = self.n_leaves.astype(np.int64)
        if self.values.ndim != 2 or len(self.values) != n_leaves.sum():
            raise ValueError("a wrong number of leaves")
        if any(getattr(self, name).shape != ((n_leaves - 1).sum(),) for name in _INNER):
            raise ValueError("a wrong number of inner nodes")
        if ((self.feature < 0) | (self.feature >= self.n_features)).any():
            raise ValueError("a feature that there is not")
        if not np.isfinite(self.values).all() or np.isnan(self.threshold).any():
            raise ValueError("a leaf or a threshold that is no number")
        check_structure(n_leaves, self.left, self.right, _DEEPEST)


def _smallest(numbers: NDArray[np.int32]) -> NDArray[Any]:
    low, high = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    for kind in (np.uint8, np.int16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return numbers.astype(kind)
    return numbers


_MOST = 2**31 - 1
_DEEPEST = 10_000
"""Levels: every level is a step that each row takes."""

_INNER = ("feature", "threshold", "left", "right")


@dataclass(frozen=True)
class Splits:
    """The kinds of splits beyond thresholds.

    missing_left  (n_inner,) whether a missing value goes left; at a set of codes it always goes right
    at_codes      (n_sets,) inner nodes that split on a set of codes, in their order; their thresholds mean nothing
    codes         (n_sets, n_words) the codes that go left at each (`words_of`)
    """

    missing_left: NDArray[np.bool_]
    at_codes: NDArray[np.int64]
    codes: NDArray[np.uint32]


def words_of(sets: Sequence[NDArray[np.int64]], n_codes: int) -> NDArray[np.uint32]:
    """Return (n_sets, n_words) sets of codes below `n_codes` as bits, in LightGBM's words of 32.

    raises    IndexError if a code is not below that
    """
    bits = np.zeros((len(sets), (n_codes + 31) // 32 * 32), bool)
    if sets:
        bits[np.repeat(np.arange(len(sets)), [len(one) for one in sets]), np.concatenate(sets)] = 1
    return np.packbits(bits, axis=1, bitorder="little").view("<u4")


def trees_of(trees: Sequence[Any], classes: Sequence[int], n_classes: int) -> Trees:
    """Trees of scikit-learn (objects with children_left, children_right, feature, threshold, value).

    classes    the class index that each column of their values is of; () for regression
    """
    parts = [_inner_nodes(tree) for tree in trees]
    feature, threshold, left, right = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    values = np.concatenate([tree.value[tree.children_left < 0, 0, :] for tree in trees])
    return Trees(
        int(trees[0].n_features),
        np.array([len(part[0]) + 1 for part in parts], np.int32),
        feature.astype(np.int32),
        threshold.astype(np.float32),
        left.astype(np.int32),
        right.astype(np.int32),
        (_rates(values, classes, n_classes) if n_classes else values).astype(np.float32),
    )


def _inner_nodes(tree: Any) -> tuple[NDArray[Any], ...]:
    """feature, threshold, left and right of the inner nodes, numbered anew."""
    inner = tree.children_left >= 0
    number = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
    return (
        tree.feature[inner],
        _rounded_down(tree.threshold[inner]),
        number[tree.children_left[inner]],
        number[tree.children_right[inner]],
    )


def _rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above: every float32 is on the same side of it as of the threshold."""
    nearest = threshold.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > threshold, below, nearest)


def _rates(
    values: NDArray[np.float64], classes: Sequence[int], n_classes: int
) -> NDArray[np.float64]:
    rates = np.zeros((len(values), n_classes))
    rates[:, list(classes)] = values / values.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(rates[:, 1:]) if n_classes == 2 else rates


_IS_CATEGORY, _MISSING_LEFT, _MISSING_IS_NAN = 1, 2, 8
"""Bits of LightGBM's decision types."""


def trees_text(trees: Trees, splits: Splits | None = None) -> bytes:
    """Return a LightGBM text model of the same splits; its leaves hold nothing, their numbers are what is asked for.

    splits    None if nothing is missing in the rows and no column holds codes
    """
    names = " ".join(f"f{i}" for i in range(trees.n_features))
    infos = " ".join(["none"] * trees.n_features)
    head = (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={trees.n_features - 1}\nobjective=regression\n"
        f"feature_names={names}\nfeature_infos={infos}\n\n"
    )
    return "".join([head, *_tree_texts(trees, splits), "end of trees\n"]).encode()


def _tree_texts(trees: Trees, splits: Splits | None) -> Iterator[str]:
    nodes = _NodeTexts(trees, splits)
    start = 0
    for number, n_leaves in enumerate(trees.n_leaves.tolist()):
        yield f"Tree={number}\nnum_leaves={n_leaves}\n"
        yield from nodes.of(start, start + n_leaves - 1)
        yield f"leaf_value={'0 ' * (n_leaves - 1)}0\nshrinkage=1\n\n\n"
        start += n_leaves - 1


class _NodeTexts:
    """Inner nodes of all trees, written at once: one tree after the other takes several times as long."""

    def __init__(self, trees: Trees, splits: Splits | None) -> None:
        kinds = np.zeros(len(trees.feature), np.int32)
        self._thresholds = _between(trees.threshold)
        self._at_codes: list[int] = []
        if splits is not None:
            kinds[:] = _MISSING_IS_NAN + _MISSING_LEFT * splits.missing_left
            kinds[splits.at_codes] = _MISSING_IS_NAN + _IS_CATEGORY
            self._at_codes = splits.at_codes.tolist()
            self._n_words = splits.codes.shape[1]
            self._words = _texts(splits.codes.ravel())
        self._named = {
            "split_feature": _texts(trees.feature),
            "threshold": self._thresholds,
            "decision_type": _texts(kinds),
            "left_child": _texts(trees.left),
            "right_child": _texts(trees.right),
        }

    def of(self, start: int, end: int) -> Iterator[str]:
        """Yield the lines of the tree whose inner nodes these are."""
        first, last = bisect_left(self._at_codes, start), bisect_left(self._at_codes, end)
        for number, node in enumerate(self._at_codes[first:last]):
            self._thresholds[node] = str(number)
        yield f"num_cat={last - first}\n"
        if end > start:
            for name, texts in self._named.items():
                yield f"{name}={' '.join(texts[start:end])}\n"
        if last > first:
            ends = range(0, self._n_words * (last - first) + 1, self._n_words)
            words = self._words[self._n_words * first : self._n_words * last]
            yield f"cat_boundaries={' '.join(map(str, ends))}\n"
            yield f"cat_threshold={' '.join(words)}\n"


def _texts(array: NDArray[Any]) -> list[str]:
    return str(array.tolist())[1:-1].split(", ")


def _between(threshold: NDArray[np.float32]) -> list[str]:
    """Halfway to the next float32: the same splits of float32 values, and nine digits are enough."""
    above = np.nextafter(threshold, np.float32(np.inf)).astype(np.float64)
    halfway = (threshold.astype(np.float64) + above) / 2
    return (" ".join(["%.9g"] * len(threshold)) % tuple(halfway.tolist())).split(" ")

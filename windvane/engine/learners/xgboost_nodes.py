"""The nodes of XGBoost's trees as arrays: checked, and written as the UBJSON that its library reads.

What the library is given is written here, from arrays that were checked, and never a file that came from elsewhere.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import Arrays
from windvane.engine.checked import floats_in, indices_in
from windvane.engine.learners.tree_structure import DEEPEST

_MOST = 2**31 - 1
_NO_PARENT = 2**31 - 1


@dataclass(frozen=True)
class XgboostNodes:
    """Trees one after another, a node before those that follow it; the right child comes after the left one.

    n_nodes       (n_trees,)
    left          (n,) number of the left child within its tree, -1 for a leaf
    feature       (n,) column that an inner node asks about
    condition     (n,) float32: less goes left; of a leaf its value
    missing_left  (n,) whether a missing value goes left
    is_category   (n,) whether it asks whether the code is in a set, which then goes right
    hessian       (n,) float32, of the training rows that came by
    set_sizes     (n_sets,) of the sets, in the order of nodes
    set_codes     (n_codes_of_all,)
    """

    n_nodes: NDArray[np.int32]
    left: NDArray[np.int32]
    feature: NDArray[np.int32]
    condition: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    is_category: NDArray[np.bool_]
    hessian: NDArray[np.float32]
    set_sizes: NDArray[np.int32]
    set_codes: NDArray[np.int32]

    def arrays(self) -> Arrays:
        return {f"node_{name}": getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read the nodes from saved arrays.

        raises    ValueError if these are no nodes
        """
        told = {name: arrays[f"node_{name}"] for name in _NAMES if f"node_{name}" in arrays}
        return cls(
            indices_in(told, "n_nodes", 1, _MOST, 1).astype(np.int32),
            indices_in(told, "left", 1, _MOST, -1).astype(np.int32),
            indices_in(told, "feature", 1, _MOST).astype(np.int32),
            floats_in(told, "condition", 1).astype(np.float32),
            _marks(told, "missing_left"),
            _marks(told, "is_category"),
            floats_in(told, "hessian", 1).astype(np.float32),
            indices_in(told, "set_sizes", 1, _MOST).astype(np.int32),
            indices_in(told, "set_codes", 1, _MOST).astype(np.int32),
        )

    def check(self, n_features: int, n_codes: int) -> None:
        """Check that the arrays describe trees.

        n_codes   every category code is below it
        raises    ValueError if a node names a feature, code or node that there is not, or these are no trees
        """
        if not len(self.n_nodes) or self.n_nodes.min() < 1:
            raise ValueError("a tree without leaves")
        n = int(self.n_nodes.sum(dtype=np.int64))
        if any(getattr(self, name).shape != (n,) for name in _PER_NODE):
            raise ValueError("a wrong number of nodes")
        inner = self.left >= 0
        if self.left.min() < -1 or self.feature[~inner].any():
            raise ValueError("a leaf with a child or a question")
        if ((self.feature[inner] < 0) | (self.feature[inner] >= n_features)).any():
            raise ValueError("a feature that there is not")
        if not np.isfinite(self.condition).all() or not (self.hessian >= 0).all():
            raise ValueError("a number that there cannot be")
        self._check_children(inner)
        self._check_sets(inner, n_codes)

    def _check_children(self, inner: NDArray[np.bool_]) -> None:
        sizes = self.n_nodes.astype(np.int64)
        first = np.cumsum(sizes) - sizes
        start = np.repeat(first, sizes)
        own = np.arange(len(self.left)) - start
        left = self.left.astype(np.int64)
        bad = inner & ((left <= own) | (left + 1 >= np.repeat(sizes, sizes)))
        if bad.any():
            at = int(bad.argmax())
            tree = int(np.searchsorted(first, at, side="right")) - 1
            raise ValueError(
                f"a node that does not lead on: tree {tree}, node {own[at]} names the child {left[at]}, which must be a "
                f"later one of its {sizes[tree]} nodes"
            )
        children = (start + left)[inner]
        times = np.bincount(np.concatenate([children, children + 1]), minlength=len(left))
        times[first] += 1
        if (times != 1).any():
            at = int((times != 1).argmax())
            tree = int(np.searchsorted(first, at, side="right")) - 1
            raise ValueError(
                f"tree {tree}: node {at - int(first[tree])} does not follow exactly one other"
            )
        level = first
        for _ in range(DEEPEST):
            level = level[inner[level]]
            if not len(level):
                return
            following = start[level] + left[level]
            level = np.concatenate([following, following + 1])
        raise ValueError(f"a tree of more than {DEEPEST} levels")

    def _check_sets(self, inner: NDArray[np.bool_], n_codes: int) -> None:
        if (self.is_category & ~inner).any():
            raise ValueError("a leaf that asks for a code")
        if len(self.set_sizes) != int(self.is_category.sum()):
            raise ValueError("a split on codes without its codes")
        n_told = int(self.set_sizes.sum(dtype=np.int64))
        if (self.set_sizes < 0).any() or len(self.set_codes) != n_told:
            raise ValueError("a set of codes of another size than is said")
        if not self.set_sizes.all():
            raise ValueError("a split on codes whose set has none")
        if (bad := (self.set_codes < 0) | (self.set_codes >= n_codes)).any():
            raise ValueError(
                f"a code that there is not: {self.set_codes[bad][0]} of {n_codes}, from 0"
            )

    def ubjson(self, n_features: int, n_outputs: int) -> bytes:
        """Return the model as XGBoost writes one whose sums begin at 0."""
        n_trees = len(self.n_nodes)
        several = n_outputs > 1
        turns = np.arange(n_trees) % n_outputs
        rounds = np.arange(0, n_trees + 1, n_outputs)
        model = _object(
            cats=_object(enc=_list([]), feature_segments=_ints([]), sorted_idx=_ints([])),
            gbtree_model_param=_object(num_parallel_tree=_text("1"), num_trees=_text(n_trees)),
            iteration_indptr=_list([b"l%b" % _INT.pack(one) for one in rounds.tolist()]),
            tree_info=_list([b"l%b" % _INT.pack(one) for one in turns.tolist()]),
            trees=_list(self._trees(n_features)),
        )
        objective = (
            _object(
                name=_text("multi:softprob"),
                softmax_multiclass_param=_object(num_class=_text(n_outputs)),
            )
            if several
            else _object(
                name=_text("reg:squarederror"),
                reg_loss_param=_object(scale_pos_weight=_text("1")),
            )
        )
        zeros = ",".join(["0E0"] * n_outputs)
        learner = _object(
            attributes=_object(),
            feature_names=_list([]),
            feature_types=_list(self._types(n_features)),
            gradient_booster=_object(model=model, name=_text("gbtree")),
            learner_model_param=_object(
                base_score=_text(f"[{zeros}]"),
                boost_from_average=_text("1"),
                num_class=_text(n_outputs if several else 0),
                num_feature=_text(n_features),
                num_target=_text("1"),
            ),
            objective=objective,
        )
        return _object(learner=learner, version=_list([b"i\3", b"i\2", b"i\0"]))

    def _types(self, n_features: int) -> list[bytes]:
        has_codes = np.zeros(n_features, bool)
        has_codes[self.feature[self.is_category]] = True
        return [_text("c" if one else "q") for one in has_codes.tolist()]

    def _trees(self, n_features: int) -> list[bytes]:
        sizes = self.n_nodes.astype(np.int64)
        ends = np.cumsum(sizes)
        starts = ends - sizes
        inner = self.left >= 0
        right = np.where(inner, self.left + 1, -1)
        parents = np.full(len(self.left), _NO_PARENT, np.int64)
        own = np.arange(len(self.left)) - np.repeat(starts, sizes)
        children = (np.repeat(starts, sizes) + self.left)[inner]
        parents[children] = parents[children + 1] = own[inner]
        at_sets = np.flatnonzero(self.is_category)
        set_ends = np.cumsum(self.set_sizes, dtype=np.int64)
        made = []
        for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            first, last = np.searchsorted(at_sets, [start, end]).tolist()
            code_start = int(set_ends[first - 1]) if first else 0
            code_end = int(set_ends[last - 1]) if last else 0
            zeros = np.zeros(end - start)
            made.append(
                _object(
                    base_weights=_reals(zeros),
                    categories=_ints(self.set_codes[code_start:code_end]),
                    categories_nodes=_ints(at_sets[first:last] - start),
                    categories_segments=_longs(
                        set_ends[first:last] - self.set_sizes[first:last] - code_start
                    ),
                    categories_sizes=_longs(self.set_sizes[first:last]),
                    default_left=_bytes(self.missing_left[start:end]),
                    id=b"l%b" % _INT.pack(number),
                    left_children=_ints(self.left[start:end]),
                    loss_changes=_reals(zeros),
                    parents=_ints(parents[start:end]),
                    right_children=_ints(right[start:end]),
                    split_conditions=_reals(self.condition[start:end]),
                    split_indices=_ints(self.feature[start:end]),
                    split_type=_bytes(self.is_category[start:end]),
                    sum_hessian=_reals(self.hessian[start:end]),
                    tree_param=_object(
                        num_deleted=_text("0"),
                        num_feature=_text(n_features),
                        num_nodes=_text(end - start),
                        size_leaf_vector=_text("1"),
                    ),
                )
            )
        return made


_PER_NODE = ("left", "feature", "condition", "missing_left", "is_category", "hessian")
_NAMES = ("n_nodes", *_PER_NODE, "set_sizes", "set_codes")
_INT, _LENGTH = struct.Struct(">i"), struct.Struct(">q")


def _marks(arrays: Arrays, name: str) -> NDArray[np.bool_]:
    array = arrays.get(name)
    if array is None or array.dtype.kind != "b" or array.ndim != 1:
        raise ValueError(f"the array {name!r} must be there, and of truth values")
    return array


def _object(**members: bytes) -> bytes:
    """Return a JSON object of members in alphabetical order, as XGBoost writes them."""
    parts = (
        b"L%b%b%b" % (_LENGTH.pack(len(name)), name.encode(), value)
        for name, value in members.items()
    )
    return b"{%b}" % b"".join(parts)


def _list(values: list[bytes]) -> bytes:
    return b"[#L%b%b" % (_LENGTH.pack(len(values)), b"".join(values))


def _text(value: str | int) -> bytes:
    content = str(value).encode()
    return b"SL%b%b" % (_LENGTH.pack(len(content)), content)


def _typed(kind: bytes, dtype: str, values: Any) -> bytes:
    array = np.asarray(values, dtype)
    return b"[$%b#L%b%b" % (kind, _LENGTH.pack(len(array)), array.tobytes())


def _ints(values: Any) -> bytes:
    return _typed(b"l", ">i4", values)


def _longs(values: Any) -> bytes:
    return _typed(b"L", ">i8", values)


def _reals(values: Any) -> bytes:
    return _typed(b"d", ">f4", values)


def _bytes(values: Any) -> bytes:
    return _typed(b"U", "u1", values)

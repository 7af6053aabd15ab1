"""LightGBM's trees by NumPy: what answers in an exported model, where the library is not.

All rows step through all trees together, a level at a time, as learners/forest_walk.py does; what has arrived at a leaf steps on
the spot.

source    Tree::NumericalDecision and Tree::CategoricalDecision in LightGBM's include/LightGBM/tree.h
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.lightgbm_text import LightGbmText

SCORES = 1
LEAVES = 2
CONTRIBUTIONS = 3

_TREE = re.compile(rb"^Tree=\d+\n((?:[a-z_]+=[^\n]*\n)+)", re.MULTILINE)
IS_CATEGORY, MISSING_LEFT = 1, 2
ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2
"""Of the kinds of missing values, two bits of a decision."""

_ZERO = 1e-35
"""source    kZeroThreshold in LightGBM's include/LightGBM/meta.h"""

_WORD = 32


class NativeBooster:
    """A LightGBM model in memory.

    model     that was checked (learners/lightgbm_text.py)
    answer    SCORES, the sums over the trees, or LEAVES, the number of the leaf that a row reaches in each tree
    width     numbers per row
    """

    def __init__(self, model: LightGbmText, answer: int = SCORES) -> None:
        if answer not in (SCORES, LEAVES):
            raise NotImplementedError("Exported models do not explain their answers.")
        trees = trees_in(model.text)
        self.n_features, self.rounds = model.n_features, len(trees) // model.n_outputs
        self._answers_leaves, self._n_outputs = answer == LEAVES, model.n_outputs
        self.width = len(trees) if self._answers_leaves else model.n_outputs
        self._lay_out(trees)

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        """Return (n_rows, n_features) float32 to (n_rows, width)."""
        if X.ndim != 2 or X.shape[1] != self.n_features:
            raise ValueError(f"The model takes {self.n_features} features, not {X.shape[1:]}.")
        nodes = self._arrive(X.astype(np.float64))
        if self._answers_leaves:
            return self._leaf.take(nodes).astype(np.float64)
        values = self._value.take(nodes).reshape(len(X), self.rounds, self._n_outputs)
        return np.asarray(np.add.accumulate(values, axis=1)[:, -1])

    def _lay_out(self, trees: Sequence[Mapping[str, NDArray[np.float64]]]) -> None:
        """Number the nodes of all trees through: those of a tree, then its leaves, which follow themselves."""
        n_inner = [len(tree.get("split_feature", ())) for tree in trees]
        sizes = [2 * n + 1 for n in n_inner]
        first = np.cumsum(sizes) - sizes
        self._roots = first.astype(np.intp)
        n_nodes = int(sum(sizes))
        self._left = np.arange(n_nodes)
        self._right = np.arange(n_nodes)
        self._feature = np.zeros(n_nodes, np.intp)
        self._threshold = np.full(n_nodes, np.inf)
        self._decision = np.zeros(n_nodes, np.int64)
        self._value = np.zeros(n_nodes)
        self._leaf = np.zeros(n_nodes, np.int64)
        self._set_start = np.zeros(n_nodes, np.intp)
        self._set_words = np.zeros(n_nodes, np.int64)
        words: list[NDArray[np.float64]] = [np.zeros(1)]
        for tree, n, start in zip(trees, n_inner, first.tolist(), strict=True):
            leaves = slice(start + n, start + 2 * n + 1)
            self._value[leaves] = tree["leaf_value"]
            self._leaf[leaves] = np.arange(n + 1)
            if not n:
                continue
            inner = slice(start, start + n)
            for name, into in (("left_child", self._left), ("right_child", self._right)):
                child = tree[name].astype(np.int64)
                into[inner] = start + np.where(child >= 0, child, n + ~child)
            self._feature[inner] = tree["split_feature"]
            self._threshold[inner] = tree["threshold"]
            self._decision[inner] = tree["decision_type"]
            if "cat_threshold" in tree:
                self._note_sets(tree, start, sum(map(len, words)))
                words.append(tree["cat_threshold"])
        self._words = np.concatenate(words).astype(np.int64)
        self._has_sets = bool((self._decision & IS_CATEGORY).any())

    def _note_sets(
        self, tree: Mapping[str, NDArray[np.float64]], start: int, first_word: int
    ) -> None:
        """Note where the set of each node that splits on codes begins among all words, and how many words it has."""
        bounds = tree["cat_boundaries"].astype(np.int64)
        at_codes = np.flatnonzero(tree["decision_type"].astype(np.int64) & IS_CATEGORY)
        number = tree["threshold"][at_codes].astype(np.int64)
        self._set_start[start + at_codes] = first_word + bounds[number]
        self._set_words[start + at_codes] = bounds[number + 1] - bounds[number]

    def _arrive(self, rows: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return (n_rows, n_trees) the leaves that rows reach."""
        node = np.tile(self._roots, (len(rows), 1))
        row = np.arange(len(rows))[:, None]
        while True:
            is_left = self._goes_left(rows[row, self._feature.take(node)], node)
            following = np.where(is_left, self._left.take(node), self._right.take(node))
            if np.array_equal(following, node):
                return node
            node = following

    def _goes_left(self, value: NDArray[np.float64], node: NDArray[np.intp]) -> NDArray[np.bool_]:
        decision = self._decision.take(node)
        kind = decision >> 2 & 3
        is_nan = np.isnan(value)
        number = np.where(is_nan & (kind != NAN_IS_MISSING), 0.0, value)
        is_missing = ((kind == ZERO_IS_MISSING) & (np.abs(number) <= _ZERO)) | np.isnan(number)
        below = number <= self._threshold.take(node)
        is_left = np.where(is_missing, (decision & MISSING_LEFT) > 0, below)
        if not self._has_sets:
            return is_left
        return np.where(decision & IS_CATEGORY, self._is_in_set(value, is_nan, node), is_left)

    def _is_in_set(
        self, value: NDArray[np.float64], is_nan: NDArray[np.bool_], node: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        code = np.where(is_nan, -1.0, value).clip(-1, 2**31 - 1).astype(np.int64)
        word = code // _WORD
        is_told = (code >= 0) & (word < self._set_words.take(node))
        told = self._words.take(self._set_start.take(node) + np.where(is_told, word, 0))
        return is_told & ((told >> (code % _WORD) & 1) > 0)


def trees_in(text: bytes) -> list[dict[str, NDArray[np.float64]]]:
    """Return of each tree in a text that was checked its lists of numbers, by LightGBM's names."""
    return [_fields(one) for one in _TREE.findall(text)]


def _fields(text: bytes) -> dict[str, NDArray[np.float64]]:
    """Return the lists of numbers of a tree, by name; an empty one is left out."""
    pairs = (line.split(b"=", 1) for line in text.splitlines())
    return {
        name.decode(): np.array(numbers.split(), np.float64) for name, numbers in pairs if numbers
    }

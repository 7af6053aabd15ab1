"""Rows through the trees of a forest, by NumPy.

All rows take their steps together, one level at a time: through all trees at once if the rows are few, else through
few trees at a time, whose nodes then stay in the processor's cache. What has arrived at a leaf steps on the spot.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.trees import Trees

_BLOCK_ROWS = 4_096
_WALKERS = 32_768
"""Rows times trees that step together; of fewer, several threads would wait for one another between the steps."""

_LOOK_EVERY = 6
"""Levels after which those that have arrived are left behind, if there are enough walkers for it to pay."""

_FEW_WALKERS = 1_000


class ForestWalker:
    """Finds the leaves that rows reach; the leaves of all trees are numbered through."""

    def __init__(self, trees: Trees) -> None:
        """Lay the trees out for walking. In a tree the root is followed by both children of each inner node side by
        side, so that one number says where they are. A leaf's next node is itself."""
        n_inner = trees.n_leaves.astype(np.int64) - 1
        sizes = 2 * n_inner + 1
        self._roots = np.cumsum(sizes) - sizes
        child = _children(trees, self._roots, n_inner)
        is_inner = child >= 0
        inner = child[is_inner] + np.repeat(np.cumsum(n_inner) - n_inner, n_inner)
        self._feature = np.zeros(len(child), np.int32)
        self._feature[is_inner] = trees.feature.take(inner)
        self._threshold = np.full(len(child), np.inf, np.float32)
        self._threshold[is_inner] = trees.threshold.take(inner)
        self._next = np.arange(len(child), dtype=np.intp)
        self._next[is_inner] = 2 * child[is_inner] + np.repeat(self._roots + 1, n_inner)
        self._leaf = np.full(len(child), -1, np.int32)
        first_leaf = np.cumsum(trees.n_leaves, dtype=np.int64) - trees.n_leaves
        self._leaf[~is_inner] = np.repeat(first_leaf, trees.n_leaves) + ~child[~is_inner]

    def leaves(self, X: FloatMatrix) -> NDArray[np.int32]:
        """Return (n_rows, n_features) to (n_rows, n_trees)."""
        rows = np.ascontiguousarray(X, np.float32)
        if len(rows) == 1:
            return self._walk_alone(rows[0])[None]
        made = np.empty((len(rows), len(self._roots)), np.int32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = rows[start : start + _BLOCK_ROWS]
            at_once = max(1, _WALKERS // len(block))
            for tree in range(0, len(self._roots), at_once):
                roots = self._roots[tree : tree + at_once]
                made[start : start + _BLOCK_ROWS, tree : tree + at_once] = self._walk(block, roots)
        return made

    def _walk_alone(self, cells: FloatMatrix) -> NDArray[np.int32]:
        """Return (n_features,) to (n_trees,): with nothing to be told apart, a step is fewer calls."""
        node = self._roots
        while True:
            for _ in range(_LOOK_EVERY):
                above = cells.take(self._feature.take(node)) > self._threshold.take(node)
                node = self._next.take(node) + above
            number = self._leaf.take(node)
            if number.min() >= 0:
                return number

    def _walk(self, rows: FloatMatrix, roots: NDArray[np.int64]) -> NDArray[np.int32]:
        cells = rows.ravel()
        node: NDArray[np.intp] = np.tile(roots, len(rows))
        row = np.repeat(np.arange(len(rows)) * rows.shape[1], len(roots))
        reached = np.empty(len(node), np.int32)
        walker = np.arange(len(node))
        while True:
            for _ in range(_LOOK_EVERY):
                above = cells.take(row + self._feature.take(node)) > self._threshold.take(node)
                node = self._next.take(node) + above
            number = self._leaf.take(node)
            is_under_way = number < 0
            if not is_under_way.any():
                reached[walker] = number
                return reached.reshape(len(rows), len(roots))
            if len(node) > _FEW_WALKERS:
                reached[walker] = number
                walker, node, row = walker[is_under_way], node[is_under_way], row[is_under_way]


def _children(
    trees: Trees, roots: NDArray[np.int64], n_inner: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return (n_nodes,) the number of each node in its tree, as `Trees` says."""
    child = np.empty(2 * len(trees.left) + len(roots), np.int32)
    is_root = np.zeros(len(child), bool)
    is_root[roots] = True
    child[roots] = np.where(n_inner > 0, 0, -1)
    child[~is_root] = np.stack([trees.left, trees.right], axis=1).ravel()
    return child

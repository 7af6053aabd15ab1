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
_WALKERS = 8_192
"""Rows times trees that step together."""

_LOOK_EVERY = 6
"""Levels after which those that have arrived are left behind, if there are enough walkers for it to pay."""

_FEW_WALKERS = 1_000


class ForestWalker:
    """Finds the leaves that rows reach; the leaves of all trees are numbered through."""

    def __init__(self, trees: Trees) -> None:
        sizes = 2 * trees.n_leaves.astype(np.int64) - 1
        self._roots = np.cumsum(sizes) - sizes
        n_nodes = int(sizes.sum())
        self._feature = np.zeros(n_nodes, np.int32)
        self._threshold = np.empty(n_nodes, np.float32)
        self._next = np.empty(n_nodes, np.int32)
        self._leaf = np.empty(n_nodes, np.int32)
        inner = leaf = 0
        for root, n_leaves in zip(self._roots.tolist(), trees.n_leaves.tolist(), strict=True):
            self._plant(trees, root, slice(inner, inner + n_leaves - 1), leaf)
            inner += n_leaves - 1
            leaf += n_leaves

    def _plant(self, trees: Trees, root: int, part: slice, first_leaf: int) -> None:
        """Write the nodes of a tree: the root, then both children of each inner node side by side, so that one number
        says where they are. A leaf's next node is itself."""
        n_inner = part.stop - part.start
        child = np.empty(1 + 2 * n_inner, np.int32)
        child[0] = 0 if n_inner else -1
        child[1::2], child[2::2] = trees.left[part], trees.right[part]
        nodes = slice(root, root + len(child))
        is_inner = child >= 0
        if n_inner:
            self._feature[nodes] = trees.feature[part].take(child, mode="clip")
            self._threshold[nodes] = trees.threshold[part].take(child, mode="clip")
        self._threshold[nodes][~is_inner] = np.inf
        itself = np.arange(root, nodes.stop, dtype=np.int32)
        self._next[nodes] = np.where(is_inner, 2 * child + (root + 1), itself)
        self._leaf[nodes] = np.where(is_inner, -1, first_leaf + ~child)

    def leaves(self, X: FloatMatrix) -> NDArray[np.int32]:
        """(n_rows, n_features) to (n_rows, n_trees)."""
        rows = np.ascontiguousarray(X, np.float32)
        made = np.empty((len(rows), len(self._roots)), np.int32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = rows[start : start + _BLOCK_ROWS]
            at_once = max(1, _WALKERS // len(block))
            for tree in range(0, len(self._roots), at_once):
                roots = self._roots[tree : tree + at_once]
                made[start : start + _BLOCK_ROWS, tree : tree + at_once] = self._walk(block, roots)
        return made

    def _walk(self, rows: FloatMatrix, roots: NDArray[np.int64]) -> NDArray[np.int32]:
        cells = rows.ravel()
        node: NDArray[np.intp] = np.tile(roots, len(rows))
        row = np.repeat(np.arange(len(rows)) * rows.shape[1], len(roots))
        reached = np.empty(len(node), np.int32)
        walker = np.arange(len(node))
        while True:
            for _ in range(_LOOK_EVERY):
                above = cells.take(row + self._feature.take(node)) > self._threshold.take(node)
                node = np.add(self._next.take(node), above, dtype=np.intp)
            number = self._leaf.take(node)
            is_under_way = number < 0
            if not is_under_way.any():
                reached[walker] = number
                return reached.reshape(len(rows), len(roots))
            if len(node) > _FEW_WALKERS:
                reached[walker] = number
                walker, node, row = walker[is_under_way], node[is_under_way], row[is_under_way]

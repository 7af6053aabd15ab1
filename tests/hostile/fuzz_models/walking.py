"""Trees walked node by node in plain Python: what a library answers is what its model says, or it read elsewhere."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

_TREE = re.compile(rb"^Tree=\d+\n", re.MULTILINE)
_ZERO = 1e-35
_LEFT_IF_MISSING, _ZERO_IS_MISSING, _NAN_IS_MISSING = 2, 1, 2
_MOST_CODES = 2**24


def walked_text(text: bytes, rows: np.ndarray, *, leaves: bool) -> np.ndarray:
    """(n_rows, n_trees) values of the leaves that rows reach in LightGBM's text, or their numbers."""
    _, *trees = _TREE.split(text.partition(b"end of trees")[0])
    made = np.empty((len(rows), len(trees)))
    cells = rows.astype(np.float64).tolist()
    for number, tree in enumerate(trees):
        told = {}
        for line in tree.split(b"\n"):
            name, _, values = line.partition(b"=")
            told[name] = values.split()
        read = _Text(told)
        for at, row in enumerate(cells):
            leaf = read.leaf(row)
            made[at, number] = leaf if leaves else read.values[leaf]
    return made


class _Text:
    """A tree of LightGBM's text."""

    def __init__(self, told: dict[bytes, list[bytes]]) -> None:
        self.values = [float(one) for one in told[b"leaf_value"]]
        self._feature, self._left, self._right, self._kind, self._bounds, self._words = (
            [int(one) for one in told.get(name, ())]
            for name in (b"split_feature", b"left_child", b"right_child", b"decision_type", b"cat_boundaries", b"cat_threshold")
        )  # fmt: skip
        self._threshold = [float(one) for one in told.get(b"threshold", ())]

    def leaf(self, row: list[float]) -> int:
        node = 0 if self._left else -1
        while node >= 0:
            value = row[self._feature[node]]
            goes_left = (self._in_set if self._kind[node] & 1 else self._below)(node, value)
            node = (self._left if goes_left else self._right)[node]
        return ~node

    def _below(self, node: int, value: float) -> bool:
        missing = self._kind[node] >> 2
        if math.isnan(value) and missing != _NAN_IS_MISSING:
            value = 0.0
        if math.isnan(value) or (missing == _ZERO_IS_MISSING and abs(value) <= _ZERO):
            return bool(self._kind[node] & _LEFT_IF_MISSING)
        return value <= self._threshold[node]

    def _in_set(self, node: int, value: float) -> bool:
        if math.isnan(value) or not -1 < value < 2**31:
            return False
        code, number = int(value), int(self._threshold[node])
        words = self._words[self._bounds[number] : self._bounds[number + 1]]
        return code // 32 < len(words) and bool(words[code // 32] >> code % 32 & 1)


def walked_nodes(nodes: Any, rows: np.ndarray) -> np.ndarray:
    """(n_rows, n_trees) values of the leaves that rows reach in XgboostNodes."""
    left, feature = nodes.left.tolist(), nodes.feature.tolist()
    condition, missing_left = nodes.condition.tolist(), nodes.missing_left.tolist()
    ends = np.cumsum(nodes.set_sizes, dtype=np.int64)
    codes = nodes.set_codes.tolist()
    sets = {
        node: codes[end - size : end]
        for node, end, size in zip(np.flatnonzero(nodes.is_category).tolist(), ends.tolist(), nodes.set_sizes.tolist(), strict=True)
    }  # fmt: skip
    starts = (np.cumsum(nodes.n_nodes, dtype=np.int64) - nodes.n_nodes).tolist()
    made = np.empty((len(rows), len(starts)))
    for at, row in enumerate(rows.tolist()):
        for number, start in enumerate(starts):
            node = start
            while left[node] >= 0:
                value = row[feature[node]]
                if math.isnan(value):
                    goes_left = missing_left[node]
                elif node in sets:
                    goes_left = not 0 <= value < _MOST_CODES or int(value) not in sets[node]
                else:
                    goes_left = value < condition[node]
                node = start + left[node] + (not goes_left)
            made[at, number] = condition[node]
    return made


def is_sum(answer: np.ndarray, values: np.ndarray, last_digits: float) -> bool:
    """Whether answers (n_rows, n_outputs) are sums of the values of trees that take turns; very large ones are not compared."""
    n_outputs = answer.shape[1]
    for output in range(n_outputs):
        own = values[:, output::n_outputs]
        size = np.abs(own).sum(axis=1)
        compared = size < 1 / last_digits**4
        off = np.abs(answer[:, output] - own.sum(axis=1))[compared]
        if not (off <= last_digits * size[compared] + 1e-300).all():
            return False
    return True

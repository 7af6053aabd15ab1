"""Whether numbers of children make trees: every node but the root follows exactly one other, none leads back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DEEPEST = 1_000
"""Levels of a tree that a native library walks by recursion. No tree that is trained here comes near: it has 256 leaves
at most (model_bounds.py)."""


def check_structure(
    n_leaves: NDArray[Any], left: NDArray[Any], right: NDArray[Any], deepest: int = DEEPEST
) -> None:
    """Trees one after another, each of n leaves and n-1 inner nodes.

    n_leaves      (n_trees,)
    left, right   (n_inner,) number of the next inner node within its tree, or ~number of a leaf
    raises        ValueError naming tree and node
    """
    if n_leaves.ndim != 1 or not len(n_leaves) or n_leaves.min() < 1:
        raise ValueError("a tree without leaves")
    n_inner = n_leaves.astype(np.int64) - 1
    if left.shape != (n_inner.sum(),) or right.shape != left.shape:
        raise ValueError("a wrong number of inner nodes")
    first_inner, first_leaf = np.cumsum(n_inner) - n_inner, np.cumsum(n_inner + 1) - n_inner - 1
    tree = np.repeat(np.arange(len(n_inner)), n_inner)
    start, limit = first_inner[tree], n_inner[tree]
    own = np.arange(len(left)) - start
    children = []
    for child in (left.astype(np.int64), right.astype(np.int64)):
        is_inner = child >= 0
        fits = np.where(is_inner, (child > own) & (child < limit), child >= ~limit)
        if not fits.all():
            _refuse(~fits, tree, own, child)
        children.append(np.where(is_inner, start + child, len(left) + first_leaf[tree] + ~child))
    together = np.concatenate(children)
    times = np.bincount(together, minlength=len(left) + int(n_leaves.sum()))
    times[np.where(n_inner > 0, first_inner, len(left) + first_leaf)] += 1  # roots
    if times.min() != 1 or times.max() != 1:
        at = int((times != 1).argmax())
        what = "node" if at < len(left) else "leaf"
        within = first_inner if at < len(left) else len(left) + first_leaf
        number = int(np.searchsorted(within, at, side="right")) - 1
        raise ValueError(
            f"tree {number}: {what} {at - int(within[number])} follows {times[at]} nodes instead of one, or is a root that follows one"
        )
    _check_depth(children[0], children[1], first_inner[n_inner > 0], deepest)


def _refuse(
    bad: NDArray[np.bool_], tree: NDArray[Any], own: NDArray[Any], child: NDArray[Any]
) -> None:
    at = int(bad.argmax())
    what = "a node that does not lead on" if child[at] >= 0 else "a leaf that there is not"
    raise ValueError(
        f"{what}: tree {tree[at]}, node {own[at]} names the child {child[at]}, which must be a later node or ~leaf of its "
        "tree"
    )


def _check_depth(
    left: NDArray[np.int64], right: NDArray[np.int64], roots: NDArray[np.int64], deepest: int
) -> None:
    level = roots
    for _ in range(deepest):
        if not len(level):
            return
        level = np.concatenate([left[level], right[level]])
        level = level[level < len(left)]
    if len(level):
        raise ValueError(f"a tree of more than {deepest} levels")

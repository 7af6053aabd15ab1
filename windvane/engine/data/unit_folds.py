"""Folds of whole groups, and folds in the order of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.data.split import HOLD_OUT
from windvane.engine.splits import Units

_MOST_BALANCED = 20
"""Strata: of a target of more classes only the sizes of folds are balanced."""


def group_folds(
    groups: Units,
    strata: NDArray[np.int64],
    n_folds: int,
    seed: int,
    share: float,
) -> NDArray[np.int8]:
    """Return the fold in which each row is validated, or -1; all rows of a group are in one. Folds are about equally
    large, and have about the same shares of the strata, as far as whole groups allow.

    groups    (n_rows,) 0, 1, ..; at least as many as folds, and two
    strata    (n_rows,) class index, or quantile of the target
    share     of the rows that HOLD_OUT puts into fold 0
    """
    sizes, random = np.bincount(groups), np.random.default_rng(seed)
    order = random.permutation(sizes.size)
    if n_folds == HOLD_OUT:
        return _held_out(sizes, order, _most_held_out(groups.size, share))[groups]
    n_strata = int(strata.max()) + 1
    if n_strata > _MOST_BALANCED:
        strata, n_strata = np.zeros_like(strata), 1
    counts = np.bincount(groups * n_strata + strata, minlength=sizes.size * n_strata)
    shares = counts.reshape(sizes.size, n_strata) / np.maximum(np.bincount(strata), 1)
    return _balanced(shares, sizes, order[np.argsort(-sizes[order], kind="stable")], n_folds)[
        groups
    ]


def time_folds(times: Units, n_folds: int, share: float) -> NDArray[np.int8]:
    """Return the fold in which each row is validated, or -1 for the earliest rows: stretches of time with about equally many
    rows, fold 0 the latest. Rows of the same time are in one. There are fewer folds if there are too few times.

    times     (n_rows,) 0, 1, ..: the place of a row's time; at least two
    share     of the rows that HOLD_OUT puts into fold 0
    """
    before = np.concatenate([[0], np.cumsum(np.bincount(times))])
    n_rows, n_times = times.size, before.size - 1
    if n_folds == HOLD_OUT:
        goals = np.array([n_rows - _most_held_out(n_rows, share)])
    else:
        goals = np.arange(1, n_folds + 1) * n_rows / (n_folds + 1)
    nearest = np.abs(before[1:n_times, None] - goals).argmin(axis=0) + 1
    cuts = np.unique(nearest)
    stretch = np.searchsorted(cuts, np.arange(n_times), side="right")
    return np.where(stretch == 0, -1, cuts.size - stretch).astype(np.int8)[times]


def _most_held_out(n_rows: int, share: float) -> int:
    return max(1, round(min(share * n_rows, n_rows - 1)))


def _held_out(sizes: NDArray[np.int64], order: NDArray[np.int64], n_rows: int) -> NDArray[np.int8]:
    """Return the fold of each group: 0 for as many by lot as have about so many rows, -1 for the others."""
    fold_of_group = np.full(sizes.size, -1, np.int8)
    fitting = order[sizes[order] <= n_rows]
    held = fitting[np.cumsum(sizes[fitting]) <= n_rows]
    if not held.size:
        held = order[[int(np.argmin(sizes[order]))]]
    fold_of_group[held[: sizes.size - 1]] = 0
    return fold_of_group


def _balanced(
    shares: NDArray[np.float64],
    sizes: NDArray[np.int64],
    order: NDArray[np.int64],
    n_folds: int,
) -> NDArray[np.int8]:
    """Return the fold of each group, the largest groups first: each goes where it leaves the strata most even.

    shares    (n_groups, n_strata) of all rows of a stratum, those that a group has
    """
    fold_of_group = np.zeros(sizes.size, np.int8)
    filled, of_size = np.zeros((n_folds, shares.shape[1])), np.zeros(n_folds)
    n_rows = sizes.sum()
    for place, group in enumerate(order):
        if place < n_folds:
            fold = place  # none is to stay empty
        else:
            fold = int(np.argmin(filled @ shares[group] + of_size * (sizes[group] / n_rows)))
        fold_of_group[group] = fold
        filled[fold] += shares[group]
        of_size[fold] += sizes[group] / n_rows
    return fold_of_group

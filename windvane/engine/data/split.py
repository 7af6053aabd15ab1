"""Folds: which row is validated when.

Classes, and quantiles of a numeric target, are spread evenly; identical rows share a fold, so that no row is
validated by a model that has seen its copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HOLD_OUT = 1
"""Number of folds that stands for one hold-out part."""

HOLD_OUT_SHARE, MOST_HELD_OUT = 0.2, 50_000
N_FOLDS, MOST_ROWS, MOST_CELLS = 5, 50_000, 20_000_000
MOST_REPEATED_ROWS = 5_000
"""Up to so many rows a score hangs so much on which of them fell into one fold that a second division is worth its time."""

COPIES_ARE_ORDINARY = 0.2
"""Share of rows with a copy above which copies are the nature of the table (few columns, few values)."""

N_QUANTILES = 10


def choose_n_folds(n_rows: int, n_features: int) -> int:
    """Return the number of folds of a table, or HOLD_OUT for one so large that nothing is trained on it more than
    once. How many of the folds candidates are scored on is the search's matter (engine/tuning/pacing.py): the first
    one alone is a fifth of the rows, held out."""
    if n_rows > MOST_ROWS or n_rows * n_features > MOST_CELLS:
        return HOLD_OUT
    return N_FOLDS


def choose_n_repeats(n_rows: int, n_folds: int) -> int:
    """Divisions into folds. Whether candidates are scored on more than the first is the search's matter, too."""
    return 2 if n_folds != HOLD_OUT and n_rows <= MOST_REPEATED_ROWS else 1


def held_out_share(n_rows: int) -> float:
    """Return the share of the rows that HOLD_OUT holds out of a table, unless another is asked for."""
    return min(HOLD_OUT_SHARE, MOST_HELD_OUT / n_rows)


def assign_folds(
    strata: NDArray[np.int64],
    row_keys: NDArray[np.uint64],
    n_folds: int,
    seed: int,
    share: float | None = None,
) -> NDArray[np.int8]:
    """Return the fold in which each row is validated, or -1 for rows that are only trained on.

    strata     (n_rows,) class index, or quantile of the target
    row_keys   (n_rows,) equal for identical rows
    n_folds    HOLD_OUT puts a share of every stratum into fold 0 and the rest into none
    share      that is held out; None for what suits the number of rows
    """
    held_out = held_out_share(len(strata)) if share is None else share
    rng = np.random.default_rng(seed)
    folds = np.full(len(strata), -1, dtype=np.int8)
    keys = _grouped(row_keys)
    next_fold = 0
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        folds[rows], next_fold = _spread(keys[rows], held_out, n_folds, next_fold, rng)
    return folds


def target_strata(y: NDArray[np.float64], is_classification: bool) -> NDArray[np.int64]:
    """Return (n_rows,) class index, or decile of a numeric target."""
    if is_classification:
        return y.astype(np.int64)
    edges = np.unique(np.quantile(y, np.linspace(0, 1, N_QUANTILES + 1)[1:-1]))
    return np.searchsorted(edges, y, side="right").astype(np.int64)


def _grouped(row_keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Group numbers: rows of one group stay together. Of many rows it holds little besides the keys."""
    order = np.argsort(row_keys)
    ordered = row_keys[order]
    is_first = np.ones(len(row_keys), np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    del ordered
    sizes = np.diff(np.flatnonzero(is_first), append=len(row_keys))
    if sizes[sizes > 1].sum() / max(1, len(row_keys)) > COPIES_ARE_ORDINARY:
        return np.arange(len(row_keys))
    groups = np.empty(len(row_keys), np.int64)
    groups[order] = np.cumsum(is_first) - 1
    return groups


def _spread(
    groups: NDArray[np.int64], share: float, n_folds: int, first: int, rng: np.random.Generator
) -> tuple[NDArray[np.int8], int]:
    """Return folds of one stratum's rows, and where the next stratum goes on."""
    _, group_of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) == 1:
        # Rows all alike: kept together, they would be missing from training while they are validated.
        group_of_row, sizes = np.arange(len(groups)), np.ones(len(groups), dtype=np.int64)
    n_groups = len(sizes)
    order = rng.permutation(n_groups)
    order = order[np.argsort(-sizes[order], kind="stable")]
    if n_folds == HOLD_OUT:
        return _hold_out(sizes, order, share, rng)[group_of_row], first
    fold_of_group = np.empty(n_groups, dtype=np.int8)
    filled = np.zeros(n_folds, dtype=np.int64)
    n_large = int((sizes > 1).sum())
    for group in order[:n_large]:
        fold = int(np.argmin(np.roll(filled, -first))) + first
        fold_of_group[group] = fold % n_folds
        filled[fold % n_folds] += sizes[group]
    fold_of_group[order[n_large:]], next_fold = _fill(filled, n_groups - n_large, first)
    return fold_of_group[group_of_row], next_fold


def _fill(filled: NDArray[np.int64], n_single: int, first: int) -> tuple[NDArray[np.int8], int]:
    """Return folds of single rows, the emptiest first, until all are level; then in turn, starting at `first`."""
    n_folds = len(filled)
    level = -(-(int(filled.sum()) + n_single) // n_folds)
    room = np.maximum(level - filled, 0)
    turn = (np.arange(n_folds) + first) % n_folds
    places = [np.arange(room[fold]) for fold in turn]
    fold_of_place = np.repeat(turn, room[turn])
    depth = np.concatenate([filled[fold] + place for fold, place in zip(turn, places, strict=True)])
    chosen = fold_of_place[np.argsort(depth, kind="stable")][:n_single]
    spare = (int(filled.sum()) + n_single) % n_folds
    return chosen.astype(np.int8), (first + spare) % n_folds


def _hold_out(
    sizes: NDArray[np.int64],
    order: NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    shuffled = rng.permutation(order)
    wanted = max(1, round(share * int(sizes.sum())))
    reached = np.cumsum(sizes[shuffled])
    held = shuffled[: max(1, int(np.searchsorted(reached, wanted, side="right")))]
    fold_of_group = np.full(len(sizes), -1, dtype=np.int8)
    fold_of_group[held[: len(sizes) - 1]] = 0
    return fold_of_group

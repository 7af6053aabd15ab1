"""One pair of permutations: the columns of a row take over from those of a background row one by one, in some order
and in the reverse of it, and each is credited with the change it makes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, Values

Answer = Callable[[Columns, int], NDArray[np.float64]]
"""Typed columns and their number of rows to (n_rows, n_outputs)."""

_MOST_ROWS = 8_192
_MOST_CELLS = 1_000_000
"""Of rows answered at once."""


def block_size(n_players: int) -> int:
    """Rows that are explained at once."""
    mixed = max(1, 2 * (n_players - 1))
    at_once = min(_MOST_ROWS, _MOST_CELLS // max(1, n_players))
    return max(1, at_once // mixed)


def pair_contributions(
    answer: Answer,
    cells: Columns,
    background: Columns,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    ranks: NDArray[np.intp],
) -> NDArray[np.float64]:
    """(n_rows, n_players, n_outputs): the mean of both directions; a row's values add up to its answer less that of
    the background row.

    cells        of the players, n_rows values each
    background   one row of the same columns
    ends         answers to the background row (n_outputs,) and to the rows (n_rows, n_outputs)
    ranks        (n_rows, n_players) place of each player in the order of its row
    source       Strumbelj and Kononenko 2014, "Explaining prediction models and individual predictions with feature
                 contributions"; Mitchell et al. 2022, "Sampling permutations for Shapley value estimation",
                 section 4.1 (pairs)
    """
    n_rows, n_players = ranks.shape
    reverse = n_players - 1 - ranks
    n_steps = max(0, n_players - 1)
    steps = 1 + np.arange(n_steps)[:, None]
    is_own = np.stack([ranks, reverse], axis=1)[:, :, None, :] < steps
    mixed = _mixed(cells, background, is_own.reshape(n_rows, 2 * n_steps, n_players))
    between = answer(mixed, n_rows * 2 * n_steps) if n_steps else np.empty(0)
    first, last = ends
    path = np.empty((n_rows, 2, n_players + 1, len(first)))
    path[:, :, 0] = first
    path[:, :, 1:-1] = between.reshape(n_rows, 2, n_steps, len(first))
    path[:, :, -1] = last[:, None]
    changes = np.diff(path, axis=2)
    forward = np.take_along_axis(changes[:, 0], ranks[..., None], axis=1)
    backward = np.take_along_axis(changes[:, 1], reverse[..., None], axis=1)
    return np.asarray((forward + backward) / 2)


def _mixed(cells: Columns, background: Columns, is_own: NDArray[np.bool_]) -> dict[str, Values]:
    """(n_rows, n_mixed, n_players) to columns of n_rows * n_mixed values."""
    return {
        name: np.where(is_own[:, :, player], values[:, None], background[name][0]).reshape(-1)
        for player, (name, values) in enumerate(cells.items())
    }

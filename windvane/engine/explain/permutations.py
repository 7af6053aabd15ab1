"""One pair of permutations: the columns of a row take over from those of a background row one by one, in some order
and in the reverse of it, and each is credited with the change it makes. A column that has the same value in both makes none,
and is not asked about: of many columns that are mostly zero, few are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, Values
from windvane.engine.explain.attribution import taken
from windvane.engine.explain.budget import Budget
from windvane.errors import OutOfTime

Answer = Callable[[Columns, int], NDArray[np.float64]]
"""Typed columns and their number of rows to (n_rows, n_outputs)."""

_MOST_ROWS = 8_192
_MOST_CELLS = 1_000_000
"""Of rows answered at once."""

_UNLIMITED = Budget(math.inf)


def pair_contributions(
    answer: Answer,
    cells: Columns,
    background: Columns,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    ranks: NDArray[np.intp],
    budget: Budget = _UNLIMITED,
) -> NDArray[np.float64]:
    """Return (n_rows, n_players, n_outputs): the mean of both directions; a row's values add up to its answer less
    that of the background row.

    cells        of the players, n_rows values each
    background   one row of the same columns
    ends         answers to the background row (n_outputs,) and to the rows (n_rows, n_outputs)
    ranks        (n_rows, n_players) place of each player in the order of its row
    raises       OutOfTime if the budget is over before the last of the rows, some of which are asked about at a time
    source       Strumbelj and Kononenko 2014, "Explaining prediction models and individual predictions with feature
                 contributions"; Mitchell et al. 2022, "Sampling permutations for Shapley value estimation",
                 section 4.1 (pairs)
    """
    first, last = ends
    differs = _differing(cells, background, ranks.shape)
    made = np.zeros((*ranks.shape, len(first)))
    for rows in _blocks(differs):
        if budget.is_over():
            raise OutOfTime("The time limit was too short for a pair of permutations.")
        order = np.argsort(ranks[rows], axis=1)
        some, differing = taken(cells, rows), differs[rows]
        for players in (order, order[:, ::-1]):
            path = _Path(players, differing)
            between = np.empty((0, len(first)))
            if path.n_mixed:
                between = answer(path.mixed(some, background), path.n_mixed)
            made[rows] += path.changes(between, first, last[rows]) / 2
    return made


def _differing(cells: Columns, background: Columns, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (n_rows, n_players): whether a row has another value than the background row; a missing one is like a
    missing one."""
    found = np.empty(shape, bool)
    for player, (name, values) in enumerate(cells.items()):
        other = background[name][0]
        found[:, player] = (values != other) & ((values == values) | (other == other))
    return found


def _blocks(differs: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield rows of which so many are asked about at once as may be; one of them at least."""
    n_rows, n_players = differs.shape
    at_once = min(_MOST_ROWS, _MOST_CELLS // max(1, n_players))
    ends = np.cumsum(differs.sum(axis=1))
    start = 0
    while start < n_rows:
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + at_once, side="right")))
        yield slice(start, end)
        start = end


class _Path:
    """The ways of some rows from the background row, by the columns that differ.

    players   (n_rows, n_players) in the order in which they take over
    differs   (n_rows, n_players) of each player
    """

    def __init__(self, players: NDArray[np.intp], differs: NDArray[np.bool_]) -> None:
        takes_over = np.take_along_axis(differs, players, axis=1)
        place = np.empty_like(players)
        np.put_along_axis(place, players, np.cumsum(takes_over, axis=1), axis=1)
        self._place = place
        self._shape = differs.shape
        self._rows, at = np.nonzero(takes_over)
        self._players = players[self._rows, at]
        self._steps = place[self._rows, self._players]
        self._lengths = takes_over.sum(axis=1)
        self._is_between = self._steps < self._lengths[self._rows]
        self.n_mixed = int(self._is_between.sum())

    def mixed(self, cells: Columns, background: Columns) -> dict[str, Values]:
        """n_mixed rows: those between the background row and each row, without the two."""
        rows, steps = self._rows[self._is_between], self._steps[self._is_between]
        return {
            name: np.where(self._place[rows, player] <= steps, values[rows], background[name][0])
            for player, (name, values) in enumerate(cells.items())
        }

    def changes(
        self,
        between: NDArray[np.float64],
        first: NDArray[np.float64],
        last: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return (n_rows, n_players, n_outputs): what each player changes when it takes over.

        between   (n_mixed, n_outputs) answers to the rows between
        """
        after = last[self._rows]
        after[self._is_between] = between
        before = np.empty_like(after)
        before[1:] = after[:-1]
        before[self._steps == 1] = first
        found = np.zeros((*self._shape, len(first)))
        found[self._rows, self._players] = after - before
        return found

"""How the rows of a table are divided for validation, and into parts for whatever else must not see its own rows.

Three kinds. Rows by lot; whole groups, so that rows of one group are never on both sides; in the order of time, so
that no row is trained on that is later than one that is validated by it. Whatever divides rows asks a `Split`: the
folds of candidates and their training rows, the parts of target encoding, of calibration and of ensembles, samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

N_PARTS = 5
"""Of rows that something is fitted to without their own part."""

Units = NDArray[np.int32]
"""(n_rows,) the number of each row's group, or the place of its time among all times."""


class SplitKind(StrEnum):
    """The ways of dividing rows: by what is kept together, or in order."""

    ROWS = "rows"
    GROUPS = "groups"
    TIME = "time"


@dataclass(frozen=True)
class Split:
    """One table's rows, divided.

    divisions  into folds, each (n_rows,) int8: the fold in which a row is validated, or -1 if in none. By time, fold 0
               has the latest rows, and a fold is trained on the rows of those after it and on those in none
    n_folds    of one division
    units      None for ROWS
    """

    divisions: Sequence[NDArray[np.int8]] = ()
    n_folds: int = 1
    kind: SplitKind = SplitKind.ROWS
    units: Units | None = None

    def validated(self, fold: int) -> NDArray[np.bool_]:
        """Return (n_rows,) the rows of a fold; folds are counted through all divisions."""
        division, place = divmod(fold, self.n_folds)
        return np.asarray(self.divisions[division] == place)

    def training(self, fold: int) -> NDArray[np.bool_]:
        """Return (n_rows,) the rows that the model of a fold may learn from."""
        if self.kind is not SplitKind.TIME:
            return ~self.validated(fold)
        folds = self.divisions[0]
        return np.asarray((folds > fold) | (folds < 0))

    def parts(self, rows: NDArray[np.int64], n_parts: int, seed: int) -> NDArray[np.int64]:
        """Return (rows.size,) the part of each of these rows, for what is fitted to the others: by lot, whole groups by lot,
        or stretches of time. Rows that are all of one group, or of one time, are divided by lot."""
        units = None if self.units is None else self.units[rows]
        if units is not None and units.size and units.min() < units.max():
            return _parts_of_units(units, n_parts, seed, self.kind)
        return np.random.default_rng(seed).permutation(rows.size) % n_parts

    def sample(self, rows: NDArray[np.bool_], n_rows: int, seed: int) -> NDArray[np.bool_]:
        """Return (n_rows,) of the rows that are marked, about as many by lot, and no more; all if they are fewer. Groups
        are taken whole, unless not even one is small enough."""
        places = np.flatnonzero(rows)
        if places.size <= n_rows:
            return rows
        chosen, random = np.zeros_like(rows), np.random.default_rng(seed)
        if self.kind is SplitKind.GROUPS and self.units is not None:
            drawn = _whole_groups(self.units[places], n_rows, random)
            if drawn.any():
                chosen[places[drawn]] = True
                return chosen
        chosen[random.choice(places, n_rows, replace=False)] = True
        return chosen

    def parts_of_one_fold(self, seed: int) -> NDArray[np.int64] | None:
        """Return (n_rows,) the parts of the rows of fold 0, for what is fitted to its predictions alone; 0 elsewhere. None if
        rows may be dealt in turn."""
        if self.kind is SplitKind.ROWS:
            return None
        rows = np.flatnonzero(self.validated(0))
        dealt = np.zeros(self.divisions[0].size, np.int64)
        dealt[rows] = self.parts(rows, N_PARTS, seed)
        return dealt


def honest_parts(
    folds: NDArray[np.integer], dealt: NDArray[np.integer] | None = None
) -> NDArray[np.integer]:
    """Return the parts of out-of-fold predictions that thresholds, temperatures and weights are fitted without: the folds
    themselves; of rows of a single fold a few parts instead.

    dealt    (n_rows,) those of a single fold, as `Split.parts_of_one_fold` has them; None deals rows in turn
    """
    if np.unique(folds).size > 1:
        return folds
    if dealt is not None and np.unique(dealt).size > 1:
        return dealt
    return np.arange(folds.size) % N_PARTS


def _parts_of_units(units: Units, n_parts: int, seed: int, kind: SplitKind) -> NDArray[np.int64]:
    _, of_row, sizes = np.unique(units, return_inverse=True, return_counts=True)
    if kind is SplitKind.GROUPS:
        return np.asarray(np.random.default_rng(seed).permutation(sizes.size)[of_row] % n_parts)
    middles = np.cumsum(sizes) - sizes / 2
    stretch = (middles * n_parts / units.size).astype(np.int64)
    if stretch[0] == stretch[-1]:
        stretch = np.minimum(np.arange(sizes.size), n_parts - 1)
    return np.asarray(stretch[of_row])


def _whole_groups(groups: Units, n_rows: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return (groups.size,) the rows of groups that together have at most so many rows."""
    _, of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = random.permutation(sizes.size)
    order = order[sizes[order] <= n_rows]
    taken = np.zeros(sizes.size, np.bool_)
    taken[order[np.cumsum(sizes[order]) <= n_rows]] = True
    return np.asarray(taken[of_row])

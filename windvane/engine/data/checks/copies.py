"""Rows that are equal by their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Copies:
    """Groups of equal rows, of two and more.

    order    positions of their rows, those of a group side by side
    starts   (n_groups,) places in `order` where groups begin
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, keys: NDArray[np.uint64]) -> Self:
        """Find the rows that occur more than once.

        keys    (n_rows,) equal for equal rows
        """
        order = np.argsort(keys)
        ordered = keys[order]
        is_start = np.ones(len(keys), np.bool_)
        is_start[1:] = ordered[1:] != ordered[:-1]
        has_copies = ~is_start
        has_copies[:-1] |= ~is_start[1:]
        return cls(order[has_copies], np.flatnonzero(is_start[has_copies]))

    @property
    def n_copies(self) -> int:
        """Rows that repeat another one."""
        return len(self.order) - len(self.starts)

    def sizes(self) -> NDArray[np.int64]:
        """Return (n_groups,) rows"""
        return np.diff(self.starts, append=len(self.order))

    def differing(self, values: NDArray[np.float64] | NDArray[np.int8]) -> NDArray[np.int64]:
        """Return positions of the rows in whose group `values` (n_rows,) are not all the same, a group after another."""
        if not self.n_copies:
            return np.empty(0, np.int64)
        ordered = values[self.order]
        least = np.minimum.reduceat(ordered, self.starts)
        most = np.maximum.reduceat(ordered, self.starts)
        rows: NDArray[np.int64] = self.order[np.repeat(least != most, self.sizes())]
        return rows

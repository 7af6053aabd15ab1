"""Mean and standard error of numbers that come one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class RunningMean:
    """The running mean of arrays of one shape.

    source    Welford 1962, "Note on a method for calculating corrected sums of squares and products"
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.n = 0
        self.mean = np.zeros(shape)
        self._squares = np.zeros(shape)

    def add(self, sample: NDArray[np.float64]) -> None:
        self.n += 1
        away = sample - self.mean
        self.mean += away / self.n
        self._squares += away * (sample - self.mean)

    def error(self) -> NDArray[np.float64]:
        """Return standard error of the mean; infinite before there are two samples."""
        if self.n < 2:
            return np.full_like(self.mean, np.inf)
        return np.asarray(np.sqrt(self._squares / (self.n - 1) / self.n))

"""Quantiles of numbers that are in order already: many columns of few rows, where asking NumPy costs more than the answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def quantiles_of_sorted(values: NDArray[np.float64], shares: ArrayLike) -> NDArray[np.float64]:
    """Return what `numpy.quantile` answers, by its default method.

    values   (n,) at least one number, rising, without NaN
    shares   (k,) from 0 to 1
    returns  (k,)
    """
    places = np.asarray(shares, np.float64) * (len(values) - 1)
    before = places.astype(np.intp)
    part = places - before
    low, high = values[before], values[np.minimum(before + 1, len(values) - 1)]
    step = high - low
    return np.where(part < 0.5, low + step * part, high - step * (1 - part))

"""Statistics of what is known of arrays in which NaN is a missing value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def mean_of_known(x: Floats, axis: int, *, keepdims: bool = False) -> Floats:
    """Return means along an axis; NaN where nothing is known, which is no cause for a warning here."""
    is_known = np.isfinite(x)
    counts = is_known.sum(axis=axis, keepdims=keepdims)
    sums = np.where(is_known, x, 0.0).sum(axis=axis, keepdims=keepdims)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def spread_of_known(x: Floats) -> Floats:
    """Return (n,) standard deviations of rows; 0 for less than two values."""
    centre = mean_of_known(x, 1, keepdims=True)
    variance = mean_of_known((x - centre) ** 2, 1)
    return np.sqrt(np.nan_to_num(variance))

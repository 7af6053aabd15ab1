"""Fills missing values of one column of many series, each by its own statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import Fill, FillMethod
from windvane.engine.forecasting.grid import Steps

Floats = NDArray[np.float64]


def fill(
    values: Floats, where: NDArray[np.bool_], series: Steps, n_series: int, how: Fill
) -> Floats:
    """Return the values with those chosen filled.

    values    (n_values,) NaN for what is missing
    where     (n_values,) what to fill; what is not missing stays as it is
    series    (n_values,) the series that each belongs to, ascending
    how       a statistic is that of the known values of the same series, 0 if it has none
    """
    where = where & np.isnan(values)
    if how.method is FillMethod.NAN or not where.any():
        return values
    each = _by_series(values, series, n_series, how)
    made = values.copy()
    made[where] = each[series[where]]
    return made


def _by_series(values: Floats, series: Steps, n_series: int, how: Fill) -> Floats:
    if how.method in (FillMethod.ZERO, FillMethod.VALUE):
        return np.full(n_series, how.value if how.method is FillMethod.VALUE else 0.0)
    is_known = np.isfinite(values)
    known, of = values[is_known], series[is_known]
    counts = np.bincount(of, minlength=n_series)
    if how.method is FillMethod.MEAN:
        return np.bincount(of, known, n_series) / np.maximum(counts, 1)
    order = np.lexsort((known, of))
    ranked = np.append(known[order], 0.0)
    ends = np.cumsum(counts)
    begins = ends - counts
    low, high = {
        FillMethod.MIN: (begins, begins),
        FillMethod.MAX: (ends - 1, ends - 1),
        FillMethod.MEDIAN: (begins + (counts - 1) // 2, begins + counts // 2),
    }[how.method]
    made = (ranked[np.maximum(low, 0)] + ranked[np.maximum(high, 0)]) / 2
    return np.where(counts > 0, made, 0.0)

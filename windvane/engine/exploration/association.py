"""How strongly two columns go together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""Categories as 0, 1, ...; -1 where missing."""


def pearson(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation coefficients of each two columns over the rows in which both are there.

    X         (n_rows, n_columns), missing as NaN
    returns   (n_columns, n_columns); NaN where two rows or more are wanting, or a column is constant in them
    """
    is_there = ~np.isnan(X)
    Z, M = _standardised(X, is_there), is_there.astype(np.float64)
    n = M.T @ M
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = (Z.T @ M) / n
        spread = ((Z * Z).T @ M) / n - sums**2
        # What is left of a constant after rounding is no spread.
        spread[spread < 1e-12] = np.nan
        covariance = (Z.T @ Z) / n - sums * sums.T
        r = covariance / np.sqrt(spread * spread.T)
    return np.clip(r, -1, 1)


def _standardised(X: NDArray[np.float64], is_there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return columns with mean 0 and standard deviation 1 (0 if constant), 0 where missing."""
    filled = np.where(is_there, X, 0.0)
    largest = np.abs(filled).max(axis=0, initial=0)
    filled /= np.where(largest > 0, largest, 1)
    n = np.maximum(is_there.sum(axis=0), 1)
    centred = np.where(is_there, filled - filled.sum(axis=0) / n, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / n)
    scaled: NDArray[np.float64] = centred / np.where(deviation > 1e-12, deviation, np.inf)
    return scaled


def cramers_v(a: Codes, b: Codes) -> float:
    """Association of two categories, 0 to 1, corrected for what chance alone makes of many categories; NaN if one of
    them is constant.

    source    Bergsma 2013, "A bias-correction for Cramér's V and Tschuprow's T"
    """
    both = (a >= 0) & (b >= 0)
    n = int(both.sum())
    rows, columns = _numbered(a[both]), _numbered(b[both])
    n_rows, n_columns = rows.max(initial=-1) + 1, columns.max(initial=-1) + 1
    if min(n_rows, n_columns) < 2:
        return math.nan
    counts = np.bincount(rows * n_columns + columns, minlength=n_rows * n_columns)
    observed = counts.reshape(n_rows, n_columns).astype(np.float64)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / n
    phi2 = float(((observed - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi2 - (n_rows - 1) * (n_columns - 1) / (n - 1))
    least = min(k - (k - 1) ** 2 / (n - 1) for k in (n_rows, n_columns)) - 1
    return min(1.0, math.sqrt(corrected / least)) if least > 0 else math.nan


def correlation_ratio(codes: Codes, x: NDArray[np.float64]) -> float:
    """Return how much of the spread of numbers the means of categories explain, 0 to 1 as a correlation, corrected for the
    number of categories; NaN if there is nothing to explain or to explain it by.

    x         (n_rows,) missing as NaN
    source    Kelley 1935, "An unbiased correlation ratio measure"
    """
    both = (codes >= 0) & ~np.isnan(x)
    groups, told = _numbered(codes[both]), _standardised(x[both, None], both[both, None])[:, 0]
    n, n_groups = len(told), int(groups.max(initial=-1)) + 1
    total = float((told**2).sum())
    if n_groups < 2 or n <= n_groups or total == 0:
        return math.nan
    sums = np.bincount(groups, told)
    between = float((sums**2 / np.bincount(groups)).sum())
    unexplained = (1 - between / total) * (n - 1) / (n - n_groups)
    return math.sqrt(min(1.0, max(0.0, 1 - unexplained)))


def _numbered(codes: Codes) -> Codes:
    """Return the same groups as 0, 1, ... without a number that does not occur."""
    _, numbered = np.unique(codes, return_inverse=True)
    return numbered.astype(np.int64)

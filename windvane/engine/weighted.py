"""Means, medians and spreads of rows that count for more or less; without weights, NumPy's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Weight = NDArray[np.float64] | None
"""(n_rows,) >= 0, not all 0: what each row counts for; None if all count alike."""


def taken(weight: Weight, rows: NDArray[Any] | slice) -> Weight:
    """Return those of some rows."""
    return None if weight is None else weight[rows]


def mean(values: NDArray[Any], weight: Weight = None) -> float:
    """Return the weighted mean of (n_rows,); of equal values exactly that value."""
    if weight is None:
        return float(np.mean(values))
    if not len(values):
        return float("nan")
    apart = np.asarray(values, np.float64) - float(values[0])
    return float(values[0]) + float(apart @ weight / weight.sum())


def deviation(values: NDArray[Any], weight: Weight = None) -> float:
    """Return the standard deviation of (n_rows,) about their mean."""
    if weight is None:
        return float(np.std(values))
    return float(np.sqrt(mean((values - mean(values, weight)) ** 2, weight)))


def quantiles(values: Floats, shares: tuple[float, ...], weight: Weight = None) -> Floats:
    """Return (n_shares,) of (n_rows,), at least one: between neighbouring values in a straight line. Whole weights
    are rows repeated so many times."""
    if weight is None:
        return np.asarray(np.quantile(values, shares))
    order = np.argsort(values, kind="stable")
    ranked, reached = values[order], np.cumsum(weight[order])
    place = np.array(shares) * max(float(reached[-1]) - 1, 0.0)
    first = np.floor(place)
    low, high = (
        ranked[np.minimum(np.searchsorted(reached, at, side="right"), len(ranked) - 1)]
        for at in (first, first + 1)
    )
    return np.asarray(low + (place - first) * (high - low))


def median(values: Floats, weight: Weight = None) -> float:
    if weight is None:
        return float(np.median(values))
    return float(quantiles(values, (0.5,), weight)[0])


def counts(classes: NDArray[np.int64], n_classes: int, weight: Weight = None) -> NDArray[Any]:
    """Return (n_classes,) rows of each class, or what they count for together."""
    return np.bincount(classes, weight, minlength=n_classes)

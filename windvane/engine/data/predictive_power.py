"""How well one column alone predicts the target: 0 not at all, 1 perfectly.

The column is cut into bins, each bin's target is learnt on half of the rows and checked on the other half, so
a column of unique values scores nothing by being unique.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.columns import Values
from windvane.engine.data.quantiles import quantiles_of_sorted

N_BINS = 100
MOST_ROWS = 10_000
MOST_CATEGORIES = 500
_SQUARABLE = 1e100


@dataclass(frozen=True)
class Powers:
    """Prediction powers of a table, measured on `n_rows` of its rows.

    columns   by name, of every feature but free text
    place     of a row's place in the table
    """

    columns: dict[str, float]
    place: float
    n_rows: int


@dataclass(frozen=True)
class _Halves:
    """bins and y to learn from; new_bins and new_y to check against."""

    bins: NDArray[np.int64]
    y: NDArray[np.float64]
    new_bins: NDArray[np.int64]
    new_y: NDArray[np.float64]
    n_classes: int

    @property
    def n_bins(self) -> int:
        return int(max(self.bins.max(), self.new_bins.max())) + 1


def prediction_power(
    values: Values, y: NDArray[np.float64], problem_type: ProblemType, n_classes: int
) -> float:
    """2 AUC - 1 (two classes), share of errors avoided (more classes) or R2 (regression), at least 0.

    values   (n_rows,) in an order that has nothing to do with the target: the first half is learnt from
    """
    values, y = _squarable(values), _squarable(y)
    bins, half = _bins(values), len(y) // 2
    halves = _Halves(bins[:half], y[:half], bins[half:], y[half:], n_classes)
    power = _SCORES[problem_type](halves)
    if problem_type is ProblemType.REGRESSION and values.dtype != object:
        # On either half: one far row in both columns draws a straight line by itself.
        lines = (_line(values[:half], y[:half]), _line(values[half:], y[half:]))
        power = max(power, min(lines))
    return float(np.clip(power, 0.0, 1.0))


def _squarable(values: Values) -> Values:
    """Return the same on a scale on which squares neither overflow nor vanish; only very large and very small numbers are
    changed."""
    if values.dtype == object:
        return values
    largest = float(np.abs(values[~np.isnan(values)]).max(initial=0))
    is_extreme = largest > _SQUARABLE or 0 < largest < 1 / _SQUARABLE
    return values / largest if is_extreme else values


def _bins(values: Values) -> NDArray[np.int64]:
    if values.dtype == object:
        return _category_bins(values)
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(quantiles_of_sorted(np.sort(present), np.linspace(0, 1, N_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, values, side="right")
    return np.where(np.isnan(values), len(edges) + 1, bins).astype(np.int64)


def _category_bins(values: Values) -> NDArray[np.int64]:
    codes: dict[str | None, int] = {}
    for value in values:
        if value not in codes and len(codes) < MOST_CATEGORIES:
            codes[value] = len(codes)
    return np.array([codes.get(value, MOST_CATEGORIES) for value in values], dtype=np.int64)


def _binary(halves: _Halves) -> float:
    y = halves.new_y
    n_positive = y.sum()
    if n_positive in (0, len(y)):
        return 0.0
    scores = _means(halves)[halves.new_bins]
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    rank_sum = ranks[y == 1].sum()
    n_negative = len(y) - n_positive
    auc = (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)
    return float(2 * auc - 1)


def _multiclass(halves: _Halves) -> float:
    n_bins, n_classes, y = halves.n_bins, halves.n_classes, halves.y.astype(np.int64)
    if n_bins * n_classes > 5_000_000:
        return 0.0
    totals = np.bincount(y, minlength=n_classes)
    counts = np.bincount(halves.bins * n_classes + y, minlength=n_bins * n_classes)
    # A touch of the overall frequencies decides for bins without rows.
    guess = (counts.reshape(n_bins, n_classes) + 1e-6 * totals).argmax(axis=1)
    error = (guess[halves.new_bins] != halves.new_y).mean()
    base = (totals.argmax() != halves.new_y).mean()
    return float(1 - error / base) if base > 0 else 0.0


def _regression(halves: _Halves) -> float:
    predicted = _means(halves)[halves.new_bins]
    spread = ((halves.new_y - halves.y.mean()) ** 2).sum()
    return float(1 - ((halves.new_y - predicted) ** 2).sum() / spread) if spread > 0 else 0.0


def _line(values: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Squared correlation: bins blur what a straight line tells exactly."""
    present = ~np.isnan(values)
    x, told = values[present], y[present]
    if len(x) < 0.5 * len(y) or np.ptp(x) == 0 or np.ptp(told) == 0:
        return 0.0
    return float(np.corrcoef(x, told)[0, 1] ** 2) * len(x) / len(y)


def _means(halves: _Halves) -> NDArray[np.float64]:
    """Return (n_bins,) mean target, drawn to the overall mean by the weight of one row."""
    sums = np.bincount(halves.bins, weights=halves.y, minlength=halves.n_bins) + halves.y.mean()
    means: NDArray[np.float64] = sums / (np.bincount(halves.bins, minlength=halves.n_bins) + 1)
    return means


_SCORES: dict[ProblemType, Callable[[_Halves], float]] = {
    ProblemType.BINARY: _binary,
    ProblemType.MULTICLASS: _multiclass,
    ProblemType.REGRESSION: _regression,
}

"""Prediction intervals of a regression, from what predictions of this size were off by on rows that the model had not
seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.metrics import Floats, Indices

LEVELS = (0.5, 0.8, 0.95)
"""Shares of rows that intervals are to hold."""

_MOST_BINS = 10
_LEAST_ROWS = 80
"""Of a bin: twice as many as the interval of 95 % needs to have a row beyond each of its ends."""


@dataclass(frozen=True)
class Intervals:
    """Residuals (actual minus predicted) by bin of the prediction.

    edges      (n_bins - 1,) predictions at which the next bin begins
    low, high  (n_bins, n_levels) quantiles of the residuals: an interval is the prediction plus these
    """

    edges: Floats
    low: Floats
    high: Floats

    def bins(self, predicted: Floats) -> Indices:
        """Return (n_rows,) the bin of each prediction."""
        return np.searchsorted(self.edges, predicted, side="right")

    def hold(self, y: Floats, predicted: Floats) -> NDArray[np.bool_]:
        """Return (n_rows, n_levels) whether the interval holds the actual value."""
        bins, residuals = self.bins(predicted), (y - predicted)[:, None]
        return np.asarray((self.low[bins] <= residuals) & (residuals <= self.high[bins]))


@dataclass(frozen=True)
class Coverage:
    """The coverage of intervals on rows that they were not made from.

    share    (n_levels,) of rows inside
    width    (n_levels,) mean width, in units of the target
    """

    share: Floats
    width: Floats


def fit_intervals(y: Floats, predicted: Floats) -> Intervals:
    """Quantiles at k / (n + 1), which hold a new row with the probability that they name; where a bin has too few rows
    for a level, its most extreme ones.

    y, predicted    (n_rows,), n_rows >= 1
    source          Vovk, Gammerman, Shafer 2005, "Algorithmic learning in a random world", on inductive conformal
                    predictors; bins as in Mondrian ones
    """
    n_bins = int(np.clip(y.size // _LEAST_ROWS, 1, _MOST_BINS))
    # Predictions themselves: between two of them a bin could be empty.
    edges = np.unique(np.quantile(predicted, np.arange(1, n_bins) / n_bins, method="higher"))
    edges = edges[edges > predicted.min()]
    bins = np.searchsorted(edges, predicted, side="right")
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], np.arange(1, edges.size + 1))
    tails = (1 - np.array(LEVELS)) / 2
    quantiles = np.stack(
        [
            np.quantile(part, np.concatenate((tails, 1 - tails)), method="weibull")
            for part in np.split((y - predicted)[order], starts)
        ]
    )
    return Intervals(edges, quantiles[:, : tails.size], quantiles[:, tails.size :])


def cross_coverage(judged: Judged) -> Coverage | None:
    """Return how well intervals hold: those of each part are made from the other parts. None if there is one part only."""
    parts = judged.parts
    names = np.unique(parts)
    if names.size < 2:
        return None
    inside = np.zeros(len(LEVELS))
    widths = np.zeros(len(LEVELS))
    for part in names:
        here = parts == part
        intervals = fit_intervals(judged.y[~here], judged.predicted[~here])
        inside += intervals.hold(judged.y[here], judged.predicted[here]).sum(axis=0)
        bins = intervals.bins(judged.predicted[here])
        widths += (intervals.high - intervals.low)[bins].sum(axis=0)
    return Coverage(inside / judged.n_rows, widths / judged.n_rows)

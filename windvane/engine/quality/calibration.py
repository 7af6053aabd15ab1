"""Calibration curve: of rows that were given about the same probability, the share that came true."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.scoring.metrics import Floats, Indices

N_BINS = 10

_Z = 1.959964
"""Standard deviations of a normal mean that hold 95 % of it on both sides together."""


@dataclass(frozen=True)
class Reliability:
    """Rows in bins of about the same size by their probability, equal probabilities together.

    counts       (n_bins,) rows
    predicted    (n_bins,) their mean probability
    observed     (n_bins,) the share of them that came true
    low, high    (n_bins,) 95 % interval of what would come true of very many such rows
    brier        mean squared difference of probability and truth
    by_chance    about the expected calibration error that so many rows would still show if probabilities were right
    """

    counts: Indices
    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    brier: float
    by_chance: float

    @property
    def expected_error(self) -> float:
        """Expected calibration error: by how much probability and share differ, on average over rows.

        source    Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning"; with
                  bins of equal size
        """
        return float(self.counts @ np.abs(self.predicted - self.observed) / self.counts.sum())


def reliability(
    probabilities: Floats, came_true: NDArray[np.bool_], n_bins: int = N_BINS
) -> Reliability:
    """Return the calibration curve.

    probabilities   (n_rows,) of an event
    came_true       (n_rows,) whether it happened
    n_bins          at most; fewer where many rows have the same probability
    source          the interval: Wilson 1927, "Probable inference, the law of succession, and statistical inference"
    """
    edges = np.quantile(probabilities, np.arange(1, n_bins) / n_bins)
    bins = np.searchsorted(edges, probabilities)
    counts = np.bincount(bins, minlength=n_bins)
    sums = np.bincount(bins, probabilities, minlength=n_bins)
    hits = np.bincount(bins, came_true, minlength=n_bins)
    filled = counts > 0
    counts, observed = counts[filled], hits[filled] / counts[filled]
    predicted = sums[filled] / counts
    low, high = _wilson(observed, counts)
    noise = np.sqrt(np.clip(predicted * (1 - predicted), 0, None) / counts)
    return Reliability(
        counts=counts,
        predicted=predicted,
        observed=observed,
        low=low,
        high=high,
        brier=float(np.mean((probabilities - came_true) ** 2)),
        by_chance=float(counts @ noise / counts.sum()) * math.sqrt(2 / math.pi),
    )


def _wilson(shares: Floats, counts: Indices) -> tuple[Floats, Floats]:
    middle = shares + _Z**2 / (2 * counts)
    reach = _Z * np.sqrt(shares * (1 - shares) / counts + _Z**2 / (4 * counts**2))
    whole = 1 + _Z**2 / counts
    return np.maximum(0.0, (middle - reach) / whole), np.minimum(1.0, (middle + reach) / whole)

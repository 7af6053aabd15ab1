"""By how much a regression is off: residuals, actual minus predicted, in bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.engine.scoring.metrics import Floats, Indices

N_BINS = 30
_TAIL = 0.005
"""Share of rows on each side that a histogram does not stretch for."""

_LEAST_WIDTH = 1e-6
"""Of a histogram, relative to the residuals in it."""

MOST_POINTS = 1_000
"""Of a picture."""


@dataclass(frozen=True)
class Histogram:
    """A histogram of residuals.

    counts    (n_bins,) rows;  edges    (n_bins + 1,)
    below, above    rows beyond its ends
    """

    counts: Indices
    edges: Floats
    below: int
    above: int


def histogram(residuals: Floats, n_bins: int = N_BINS) -> Histogram:
    """Bins of the same width over all but the most extreme residuals."""
    low = np.quantile(residuals, _TAIL, method="lower")
    high = np.quantile(residuals, 1 - _TAIL, method="higher")
    counts, edges = np.histogram(residuals, n_bins, range=_with_width(float(low), float(high)))
    return Histogram(
        counts.astype(np.int64),
        edges,
        int(np.sum(residuals < edges[0])),
        int(np.sum(residuals > edges[-1])),
    )


def _with_width(low: float, high: float) -> tuple[float, float]:
    """Return the range, widened if it is too narrow for edges that differ; one of noughts is widened by numpy."""
    size = max(abs(low), abs(high))
    if high - low > _LEAST_WIDTH * size:
        return low, high
    reach = _LEAST_WIDTH * size
    return low - reach, high + reach


def spread_points(predicted: Floats) -> Indices:
    """Return at most MOST_POINTS rows, the lowest and the highest prediction among them, evenly spread in rank."""
    order = np.argsort(predicted, kind="stable")
    n_points = min(MOST_POINTS, predicted.size)
    return order[np.linspace(0, predicted.size - 1, n_points).round().astype(np.int64)]

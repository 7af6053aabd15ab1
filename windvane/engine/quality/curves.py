"""Curves of a ranking: ROC, precision-recall, gain and lift.

All come from the same counts: rows in order of falling probability of the positive class, rows of the same
probability taken together, as no threshold can part them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.metrics import Floats, Indices

MOST_POINTS = 200
"""Of a curve that is shown or stored."""

TENTHS = np.arange(1, 11) / 10


@dataclass(frozen=True)
class Ranking:
    """Counts above each threshold that makes a difference, the highest first.

    thresholds   (n_steps,) falling probabilities
    hits         (n_steps,) positive rows from the threshold upwards
    alarms       (n_steps,) negative rows likewise
    """

    thresholds: Floats
    hits: Indices
    alarms: Indices

    @property
    def n_positive(self) -> int:
        return int(self.hits[-1])

    @property
    def n_negative(self) -> int:
        return int(self.alarms[-1])

    @property
    def has_both(self) -> bool:
        """Whether there are rows of both classes, without which there is no curve."""
        return self.n_positive > 0 and self.n_negative > 0


@dataclass(frozen=True)
class Curve:
    """A curve of a binary classifier.

    x, y    (n_points,) from left to right
    """

    x: Floats
    y: Floats


def ranking(judged: Judged) -> Ranking:
    order = np.argsort(-judged.positive, kind="stable")
    ranked, hits = judged.positive[order], np.cumsum(judged.truth[order])
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return Ranking(ranked[last_of_tie], hits[last_of_tie], last_of_tie + 1 - hits[last_of_tie])


def roc(ranked: Ranking) -> Curve:
    """Return the ROC curve: false positive rate and true positive rate, from (0, 0) to (1, 1)."""
    return Curve(
        np.append(0.0, ranked.alarms / ranked.n_negative),
        np.append(0.0, ranked.hits / ranked.n_positive),
    )


def precision_recall(ranked: Ranking) -> Curve:
    """Recall and precision, from (0, 1), where nothing is predicted positive, to recall 1."""
    precision = ranked.hits / (ranked.hits + ranked.alarms)
    return Curve(
        np.append(0.0, ranked.hits / ranked.n_positive),
        np.append(1.0, precision),
    )


def average_precision(ranked: Ranking) -> float:
    """Return the area under the precision-recall curve as a sum of steps: straight lines between its points would
    promise what no threshold reaches. NaN without rows of both classes.

    source    Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves", section 4;
              scikit-learn's user guide on average precision
    """
    if not ranked.has_both:
        return float("nan")
    curve = precision_recall(ranked)
    return float(np.diff(curve.x) @ curve.y[1:])


def gain(ranked: Ranking) -> Curve:
    """Return the gain curve: of the likeliest tenth of the rows, two tenths, and so on, the share of all positive rows
    that is in it. Rows of the same probability count as if in random order. Ends at (1, 1)."""
    n_rows = ranked.n_positive + ranked.n_negative
    taken = np.append(0, ranked.hits + ranked.alarms)
    hits = np.append(0, ranked.hits)
    return Curve(TENTHS, np.interp(TENTHS * n_rows, taken, hits) / ranked.n_positive)


def lift(ranked: Ranking) -> Curve:
    """Return how many times as many positive rows as among as many rows drawn by lot. Ends at (1, 1)."""
    gained = gain(ranked)
    return Curve(gained.x, gained.y / gained.x)


def thinned(curve: Curve) -> Curve:
    """Return at most MOST_POINTS points of a curve, its ends among them: half of them evenly spread along x, half along
    its length, where precision of a few rows goes up and down most."""
    if curve.x.size <= MOST_POINTS:
        return curve
    length = np.append(0.0, np.cumsum(np.abs(np.diff(curve.x)) + np.abs(np.diff(curve.y))))
    kept = np.union1d(_evenly_along(curve.x), _evenly_along(length))
    return Curve(curve.x[kept], curve.y[kept])


def _evenly_along(way: Floats) -> Indices:
    """Return places at even steps of a rising way, the first and the last among them."""
    stops = np.linspace(way[0], way[-1], MOST_POINTS // 2)[1:-1]
    return np.concatenate(([0], np.searchsorted(way, stops), [way.size - 1]))

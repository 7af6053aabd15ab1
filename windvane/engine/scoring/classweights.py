"""Decisions among many classes for objectives that count every class alike: probabilities are multiplied by a weight of
each class before the most probable one is taken. Where classes are rare, the most probable class is seldom one of them,
and such objectives want them found.

The weights are found by coordinate ascent on the objective itself: from those that count all classes alike, each
class's weight in turn is set to the best of a few factors.

source    Lipton, Elkan, Naryanaswamy 2014, "Optimal thresholding of classifiers to maximize F1 measure": the best
          decisions are by weights of classes; coordinate ascent as in Narasimhan et al. 2015, "Consistent multiclass
          algorithms for complex performance measures", is the usual way to them
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.scoring.metrics import METRICS, Floats, Indices
from windvane.engine.weighted import Weight, counts, taken


def _f1_macro(hits: Floats, rows: Floats, answers: Floats) -> float:
    known = rows + answers > 0
    return float((2 * hits[known] / (rows + answers)[known]).mean())


def _recall_macro(hits: Floats, rows: Floats, answers: Floats) -> float:
    known = rows + answers > 0
    return float((hits[known] / np.maximum(rows[known], 1e-300)).mean())


def _balanced_accuracy(hits: Floats, rows: Floats, _: Floats) -> float:
    return float((hits[rows > 0] / rows[rows > 0]).mean())


_TUNED: dict[MetricName, Callable[[Floats, Floats, Floats], float]] = {
    MetricName.F1_MACRO: _f1_macro,
    MetricName.RECALL_MACRO: _recall_macro,
    MetricName.BALANCED_ACCURACY: _balanced_accuracy,
}
"""Of the hits, rows and answers of each class, as engine/scoring/metrics.py has them. Precision alone is made the most of
by hardly ever answering a class."""

_TEMPERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Powers of the classes' rates that weights begin with: as they come, ... , as if all classes were as frequent."""

_FACTORS = np.exp(np.linspace(-1.2, 1.2, 9))
_PASSES = 2
_MOST_ROWS = 10_000

ClassWeights = tuple[float, ...]
"""(n_classes,) above 0; () where the most probable class is taken."""


def are_tuned(metric: MetricName, n_classes: int) -> bool:
    """Return whether this objective chooses weights of classes."""
    return n_classes > 2 and metric in _TUNED


def weighed(probabilities: Floats, weights: ClassWeights) -> Indices:
    """Return (n_rows,) the classes decided; of equal ones the first."""
    told = probabilities * np.array(weights) if weights else probabilities
    return np.asarray(told.argmax(axis=1), np.int64)


def best_class_weights(
    metric: MetricName, y: Floats, probabilities: Floats, weight: Weight = None
) -> ClassWeights:
    """Return the weights that make the most of a tuned metric on these rows, their geometric mean 1; () if taking the most
    probable class is as good, or there are none of them.

    y               (n_rows,) class indices
    probabilities   (n_rows, n_classes)
    weight          (n_rows,) what each row counts for
    """
    if not y.size:
        return ()
    some = slice(None, None, -(-y.size // _MOST_ROWS))
    y, probabilities, weight = y[some], probabilities[some], taken(weight, some)

    truth, n_classes = y.astype(np.int64), probabilities.shape[1]
    rows = counts(truth, n_classes, weight).astype(np.float64)

    def reached(weights: Floats) -> float:
        decided = np.argmax(probabilities * weights, axis=1)
        is_hit = decided == truth
        hits = counts(truth[is_hit], n_classes, taken(weight, is_hit))
        return _TUNED[metric](hits, rows, counts(decided, n_classes, weight))

    rates = np.maximum(rows / rows.sum(), 1 / (2 * y.size))
    found = max((rates**-temper for temper in _TEMPERS), key=reached)
    best = reached(found)
    for _ in range(_PASSES):
        before = best
        for one in range(n_classes):
            for factor in _FACTORS:
                tried = found.copy()
                tried[one] *= factor
                if (now := reached(tried)) > best:
                    found, best = tried, now
        if best == before:
            break
    if best <= reached(np.ones(n_classes)):
        return ()
    return tuple((found / np.exp(np.log(found).mean())).tolist())


def cross_fitted_weighed(
    metric: MetricName,
    y: Floats,
    probabilities: Floats,
    parts: NDArray[np.integer],
    weight: Weight = None,
) -> Indices:
    """Classes by weights that were never chosen on the row itself: each part's come from the other parts. The most
    probable ones if those do no better by the metric.

    parts    (n_rows,) which part a row belongs to, e.g. its fold
    """
    plain = weighed(probabilities, ())
    classes = np.empty_like(plain)
    for part in np.unique(parts):
        inside = parts == part
        found = best_class_weights(
            metric, y[~inside], probabilities[~inside], taken(weight, ~inside)
        )
        classes[inside] = weighed(probabilities[inside], found)
    value = METRICS[metric].value
    told, plainly = (value(y, one.astype(np.float64), weight) for one in (classes, plain))
    return classes if told > plainly else plain

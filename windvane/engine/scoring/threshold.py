"""From probabilities to classes: the decisions that an objective wants, and honest classes for scoring it.

Class 1 of two is predicted where its probability is at least the threshold. Only objectives that trade one
kind of error for another without being maximised by answering always the same get a threshold of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.data.analysis import Analysis
from windvane.engine.scoring.classweights import (
    ClassWeights,
    are_tuned,
    cross_fitted_weighed,
    weighed,
)
from windvane.engine.scoring.metrics import Floats, Indices
from windvane.engine.weighted import Weight, counts, taken

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Decision:
    """The rule by which classes are decided.

    threshold      of two: probability from which on class 1 is predicted
    class_weights  of more: what their probabilities are multiplied by before the highest is taken; () for nothing
    """

    threshold: float = DEFAULT_THRESHOLD
    class_weights: ClassWeights = ()

    def of(self, probabilities: Floats) -> Indices:
        """Return (n_rows, n_classes) probabilities to (n_rows,) class indices; of equal ones the first, but for two
        classes as the threshold says."""
        if probabilities.shape[1] == 2:
            return np.asarray(probabilities[:, 1] >= self.threshold, np.int64)
        return weighed(probabilities, self.class_weights)


def _f1(hit: Floats, false_alarms: Floats, n_positive: float, _n_negative: float) -> Floats:
    return 2 * hit / (hit + false_alarms + n_positive)


def _balanced_accuracy(
    hit: Floats, false_alarms: Floats, n_positive: float, n_negative: float
) -> Floats:
    return (hit / n_positive + 1 - false_alarms / n_negative) / 2


_CURVES: dict[MetricName, Callable[[Floats, Floats, float, float], Floats]] = {
    MetricName.F1: _f1,
    MetricName.BALANCED_ACCURACY: _balanced_accuracy,
}


def is_tuned(metric: MetricName, n_classes: int) -> bool:
    """Return whether this objective chooses a threshold."""
    return n_classes == 2 and metric in _CURVES


def tuned_metric(analysis: Analysis) -> MetricName | None:
    """Return the objective, if a threshold or weights of classes are to be chosen for it; None: classes are decided as
    they come."""
    objective, n_classes = analysis.objective, analysis.n_classes
    is_any_tuned = is_tuned(objective, n_classes) or are_tuned(objective, n_classes)
    return objective if analysis.tune_threshold and is_any_tuned else None


def best_threshold(metric: MetricName, y: Floats, positive: Floats, weight: Weight = None) -> float:
    """Return the threshold that makes the most of a tuned metric on these rows; of equal ones the nearest to 0.5.

    y         (n_rows,) 0 or 1
    positive  (n_rows,) probability of class 1
    weight    (n_rows,) what each row counts for
    returns   a value halfway between neighbouring probabilities; 0.5 if only one class is there
    """
    n_negative, n_positive = counts(y.astype(np.int64), 2, weight).tolist()
    if n_positive == 0 or n_negative == 0:
        return DEFAULT_THRESHOLD
    order = np.argsort(-positive, kind="stable")
    ranked = positive[order]
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    of_hits = y[order] if weight is None else y[order] * weight[order]
    hit = np.cumsum(of_hits)[last_of_tie]
    above = last_of_tie + 1 if weight is None else np.cumsum(weight[order])[last_of_tie]
    reached = _CURVES[metric](hit, above - hit, n_positive, n_negative)
    thresholds = _halfway_down(ranked[last_of_tie])
    best = np.flatnonzero(reached >= reached.max() - 1e-12)
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - DEFAULT_THRESHOLD))]])


def _halfway_down(cuts: Floats) -> Floats:
    """Halfway between each of these falling values and the next; the last goes halfway to 0."""
    below = np.append(cuts[1:], 0.0)
    halfway = (cuts + below) / 2
    return np.where(halfway > below, halfway, cuts)


def decide(probabilities: Floats, threshold: float = DEFAULT_THRESHOLD) -> Indices:
    """Return the predicted classes as `Decision` does, with no weights of classes."""
    return Decision(threshold).of(probabilities)


def cross_fitted_classes(
    metric: MetricName | None,
    y: Floats,
    probabilities: Floats,
    parts: NDArray[np.integer],
    weight: Weight = None,
) -> Indices:
    """Classes whose threshold was never chosen on the row itself: each part's comes from the other parts.

    metric   that the threshold is chosen for; None, or one that wants none: there is none to choose
    parts    (n_rows,) which part a row belongs to, e.g. its fold
    """
    if metric is not None and are_tuned(metric, probabilities.shape[1]):
        return cross_fitted_weighed(metric, y, probabilities, parts, weight)
    if metric is None or not is_tuned(metric, probabilities.shape[1]):
        return decide(probabilities)
    classes = np.empty(y.size, np.int64)
    for part in np.unique(parts):
        inside = parts == part
        without = probabilities[~inside, 1], taken(weight, ~inside)
        threshold = best_threshold(metric, y[~inside], *without)
        classes[inside] = decide(probabilities[inside], threshold)
    return classes

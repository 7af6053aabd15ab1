"""Scores of predictions: every metric of a problem type, with its uncertainty."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.candidates import Score
from windvane.engine.scoring.metrics import METRICS, Basis, Floats, Groups, Indices
from windvane.engine.scoring.threshold import best_threshold, cross_fitted_classes, decide, is_tuned
from windvane.engine.weighted import Weight


def scores(
    problem_type: ProblemType,
    y: Floats,
    predicted: Floats,
    classes: Indices,
    weight: Weight = None,
    groups: Groups = None,
) -> tuple[Score, ...]:
    """Return every metric of the problem type that can be told from these rows.

    y          (n_rows,) target or class index
    predicted  (n_rows,) values or (n_rows, n_classes) probabilities
    classes    (n_rows,) predicted class indices; not looked at for regression
    weight     (n_rows,) what each counts for
    groups     (n_rows,) the group of each, for standard errors
    """
    return tuple(
        one
        for metric in METRICS_OF[problem_type]
        if (one := score(metric, y, predicted, classes, weight, groups)) is not None
    )


def score(
    name: MetricName,
    y: Floats,
    predicted: Floats,
    classes: Indices,
    weight: Weight = None,
    groups: Groups = None,
) -> Score | None:
    """Return one of the metrics; None if these rows do not tell."""
    metric = METRICS[name]
    seen = classes.astype(np.float64) if metric.basis is Basis.CLASSES else predicted
    value = metric.value(y, seen, weight)
    if not math.isfinite(value):
        return None
    error = metric.standard_error(y, seen, weight, groups)
    return Score(name, value, error if math.isfinite(error) else None)


def out_of_fold_classes(
    tuned: MetricName | None,
    y: Floats,
    predicted: Floats,
    parts: NDArray[np.integer],
    weight: Weight = None,
) -> Indices:
    """Return the classes by which out-of-fold predictions are scored: thresholds come from rows of other parts. (n_rows,)
    zeros for regression.

    parts    (n_rows,) as engine/splits.py has them, `honest_parts`
    tuned    the metric that they are chosen for (scoring/threshold.py, `tuned_metric`); None for the usual 0.5
    """
    if predicted.ndim == 1:
        return np.zeros(y.size, np.int64)
    return cross_fitted_classes(tuned, y, predicted, parts, weight)


def row_gains(
    objective: MetricName, y: Floats, predicted: Floats, classes: Indices, weight: Weight = None
) -> Floats:
    """Return (n_rows,) the objective turned so that more is better, plus each row's influence on it: their mean is
    the objective's value on these rows and, to first order, on samples of them."""
    metric = METRICS[objective]
    seen = classes.astype(np.float64) if metric.basis is Basis.CLASSES else predicted
    sign = metric.gain(1.0)
    return np.asarray(sign * (metric.value(y, seen, weight) + metric.influence(y, seen, weight)))


def gain(objective: MetricName, y: Floats, predicted: Floats, weight: Weight = None) -> float:
    """Return the objective on these rows, turned so that more is better, with the best threshold they allow. For
    choosing among predictions, not for reporting."""
    metric = METRICS[objective]
    if metric.basis is not Basis.CLASSES:
        return metric.gain(metric.value(y, predicted, weight))
    threshold = 0.5
    if is_tuned(objective, predicted.shape[1]):
        threshold = best_threshold(objective, y, predicted[:, 1], weight)
    classes = decide(predicted, threshold).astype(np.float64)
    return metric.gain(metric.value(y, classes, weight))

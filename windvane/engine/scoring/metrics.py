"""The metrics of tabular problems: one table from name to definition, each with its standard error.

A metric sees the truth `y`, the `predicted` values or probabilities, and the predicted `classes`. Two classes:
class 1 is the positive one. What a metric cannot say of such rows is NaN, never an error.

Standard errors come from influence functions (the delta method): one number a row, whose standard
deviation over the square root of n is the metric's. For AUC that is DeLong's estimate. Where few rows decide, as
with heavy tails or rare mistakes, they are widened so that two of them hold what two of a normal mean do.

Rows of one group are not drawn one by one: where rows are split by groups, the influences of a group are summed, and a
standard error is that of groups drawn.

With weights a metric is that of rows repeated so many times; its standard error is that of rows drawn with their
weights, so that a few heavy rows say less than many light ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.weighted import Weight, counts, mean, taken

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Groups = NDArray[np.integer] | None
"""(n_rows,) the group of each row; None if each is by itself."""

_EPSILON = np.finfo(np.float64).eps


class Basis(Enum):
    """The part of a prediction that a metric judges."""

    VALUES = "values"
    PROBABILITIES = "probabilities"
    CLASSES = "classes"


class Value(Protocol):
    def __call__(self, y: Floats, predicted: Floats, weight: Weight = None, /) -> float: ...


class Influence(Protocol):
    def __call__(self, y: Floats, predicted: Floats, weight: Weight = None, /) -> Floats: ...


@dataclass(frozen=True)
class Metric:
    """One metric.

    value      (y, predicted, weight) -> the metric
    influence  (y, predicted, weight) -> (n_rows,) influence of each row, with its weight; their mean is 0

    `predicted` is (n_rows,) values, (n_rows, n_classes) probabilities or (n_rows,) class indices, as `basis`
    says. `y` is (n_rows,): the target or the class index. `weight` is (n_rows,), or left out if all rows count alike.
    """

    name: MetricName
    basis: Basis
    value: Value
    influence: Influence

    @property
    def is_minimized(self) -> bool:
        return self.name.is_minimized

    def standard_error(
        self, y: Floats, predicted: Floats, weight: Weight = None, groups: Groups = None
    ) -> float:
        """Return standard deviation of the metric over samples of rows, or of groups, like these. NaN below 2, and where all
        have the same influence, as those of a perfect score: they do not say how the next ones would differ."""
        if y.size < 2:
            return float("nan")
        influence = _of_groups(self.influence(y, predicted, weight), groups)
        if influence.size < 2 or np.ptp(influence) == 0:
            return float("nan")
        return _widening(influence) * float(np.std(influence, ddof=1) / np.sqrt(influence.size))

    def gain(self, value: float) -> float:
        """Return the value turned so that more is better."""
        return -value if self.is_minimized else value


def _of_groups(influence: Floats, groups: Groups) -> Floats:
    """Return the influence of each group on a mean of groups; of rows by themselves as it is.

    source    Liang, Zeger 1986, "Longitudinal data analysis using generalized linear models": variances of sums by cluster
    """
    if groups is None:
        return influence
    _, number = np.unique(groups, return_inverse=True)
    sums = np.bincount(number, influence)
    return np.asarray(sums * (sums.size / influence.size))


def _widening(influence: Floats) -> float:
    """Return how much wider an interval of two standard errors must be for the skewness and the tails of these rows.

    source    Hall 1992, "The Bootstrap and Edgeworth Expansion", section 2.6: the term of order 1/n of the coverage
              of |t| <= z, at z = 2
    """
    z = 2.0
    scaled = (influence - influence.mean()) / influence.std()
    skewness, kurtosis = np.mean(scaled**3), np.mean(scaled**4) - 3
    term = (z**4 + 2 * z**2 - 3) / 18 * skewness**2 - (z**2 - 3) / 12 * kurtosis + (z**2 + 1) / 4
    return 1 + max(0.0, float(term)) / influence.size


def _counted(influence: Floats, weight: Weight) -> Floats:
    """Influences in a mean of all rows from those of rows that all count alike."""
    return influence if weight is None else np.asarray(influence * weight / weight.mean())


# Means of a loss per row


def _mean_of(
    loss: Callable[[Floats, Floats], Floats],
) -> tuple[Value, Influence]:
    def value(y: Floats, predicted: Floats, weight: Weight = None) -> float:
        return mean(loss(y, predicted), weight)

    def influence(y: Floats, predicted: Floats, weight: Weight = None) -> Floats:
        losses = loss(y, predicted)
        return _counted(losses - mean(losses, weight), weight)

    return value, influence


def _squared(y: Floats, values: Floats) -> Floats:
    return np.asarray((y - values) ** 2)


def _absolute(y: Floats, values: Floats) -> Floats:
    return np.abs(y - values)


def _negative_log(y: Floats, probabilities: Floats) -> Floats:
    of_truth = np.take_along_axis(probabilities, y.astype(np.int64)[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.clip(of_truth, _EPSILON, 1 - _EPSILON)))


def _hit(y: Floats, classes: Floats) -> Floats:
    return np.asarray((y == classes).astype(np.float64))


# Functions of means


def _rmse(y: Floats, values: Floats, weight: Weight = None) -> float:
    return float(np.sqrt(mean(_squared(y, values), weight)))


def _rmse_influence(y: Floats, values: Floats, weight: Weight = None) -> Floats:
    squares = _squared(y, values)
    middle = mean(squares, weight)
    if middle == 0:
        return np.zeros_like(squares)
    return _counted((squares - middle) / (2 * np.sqrt(middle)), weight)


def _r2(y: Floats, values: Floats, weight: Weight = None) -> float:
    """1 - residual / total sum of squares; for a constant target 1 if all is exact, else 0."""
    residual, total = _squared(y, values), _squared(y, _middle(y, weight))
    residual, total = (
        one.sum() if weight is None else (one * weight).sum() for one in (residual, total)
    )
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return float(1 - residual / total)


def _r2_influence(y: Floats, values: Floats, weight: Weight = None) -> Floats:
    residual, total = _squared(y, values), _squared(y, _middle(y, weight))
    variance = mean(total, weight)
    if variance == 0:
        return np.zeros_like(total)
    return _counted(mean(residual, weight) * total / variance**2 - residual / variance, weight)


def _middle(y: Floats, weight: Weight) -> Floats:
    return np.asarray(mean(y, weight))


# The area under the ROC curve


def _share_below(values: Floats, others: Floats, weight: Weight) -> Floats:
    """Return for each value the share of the others (with these weights) that is below it; ties count half."""
    if weight is None:
        ordered = np.sort(others)
        below = np.searchsorted(ordered, values, side="left")
        not_above = np.searchsorted(ordered, values, side="right")
        return (below + not_above) / (2 * ordered.size)
    order = np.argsort(others, kind="stable")
    ordered, sums = others[order], np.append(0.0, np.cumsum(weight[order]))
    of_below = sums[np.searchsorted(ordered, values, side="left")]
    of_not_above = sums[np.searchsorted(ordered, values, side="right")]
    return np.asarray((of_below + of_not_above) / (2 * sums[-1]))


def _auc(y: Floats, probabilities: Floats, weight: Weight = None) -> float:
    positive = y == 1
    if positive.all() or not positive.any():
        return float("nan")
    ranked = probabilities[:, 1]
    of_negative = taken(weight, ~positive)
    of_positive = _share_below(ranked[positive], ranked[~positive], of_negative)
    return mean(of_positive, taken(weight, positive))


def _auc_influence(y: Floats, probabilities: Floats, weight: Weight = None) -> Floats:
    """Return the influence of each row on the AUC.

    source    DeLong, DeLong, Clarke-Pearson 1988, "Comparing the areas under two or more ROC curves".
    """
    positive = y == 1
    share_of_positives = mean(positive, weight)
    if share_of_positives in (0, 1):
        return np.full(y.size, np.nan)
    ranked = probabilities[:, 1]
    own, other = taken(weight, positive), taken(weight, ~positive)
    of_positive = _share_below(ranked[positive], ranked[~positive], other)
    of_negative = 1 - _share_below(ranked[~positive], ranked[positive], own)
    influence = np.empty(y.size)
    influence[positive] = (of_positive - mean(of_positive, own)) / share_of_positives
    influence[~positive] = (of_negative - mean(of_negative, other)) / (1 - share_of_positives)
    return _counted(influence, weight)


# Functions of the confusion matrix


@dataclass(frozen=True)
class _ByClass:
    """A figure of one class as a function of the shares of rows that are hit, true and predicted in it; 0
    where it would be 0/0. The three slopes are its partial derivatives."""

    value: Callable[[Floats, Floats, Floats], Floats]
    slopes: Callable[[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)


_RECALL = _ByClass(
    lambda hit, true, _: _ratio(hit, true),
    lambda hit, true, _: (
        _ratio(np.ones_like(true), true),
        -_ratio(hit, true**2),
        np.zeros_like(true),
    ),
)
_PRECISION = _ByClass(
    lambda hit, _, predicted: _ratio(hit, predicted),
    lambda hit, _, predicted: (
        _ratio(np.ones_like(predicted), predicted),
        np.zeros_like(predicted),
        -_ratio(hit, predicted**2),
    ),
)
_F1 = _ByClass(
    lambda hit, true, predicted: _ratio(2 * hit, true + predicted),
    lambda hit, true, predicted: (
        _ratio(np.full_like(true, 2), true + predicted),
        -_ratio(2 * hit, (true + predicted) ** 2),
        -_ratio(2 * hit, (true + predicted) ** 2),
    ),
)


def _shares(y: Floats, classes: Floats, weight: Weight) -> tuple[Floats, Floats, Floats]:
    """Shares of rows hit, true and predicted by class, each (n_classes,), n_classes >= 2."""
    true, predicted = y.astype(np.int64), classes.astype(np.int64)
    n_classes = max(int(true.max(initial=1)), int(predicted.max(initial=1))) + 1
    n_rows = max(y.size, 1) if weight is None else float(weight.sum())
    hit = true == predicted
    return (
        counts(true[hit], n_classes, taken(weight, hit)) / n_rows,
        counts(true, n_classes, weight) / n_rows,
        counts(predicted, n_classes, weight) / n_rows,
    )


_Weights = Callable[[Floats, Floats], Floats]
"""(shares true, shares predicted) -> the weight of each class in the mean, (n_classes,)."""


def _positive_class(true: Floats, _predicted: Floats) -> Floats:
    weights = np.zeros_like(true)
    weights[1] = 1
    return weights


def _seen_or_predicted(true: Floats, predicted: Floats) -> Floats:
    return _even((true + predicted) > 0)


def _seen(true: Floats, _predicted: Floats) -> Floats:
    return _even(true > 0)


def _even(counted: NDArray[np.bool_]) -> Floats:
    weights: Floats = counted / counted.sum()
    return weights


def _mean_by_class(figure: _ByClass, weights: _Weights) -> tuple[Value, Influence]:
    def value(y: Floats, classes: Floats, weight: Weight = None) -> float:
        if y.size == 0:
            return float("nan")
        hit, true, predicted = _shares(y, classes, weight)
        return float(weights(true, predicted) @ figure.value(hit, true, predicted))

    def influence(y: Floats, classes: Floats, weight: Weight = None) -> Floats:
        hit, true, predicted = _shares(y, classes, weight)
        by_hit, by_true, by_predicted = (
            weights(true, predicted) * slope for slope in figure.slopes(hit, true, predicted)
        )
        of_y, of_classes = y.astype(np.int64), classes.astype(np.int64)
        slope = by_true[of_y] + by_predicted[of_classes] + by_hit[of_y] * (of_y == of_classes)
        return _counted(slope - mean(slope, weight), weight)

    return value, influence


_VALUES, _PROBABILITIES, _CLASSES = Basis.VALUES, Basis.PROBABILITIES, Basis.CLASSES

METRICS: dict[MetricName, Metric] = {
    metric.name: metric
    for metric in (
        Metric(MetricName.MSE, _VALUES, *_mean_of(_squared)),
        Metric(MetricName.RMSE, _VALUES, _rmse, _rmse_influence),
        Metric(MetricName.MAE, _VALUES, *_mean_of(_absolute)),
        Metric(MetricName.R2, _VALUES, _r2, _r2_influence),
        Metric(MetricName.LOG_LOSS, _PROBABILITIES, *_mean_of(_negative_log)),
        Metric(MetricName.AUC, _PROBABILITIES, _auc, _auc_influence),
        Metric(MetricName.ACCURACY, _CLASSES, *_mean_of(_hit)),
        Metric(MetricName.BALANCED_ACCURACY, _CLASSES, *_mean_by_class(_RECALL, _seen)),
        Metric(MetricName.F1, _CLASSES, *_mean_by_class(_F1, _positive_class)),
        Metric(MetricName.PRECISION, _CLASSES, *_mean_by_class(_PRECISION, _positive_class)),
        Metric(MetricName.RECALL, _CLASSES, *_mean_by_class(_RECALL, _positive_class)),
        Metric(MetricName.F1_MACRO, _CLASSES, *_mean_by_class(_F1, _seen_or_predicted)),
        Metric(
            MetricName.PRECISION_MACRO, _CLASSES, *_mean_by_class(_PRECISION, _seen_or_predicted)
        ),
        Metric(MetricName.RECALL_MACRO, _CLASSES, *_mean_by_class(_RECALL, _seen_or_predicted)),
    )
}
"""Macro means are over the classes that occur in the truth or in the predictions, balanced accuracy over those
in the truth; a figure of 0/0 counts as 0.

source    scikit-learn's user guide, "Metrics and scoring", with zero_division=0
"""

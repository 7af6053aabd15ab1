"""Quality of a classifier of two classes, as Model Monitor tells it.

A constant answer is judged by the best it could reach in each figure: always the positive class for recall, precision
and F, always the more frequent class for accuracy.

source    Amazon SageMaker's developer guide, "Model quality metrics", binary classification metrics; the curves of gain
          and lift as Autopilot's own reports hold them
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from windvane.domain.problem import MetricName
from windvane.engine.quality.confusion import Confusion, confusion, confusion_json, share
from windvane.engine.quality.curves import (
    Curve,
    average_precision,
    gain,
    lift,
    precision_recall,
    ranking,
    roc,
    thinned,
)
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured, metric_value

_NEGATIVE, _POSITIVE = 0, 1


def _share_positive(found: Confusion) -> float:
    return float(found.actual[_POSITIVE] / found.n_rows)


def _constant_recall(found: Confusion) -> float:
    return 1.0 if found.actual[_POSITIVE] else float("nan")


def _constant_f(found: Confusion, beta: float) -> float:
    positive = _share_positive(found)
    return (1 + beta**2) * positive / (beta**2 * positive + 1)


def _rate(found: Confusion, actual: int, predicted: int) -> float:
    """Return, of the rows of one class, the share predicted to be of another or of the same."""
    return float(share(found.counts[actual], found.actual[[actual]])[predicted])


_OF_COUNTS: dict[str, Callable[[Confusion], float]] = {
    "recall": lambda found: float(found.recall()[_POSITIVE]),
    "precision": lambda found: float(found.precision()[_POSITIVE]),
    "accuracy": lambda found: found.accuracy,
    "f0_5": lambda found: float(found.f(0.5)[_POSITIVE]),
    "f1": lambda found: float(found.f(1)[_POSITIVE]),
    "f2": lambda found: float(found.f(2)[_POSITIVE]),
    "recall_best_constant_classifier": _constant_recall,
    "precision_best_constant_classifier": _share_positive,
    "accuracy_best_constant_classifier": lambda found: float(found.actual.max() / found.n_rows),
    "f0_5_best_constant_classifier": lambda found: _constant_f(found, 0.5),
    "f1_best_constant_classifier": lambda found: _constant_f(found, 1),
    "f2_best_constant_classifier": lambda found: _constant_f(found, 2),
    "true_positive_rate": lambda found: _rate(found, _POSITIVE, _POSITIVE),
    "true_negative_rate": lambda found: _rate(found, _NEGATIVE, _NEGATIVE),
    "false_positive_rate": lambda found: _rate(found, _NEGATIVE, _POSITIVE),
    "false_negative_rate": lambda found: _rate(found, _POSITIVE, _NEGATIVE),
}


def binary_figures(judged: Judged) -> dict[str, float]:
    """Return the figures that statistics.json names."""
    found = confusion(judged)
    return {
        **{name: figure(found) for name, figure in _OF_COUNTS.items()},
        "auc": metric_value(judged, MetricName.AUC),
        "au_prc": average_precision(ranking(judged)),
    }


def binary_metrics(judged: Judged, figures: dict[str, Measured]) -> dict[str, Any]:
    """Return the value of `binary_classification_metrics`; without curves if there are rows of one class only.

    figures    `binary_figures`, measured
    """
    document: dict[str, Any] = {
        "confusion_matrix": confusion_json(confusion(judged), judged.labels)
    }
    document |= {name: figure.to_json() for name, figure in figures.items()}
    ranked = ranking(judged)
    if not ranked.has_both:
        return document
    gained, lifted = gain(ranked), lift(ranked)
    percentages = (100 * gained.x).round().tolist()
    return document | {
        "receiver_operating_characteristic_curve": _named(
            thinned(roc(ranked)), "false_positive_rates", "true_positive_rates"
        ),
        "precision_recall_curve": _named(
            thinned(precision_recall(ranked)), "recalls", "precisions"
        ),
        "gain_curve": {"percentage_of_sample": percentages, "gain_value": gained.y.tolist()},
        "lift_curve": {"percentage_of_sample": percentages, "lift_value": lifted.y.tolist()},
    }


def _named(curve: Curve, x: str, y: str) -> dict[str, list[float]]:
    return {x: curve.x.tolist(), y: curve.y.tolist()}

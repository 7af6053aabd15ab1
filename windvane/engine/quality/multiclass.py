"""Quality of a classifier of many classes, as Model Monitor tells it, and of each class by itself.

Weighted figures are means over classes, each counted as often as it occurs; weighted recall is accuracy by another name.
The best constant answer is the most frequent class, in every figure.

source    Amazon SageMaker's developer guide, "Model quality metrics", multiclass metrics
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from windvane.engine.quality.confusion import Confusion, confusion, confusion_json
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured, measured
from windvane.engine.scoring.metrics import Floats

_BY_CLASS: dict[str, Callable[[Confusion], Floats]] = {
    "precision": Confusion.precision,
    "recall": Confusion.recall,
    "f1": lambda found: found.f(1),
}

_WEIGHTED: dict[str, Callable[[Confusion], Floats]] = {
    "weighted_recall": Confusion.recall,
    "weighted_precision": Confusion.precision,
    "weighted_f0_5": lambda found: found.f(0.5),
    "weighted_f1": lambda found: found.f(1),
    "weighted_f2": lambda found: found.f(2),
}

ClassFigures = dict[tuple[int, str], Measured]
"""(class index, 'precision', 'recall' or 'f1') -> the figure."""


def multiclass_figures(judged: Judged) -> dict[str, float]:
    """Return the figures that statistics.json names."""
    found = confusion(judged)
    constant = _most_frequent_always(found)
    return {
        **_overall(found),
        **{f"{name}_best_constant_classifier": value for name, value in _overall(constant).items()},
    }


def _overall(found: Confusion) -> dict[str, float]:
    weighted = {name: found.weighted(by_class(found)) for name, by_class in _WEIGHTED.items()}
    return {"accuracy": found.accuracy, **weighted}


def _most_frequent_always(found: Confusion) -> Confusion:
    """Return the same rows, all predicted to be of the most frequent class."""
    counts = np.zeros_like(found.counts)
    counts[:, np.argmax(found.actual)] = found.actual
    return Confusion(counts)


def class_figures(judged: Judged) -> ClassFigures:
    """Precision, recall and F1 of each class, where rows tell them."""
    return measured(judged, _of_each_class)


def _of_each_class(judged: Judged) -> dict[tuple[int, str], float]:
    found = confusion(judged)
    return {
        (place, name): float(value)
        for name, by_class in _BY_CLASS.items()
        for place, value in enumerate(by_class(found))
    }


def multiclass_metrics(
    judged: Judged, figures: dict[str, Measured], of_classes: ClassFigures
) -> dict[str, Any]:
    """Return the value of `multiclass_classification_metrics`; `per_class` is our own addition.

    figures      `multiclass_figures`, measured
    of_classes   `class_figures`
    """
    found = confusion(judged)
    return {
        "confusion_matrix": confusion_json(found, judged.labels),
        **{name: figure.to_json() for name, figure in figures.items()},
        "per_class": {
            label: {
                "support": int(found.actual[place]),
                **{
                    name: of_classes[place, name].to_json()
                    for name in _BY_CLASS
                    if (place, name) in of_classes
                },
            }
            for place, label in enumerate(judged.labels)
        },
    }

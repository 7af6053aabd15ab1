"""constraints.json: from which values on Model Monitor reports that a model has become worse.

A figure may fall, or rise, by one standard deviation over folds before that counts. Thresholds of figures without one
are the figures themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from windvane.domain.problem import ProblemType
from windvane.engine.quality.measured import Measured


class Comparison(StrEnum):
    """The comparisons of a value with its threshold."""

    LESS = "LessThanThreshold"
    GREATER = "GreaterThanThreshold"


@dataclass(frozen=True)
class Bound:
    """When a figure of new data is worse than that of the report, for monitoring.

    lowest, highest    that the figure can be at all
    """

    violated_if: Comparison
    lowest: float
    highest: float

    def threshold(self, figure: Measured) -> float:
        slack = figure.standard_deviation or 0.0
        if self.violated_if is Comparison.LESS:
            return max(self.lowest, figure.value - slack)
        return min(self.highest, figure.value + slack)


_INFINITY = float("inf")
_SHARE_OF_RIGHT = Bound(Comparison.LESS, 0.0, 1.0)
_SHARE_OF_WRONG = Bound(Comparison.GREATER, 0.0, 1.0)
_ERROR = Bound(Comparison.GREATER, 0.0, _INFINITY)

_BINARY = {
    "recall": _SHARE_OF_RIGHT,
    "precision": _SHARE_OF_RIGHT,
    "accuracy": _SHARE_OF_RIGHT,
    "true_positive_rate": _SHARE_OF_RIGHT,
    "true_negative_rate": _SHARE_OF_RIGHT,
    "false_positive_rate": _SHARE_OF_WRONG,
    "false_negative_rate": _SHARE_OF_WRONG,
    "auc": _SHARE_OF_RIGHT,
    "au_prc": _SHARE_OF_RIGHT,
    "f0_5": _SHARE_OF_RIGHT,
    "f1": _SHARE_OF_RIGHT,
    "f2": _SHARE_OF_RIGHT,
}
_MULTICLASS = {
    "accuracy": _SHARE_OF_RIGHT,
    "weighted_recall": _SHARE_OF_RIGHT,
    "weighted_precision": _SHARE_OF_RIGHT,
    "weighted_f0_5": _SHARE_OF_RIGHT,
    "weighted_f1": _SHARE_OF_RIGHT,
    "weighted_f2": _SHARE_OF_RIGHT,
}
_REGRESSION = {
    "mae": _ERROR,
    "mse": _ERROR,
    "rmse": _ERROR,
    "r2": Bound(Comparison.LESS, -_INFINITY, 1.0),
}

_BOUNDS: dict[ProblemType, tuple[str, dict[str, Bound]]] = {
    ProblemType.BINARY: ("binary_classification_constraints", _BINARY),
    ProblemType.MULTICLASS: ("multiclass_classification_constraints", _MULTICLASS),
    ProblemType.REGRESSION: ("regression_constraints", _REGRESSION),
}


def constraints(problem_type: ProblemType, figures: Mapping[str, Measured]) -> dict[str, Any]:
    """Return the document.

    figures    those of statistics.json, by the names they have there; what is not among them is not constrained
    """
    key, bounds = _BOUNDS[problem_type]
    return {
        "version": 0.0,
        key: {
            name: {
                "threshold": bound.threshold(figures[name]),
                "comparison_operator": bound.violated_if.value,
            }
            for name, bound in bounds.items()
            if name in figures
        },
    }

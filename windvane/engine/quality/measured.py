"""Figures with their standard deviation over folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from windvane.domain.problem import METRICS_OF, MetricName
from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.metrics import METRICS, Basis
from windvane.wording import with_error

Key = TypeVar("Key")


@dataclass(frozen=True)
class Measured:
    """A figure with its standard deviation.

    value                on all rows, finite
    standard_deviation   over the parts of the rows; None if fewer than two of them tell the figure
    """

    value: float
    standard_deviation: float | None

    @property
    def text(self) -> str:
        """The figure as reports show it."""
        return with_error(self.value, self.standard_deviation)

    def to_json(self) -> dict[str, float]:
        """Return the figure as in statistics.json; a standard deviation that is not known is left out."""
        document = {"value": self.value}
        if self.standard_deviation is not None:
            document["standard_deviation"] = self.standard_deviation
        return document


def measured(
    judged: Judged, figures: Callable[[Judged], Mapping[Key, float]]
) -> dict[Key, Measured]:
    """Return each figure on all rows, and how it differs between folds.

    Held-out rows have no folds: they are dealt in turn into five parts, which stand in for them. That is the same
    each time, but tells only how much so many rows differ, not how much models do. Standard deviations are those of a
    sample (n - 1).

    figures    NaN or infinite for what rows do not tell, such as the recall of a class that is not among them; parts that
               do not tell are passed over, and a figure that all rows together do not tell is left out
    """
    with np.errstate(over="ignore", invalid="ignore"):
        whole = figures(judged)
        of_parts = [figures(part) for part in judged.by_part()]
        return {
            key: Measured(value, _deviation([part[key] for part in of_parts]))
            for key, value in whole.items()
            if math.isfinite(value)
        }


def _deviation(values: list[float]) -> float | None:
    told = [value for value in values if math.isfinite(value)]
    if len(told) < 2:
        return None
    deviation = float(np.std(told, ddof=1))
    return deviation if math.isfinite(deviation) else None


def engine_figures(judged: Judged) -> dict[str, float]:
    """Return every metric that the engine scores candidates of this problem type by, under its `MetricName`."""
    return {name: metric_value(judged, name) for name in METRICS_OF[judged.problem_type]}


def metric_value(judged: Judged, name: MetricName) -> float:
    """Return one of the metrics."""
    metric = METRICS[name]
    of_classes = metric.basis is Basis.CLASSES
    seen = judged.classes.astype(np.float64) if of_classes else judged.predicted
    return metric.value(judged.y, seen)

"""Quality of a regression, as Model Monitor tells it, and of a constant prediction on the same rows, which is our own addition.

source    Amazon SageMaker's developer guide, "Model quality metrics", regression metrics
"""

from __future__ import annotations

from typing import Any

import numpy as np

from windvane.domain.problem import MetricName
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured, metric_value
from windvane.engine.scoring.metrics import METRICS

_NAMES = {
    "mae": MetricName.MAE,
    "mse": MetricName.MSE,
    "rmse": MetricName.RMSE,
    "r2": MetricName.R2,
}


CONSTANT = "_best_constant_prediction"
"""What the name of a figure ends in that a constant prediction reaches."""


def regression_figures(judged: Judged) -> dict[str, float]:
    """Return the figures that statistics.json names."""
    return {key: metric_value(judged, name) for key, name in _NAMES.items()} | _of_constant(judged)


def _of_constant(judged: Judged) -> dict[str, float]:
    """Return what the best constant reaches: the median of the target by its absolute error, the mean by its squared error.

    R2 is measured against the mean, which has 0.
    """
    best = {"mae": np.median(judged.y), "mse": judged.y.mean(), "rmse": judged.y.mean()}
    reached = {
        key: METRICS[_NAMES[key]].value(judged.y, np.full_like(judged.y, constant))
        for key, constant in best.items()
    }
    return {f"{key}{CONSTANT}": value for key, value in (reached | {"r2": 0.0}).items()}


def regression_metrics(figures: dict[str, Measured]) -> dict[str, Any]:
    """Return the value of `regression_metrics`.

    figures    `regression_figures`, measured
    """
    return {name: figure.to_json() for name, figure in figures.items()}

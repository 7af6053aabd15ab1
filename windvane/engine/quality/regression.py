"""Quality of a regression, as Model Monitor tells it.

source    Amazon SageMaker's developer guide, "Model quality metrics", regression metrics
"""

from __future__ import annotations

from typing import Any

from windvane.domain.problem import MetricName
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured, metric_value

_NAMES = {
    "mae": MetricName.MAE,
    "mse": MetricName.MSE,
    "rmse": MetricName.RMSE,
    "r2": MetricName.R2,
}


def regression_figures(judged: Judged) -> dict[str, float]:
    """Return the figures that statistics.json names."""
    return {key: metric_value(judged, name) for key, name in _NAMES.items()}


def regression_metrics(figures: dict[str, Measured]) -> dict[str, Any]:
    """Return the value of `regression_metrics`.

    figures    `regression_figures`, measured
    """
    return {name: figure.to_json() for name, figure in figures.items()}

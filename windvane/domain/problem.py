"""What a job is asked to learn: problem type, objective and what fits together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from windvane.errors import InvalidRequest


class ProblemType(StrEnum):
    """AWS's names of the tabular problem types."""

    BINARY = "BinaryClassification"
    MULTICLASS = "MulticlassClassification"
    REGRESSION = "Regression"

    @property
    def is_classification(self) -> bool:
        return self is not ProblemType.REGRESSION


class MetricName(StrEnum):
    """AWS's names of the metrics that belong to tabular problems."""

    ACCURACY = "Accuracy"
    AUC = "AUC"
    BALANCED_ACCURACY = "BalancedAccuracy"
    F1 = "F1"
    F1_MACRO = "F1macro"
    LOG_LOSS = "LogLoss"
    MAE = "MAE"
    MSE = "MSE"
    PRECISION = "Precision"
    PRECISION_MACRO = "PrecisionMacro"
    R2 = "R2"
    RECALL = "Recall"
    RECALL_MACRO = "RecallMacro"
    RMSE = "RMSE"

    @property
    def is_minimized(self) -> bool:
        return self in _MINIMIZED


_MINIMIZED = frozenset({MetricName.LOG_LOSS, MetricName.MAE, MetricName.MSE, MetricName.RMSE})

METRICS_OF: dict[ProblemType, tuple[MetricName, ...]] = {
    ProblemType.REGRESSION: (MetricName.MSE, MetricName.RMSE, MetricName.MAE, MetricName.R2),
    ProblemType.BINARY: (
        MetricName.F1,
        MetricName.AUC,
        MetricName.ACCURACY,
        MetricName.BALANCED_ACCURACY,
        MetricName.PRECISION,
        MetricName.RECALL,
        MetricName.LOG_LOSS,
    ),
    ProblemType.MULTICLASS: (
        MetricName.ACCURACY,
        MetricName.BALANCED_ACCURACY,
        MetricName.F1_MACRO,
        MetricName.PRECISION_MACRO,
        MetricName.RECALL_MACRO,
        MetricName.LOG_LOSS,
    ),
}
"""The metrics reported for every candidate of a problem type; the first is its default objective.

source    AWS's developer guide, metrics and validation; AutoMLJobObjective's documentation
"""


class Mode(StrEnum):
    """How candidates are searched; a V1 job that names none searches pipelines and ensembles."""

    AUTO = "AUTO"
    ENSEMBLING = "ENSEMBLING"
    TUNING = "HYPERPARAMETER_TUNING"


def default_objective(problem_type: ProblemType) -> MetricName:
    return METRICS_OF[problem_type][0]


def check_objective(problem_type: ProblemType, metric: MetricName) -> None:
    """raises    InvalidRequest if the metric does not fit the problem type"""
    if metric not in METRICS_OF[problem_type]:
        fitting = ", ".join(METRICS_OF[problem_type])
        raise InvalidRequest(
            f"The objective metric {metric} does not fit the problem type {problem_type}. "
            f"Choose one of: {fitting}."
        )


@dataclass(frozen=True)
class ProblemSpec:
    """What the caller said about the problem; what was left open is None and inferred from the data.

    calibrate       whether probabilities may get a temperature (engine/scoring/calibration.py)
    tune_threshold  whether objectives that want one get a threshold of their own (engine/scoring/threshold.py)
    """

    target: str
    problem_type: ProblemType | None = None
    objective: MetricName | None = None
    seed: int = 0
    calibrate: bool = True
    tune_threshold: bool = True

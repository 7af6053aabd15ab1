"""What a job is asked to learn: problem type, objective and what fits together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from windvane.domain.features import EVERYTHING, FeatureSpecification
from windvane.errors import InvalidRequest

FEWEST_WITH_ENSEMBLE = 3
"""Of the candidates that a job may have: from here on one place is the ensemble's, if it is to have one."""


class ProblemType(StrEnum):
    """AWS's names of the tabular problem types."""

    BINARY = "BinaryClassification"
    MULTICLASS = "MulticlassClassification"
    REGRESSION = "Regression"

    @property
    def is_classification(self) -> bool:
        return self is not ProblemType.REGRESSION


class MetricName(StrEnum):
    """AWS's names of the metrics that candidates are ranked by."""

    ACCURACY = "Accuracy"
    AUC = "AUC"
    BALANCED_ACCURACY = "BalancedAccuracy"
    F1 = "F1"
    F1_MACRO = "F1macro"
    LOG_LOSS = "LogLoss"
    MAE = "MAE"
    MAPE = "MAPE"
    MASE = "MASE"
    MSE = "MSE"
    PRECISION = "Precision"
    PRECISION_MACRO = "PrecisionMacro"
    R2 = "R2"
    RECALL = "Recall"
    RECALL_MACRO = "RecallMacro"
    RMSE = "RMSE"
    WAPE = "WAPE"
    WQL = "AverageWeightedQuantileLoss"

    @property
    def is_minimized(self) -> bool:
        return self in _MINIMIZED


FORECAST_METRICS = (
    MetricName.WQL,
    MetricName.RMSE,
    MetricName.MAPE,
    MetricName.MASE,
    MetricName.WAPE,
)
"""The metrics of forecasts; the first is the default objective.

source    AutoMLJobObjective in SageMaker's API reference
"""

_MINIMIZED = frozenset({MetricName.LOG_LOSS, MetricName.MAE, MetricName.MSE, *FORECAST_METRICS})

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

TABULAR_METRICS = tuple(
    name for name in MetricName if any(name in metrics for metrics in METRICS_OF.values())
)


class Mode(StrEnum):
    """The strategies of the search; a V1 job that names none searches pipelines and ensembles."""

    AUTO = "AUTO"
    ENSEMBLING = "ENSEMBLING"
    TUNING = "HYPERPARAMETER_TUNING"


def default_objective(problem_type: ProblemType) -> MetricName:
    return METRICS_OF[problem_type][0]


def check_objective(problem_type: ProblemType, metric: MetricName) -> None:
    """Check that an objective fits the problem type.

    raises    InvalidRequest if the metric does not fit the problem type
    """
    if metric not in METRICS_OF[problem_type]:
        fitting = ", ".join(METRICS_OF[problem_type])
        raise InvalidRequest(
            f"The objective metric {metric} does not fit the problem type {problem_type}. "
            f"Choose one of: {fitting}."
        )


def check_uses(
    target: str,
    problem_type: ProblemType | None,
    sample_weight: str | None,
    monotone: Mapping[str, int],
) -> None:
    """Check what columns are used for besides features.

    raises    InvalidRequest if columns are asked to be two things at once, or constraints cannot be kept
    """
    if sample_weight == target:
        raise InvalidRequest(
            f"'{target}' is named as the target and as the sample weight; a column can be one of them."
        )
    for column, direction in monotone.items():
        if direction not in (1, -1):
            raise InvalidRequest(
                f"The monotone direction of '{column}' is {direction!r}; it must be 1 (answers must not fall as it "
                "grows) or -1 (they must not rise)."
            )
        if column in (target, sample_weight):
            use = "the target" if column == target else "the sample weight"
            raise InvalidRequest(
                f"Answers cannot be monotone in '{column}': it is {use}. Name a feature."
            )
    if monotone:
        check_ordered(problem_type)


def check_split(problem: ProblemSpec) -> None:
    """Check the columns of times and groups.

    raises    InvalidRequest if there are both, or if one is the target or the sample weight
    """
    if problem.time_column is not None and problem.group_column is not None:
        raise InvalidRequest(
            "time_column and group_column are two ways to split rows for validation; give one of them."
        )
    for name, column in (
        ("time_column", problem.time_column),
        ("group_column", problem.group_column),
    ):
        if column is not None and column in problem.kept_apart:
            raise InvalidRequest(
                f"{name} is '{column}', which is {problem.kept_apart[column]}; name another column."
            )


def check_ordered(problem_type: ProblemType | None) -> None:
    """Check that predictions have an order, as monotone constraints need it.

    raises    InvalidRequest for a problem whose answers have no order
    """
    if problem_type is ProblemType.MULTICLASS:
        raise InvalidRequest(
            "Monotone constraints are for Regression and BinaryClassification (towards the positive class); answers "
            "of MulticlassClassification have no order. Leave `monotone` out."
        )


@dataclass(frozen=True)
class ProblemSpec:
    """The caller's specification of the problem; what was left open is None and inferred from the data.

    calibrate       whether probabilities may get a temperature (engine/scoring/calibration.py)
    tune_threshold  whether objectives that want one get a threshold of their own (engine/scoring/threshold.py)
    sample_weight   a column of finite numbers >= 0: what each row counts for; no feature; rows without one are left out
    monotone        column of numbers -> 1 or -1: as it grows, the value, or the probability of the positive class,
                    must not fall, or not rise
    features        which columns are learnt from, and as what
    validation_fraction
                    share of the rows that is held out for scores; None for folds, or for as many as suit the table
    time_column     of dates, times or numbers: rows are scored by models of earlier rows alone; None for any order
    group_column    rows with the same value in it are trained on or scored, never both; None for rows by themselves
    text_column     of texts that are all that is learnt from: columns besides it and the target are not even read, and are
                    in no request; None to learn from all columns
    """

    target: str
    problem_type: ProblemType | None = None
    objective: MetricName | None = None
    seed: int = 0
    calibrate: bool = True
    tune_threshold: bool = True
    sample_weight: str | None = None
    monotone: Mapping[str, int] = field(default_factory=dict)
    features: FeatureSpecification = EVERYTHING
    validation_fraction: float | None = None
    time_column: str | None = None
    group_column: str | None = None
    text_column: str | None = None

    @property
    def split_column(self) -> str | None:
        """The column that says how rows are split for validation."""
        return self.group_column or self.time_column

    def uses(self, column: str) -> bool:
        """Return whether a column may be learnt from; those of times and groups only if they are named as features."""
        if self.text_column is not None:
            return column == self.text_column
        if column == self.split_column and column not in self.features.columns:
            return False
        return self.features.uses(column)

    @property
    def kept_apart(self) -> dict[str, str]:
        """Columns that cannot be features -> what they are."""
        return kept_apart(self.target, self.sample_weight)


def kept_apart(target: str, sample_weight: str | None) -> dict[str, str]:
    """Return columns that cannot be features -> what they are."""
    weight = {} if sample_weight is None else {sample_weight: "the sample weight"}
    return {**weight, target: "the target"}


def check_fraction(fraction: float | None) -> None:
    """Check the share of rows that are held out.

    raises    InvalidRequest unless it is above 0 and below 1
    """
    if fraction is not None and not 0 < fraction < 1:
        raise InvalidRequest(
            f"The share of rows held out for validation is {fraction}; it must be greater than 0 and less than 1."
        )

"""The first section of a model insights report: every metric, from which rows, and what they leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured
from windvane.engine.quality.regression import CONSTANT
from windvane.engine.reports.document import Block, Notice, Section, Severity, Table, Text
from windvane.wording import UNKNOWN, count, to_error

FEW_ROWS = 200
"""Below this Model Monitor states no standard deviations."""

_TITLES: dict[str, str] = {
    MetricName.F1: "F1",
    MetricName.AUC: "Area under the ROC curve (AUC)",
    MetricName.ACCURACY: "Accuracy",
    MetricName.BALANCED_ACCURACY: "Balanced accuracy",
    MetricName.PRECISION: "Precision",
    MetricName.RECALL: "Recall (true positive rate)",
    MetricName.LOG_LOSS: "Log loss (lower is better)",
    MetricName.F1_MACRO: "F1, mean over classes",
    MetricName.PRECISION_MACRO: "Precision, mean over classes",
    MetricName.RECALL_MACRO: "Recall, mean over classes",
    MetricName.MSE: "Mean squared error (lower is better)",
    MetricName.RMSE: "Root mean squared error (lower is better)",
    MetricName.MAE: "Mean absolute error (lower is better)",
    MetricName.R2: "R²",
    "au_prc": "Area under the precision-recall curve",
    "f0_5": "F0.5",
    "f2": "F2",
    "true_negative_rate": "True negative rate",
    "false_positive_rate": "False positive rate (lower is better)",
    "false_negative_rate": "False negative rate (lower is better)",
    "weighted_precision": "Precision, weighted by class size",
    "weighted_f0_5": "F0.5, weighted by class size",
    "weighted_f1": "F1, weighted by class size",
    "weighted_f2": "F2, weighted by class size",
}

_CONSTANTS: dict[ProblemType, dict[str, str]] = {
    ProblemType.BINARY: {
        MetricName.F1: "f1",
        MetricName.ACCURACY: "accuracy",
        MetricName.PRECISION: "precision",
        MetricName.RECALL: "recall",
        "f0_5": "f0_5",
        "f2": "f2",
    },
    ProblemType.MULTICLASS: {
        MetricName.ACCURACY: "accuracy",
        "weighted_precision": "weighted_precision",
        "weighted_f0_5": "weighted_f0_5",
        "weighted_f1": "weighted_f1",
        "weighted_f2": "weighted_f2",
    },
    ProblemType.REGRESSION: {
        MetricName.MSE: "mse",
        MetricName.RMSE: "rmse",
        MetricName.MAE: "mae",
        MetricName.R2: "r2",
    },
}
"""Row of the table -> the figure, as statistics.json names it, that a constant answer is told for."""

_BASELINES = {
    ProblemType.BINARY: "Baseline: the best score that a constant prediction can reach.",
    ProblemType.MULTICLASS: "Baseline: the best score that a constant prediction can reach.",
    ProblemType.REGRESSION: (
        "Baseline: the score on the same rows if the same value were always predicted, the median of the "
        "target for the mean absolute error, its mean for the other metrics."
    ),
}


def metrics_section(
    judged: Judged, figures: Mapping[str, Measured], notices: Sequence[Notice]
) -> Section:
    """Return the section with the table of metrics.

    figures    those of statistics.json and the engine's
    notices    what these rows say of the model besides
    """
    origin = Text(
        f"All metrics are computed on {count(judged.n_rows)} {judged.rows_are}: each row was "
        "predicted by a model that was not trained on it. Standard deviations are over "
        f"{judged.parts_are}."
    )
    blocks: list[Block] = [origin, *(Text(note) for note in judged.notes)]
    if judged.n_rows < FEW_ROWS:
        blocks.append(_few_rows(judged.n_rows))
    return Section("Metrics", [*blocks, *notices, _table(judged, figures)])


def _table(judged: Judged, figures: Mapping[str, Measured]) -> Table:
    constants = _CONSTANTS[judged.problem_type]
    engine_first = dict.fromkeys((*METRICS_OF[judged.problem_type], *figures))
    rows = [
        (
            _TITLES[key] + (" — the objective" if key == judged.objective else ""),
            *_figures(figures[key], _constant(figures, constants.get(key), judged.problem_type)),
        )
        for key in engine_first
        if key in figures and key in _TITLES
    ]
    head = ("Metric", "Value", "Standard deviation", "Baseline")
    return Table(head, rows, frozenset(range(1, len(head))), _BASELINES[judged.problem_type])


def _figures(figure: Measured, constant: float | None) -> tuple[str, str, str]:
    """Return a metric, its deviation and its baseline, all to two digits of the deviation."""
    deviation = figure.standard_deviation
    value, error = to_error(figure.value, deviation)
    return value, error, UNKNOWN if constant is None else to_error(constant, deviation)[0]


def _constant(
    figures: Mapping[str, Measured], name: str | None, problem_type: ProblemType
) -> float | None:
    ending = "_best_constant_classifier" if problem_type.is_classification else CONSTANT
    figure = figures.get(f"{name}{ending}")
    return None if figure is None else figure.value


def _few_rows(n_rows: int) -> Notice:
    return Notice(
        Severity.MEDIUM,
        "Few rows",
        [
            (
                f"Only {n_rows} rows were evaluated. The metrics may differ considerably on new "
                "data; consider their standard deviations."
            )
        ],
    )

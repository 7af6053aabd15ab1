"""The first section of a model insights report: every metric, from which rows, and what they leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured
from windvane.engine.reports.document import Block, Notice, Section, Severity, Table, Text
from windvane.wording import count, number

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
    ProblemType.REGRESSION: {},
}
"""Row of the table -> the figure, as statistics.json names it, that a constant answer is told for."""


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
            number(figures[key].value),
            number(figures[key].standard_deviation),
            number(_constant(figures, constants.get(key))),
        )
        for key in engine_first
        if key in figures and key in _TITLES
    ]
    head = ("Metric", "Value", "Standard deviation", "Baseline")
    used = len(head) if constants else len(head) - 1
    return Table(
        head[:used],
        [row[:used] for row in rows],
        frozenset(range(1, used)),
        "Baseline: the best score that a constant prediction can reach." if constants else "",
    )


def _constant(figures: Mapping[str, Measured], name: str | None) -> float | None:
    figure = figures.get(f"{name}_best_constant_classifier")
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

import numpy as np
import pytest

from windvane.domain.problem import METRICS_OF, MetricName
from windvane.engine.quality.binary import binary_figures
from windvane.engine.quality.measured import Measured, engine_figures, measured
from windvane.engine.quality.metrics_table import metrics_section
from windvane.engine.quality.regression import regression_figures
from windvane.engine.reports.document import Table


def _table(judged, figures):
    section = metrics_section(judged, figures, [])
    return next(block for block in section.blocks if isinstance(block, Table))


def test_metrics_of_the_engine_come_first_and_none_comes_twice(random_two):
    judged = random_two()
    figures = measured(judged, binary_figures) | measured(judged, engine_figures)
    rows = _table(judged, figures).rows
    titles = [row[0] for row in rows]
    assert len(set(titles)) == len(titles)
    assert titles[0] == "F1 — the objective"
    assert "F2" in titles[len(METRICS_OF[judged.problem_type]) :]


def test_constant_answers_stand_beside_what_they_are_compared_with(random_two):
    judged = random_two()
    figures = measured(judged, binary_figures) | measured(judged, engine_figures)
    rows = {row[0]: row for row in _table(judged, figures).rows}
    majority = max(judged.y.mean(), 1 - judged.y.mean())
    assert float(rows["Accuracy"][3]) == round(majority, 4)
    assert rows["Area under the ROC curve (AUC)"][3] == "–"


def test_figures_have_two_digits_of_their_deviation(judge_values):
    judged = judge_values(np.arange(3.0), np.arange(3.0))
    figures = {
        MetricName.RMSE: Measured(0.703, 0.0121),
        "rmse_best_constant_prediction": Measured(1.20004, 0.1),
        MetricName.R2: Measured(0.7, None),
    }
    table = _table(judged, figures)
    assert table.head == ("Metric", "Value", "Standard deviation", "Baseline")
    assert table.rows == [
        ("Root mean squared error (lower is better)", "0.703", "0.012", "1.200"),
        ("R²", "0.7", "–", "–"),
    ]
    assert "median of the target" in table.caption


def test_regressions_are_compared_with_the_mean_and_the_median(random_values):
    judged = random_values()
    figures = measured(judged, regression_figures) | measured(judged, engine_figures)
    rows = {row[0]: row for row in _table(judged, figures).rows}
    assert float(rows["R²"][3]) == 0
    constant = float(rows["Mean absolute error (lower is better)"][3])
    assert constant == pytest.approx(np.abs(judged.y - np.median(judged.y)).mean(), rel=0.05)

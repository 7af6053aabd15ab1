import numpy as np

from windvane.domain.problem import METRICS_OF, MetricName
from windvane.engine.quality.binary import binary_figures
from windvane.engine.quality.measured import Measured, engine_figures, measured
from windvane.engine.quality.metrics_table import metrics_section
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


def test_regressions_have_no_column_of_constant_answers(judge_values):
    judged = judge_values(np.arange(3.0), np.arange(3.0))
    table = _table(judged, {MetricName.RMSE: Measured(0.0, None)})
    assert table.head == ("Metric", "Value", "Standard deviation")
    assert table.rows == [("Root mean squared error (lower is better)", "0", "–")]

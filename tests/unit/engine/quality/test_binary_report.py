"""The numbers that stand in the sections, against scikit-learn and the record itself."""

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from sklearn import metrics as oracle

from windvane.engine.quality.binary import binary_figures
from windvane.engine.quality.binary_report import binary_sections
from windvane.engine.quality.measured import engine_figures, measured
from windvane.engine.reports.document import Figure


@pytest.fixture(scope="module")
def judged(random_two):
    return random_two(n_rows=2_000, digits=3)


@pytest.fixture(scope="module")
def figures(judged):
    told = measured(judged, engine_figures) | measured(judged, binary_figures)
    return {
        block.title: block
        for section in binary_sections(judged, told)
        for block in section.blocks
        if isinstance(block, Figure)
    }


def _percent(text):
    return float(text.removesuffix(" %")) / 100


def _drawn(figure):
    axes = Canvas().add_subplot()
    figure.draw(axes)
    return {line.get_label(): line.get_xydata() for line in axes.lines}


def _confusion(judged):
    return oracle.confusion_matrix(judged.truth, judged.classes)


def test_the_roc_table_is_read_off_the_curve(judged, figures):
    false, true, _ = oracle.roc_curve(judged.truth, judged.positive, drop_intermediate=False)
    for row in figures["ROC curve"].numbers.rows:
        x, y = map(_percent, row)
        reached = true[false <= x + 1e-9].max()
        next_one = np.append(true[false > x + 1e-9], 1.0).min()
        assert reached - 6e-4 <= y <= next_one + 6e-4


def test_the_model_stands_on_the_curves_where_its_decisions_put_it(judged, figures):
    (right, alarms), (misses, hits) = _confusion(judged)
    recall = hits / (hits + misses)
    on_roc = _drawn(figures["ROC curve"])["current threshold"][0]
    on_recall = _drawn(figures["Precision-recall curve"])["current threshold"][0]
    assert on_roc == pytest.approx([alarms / (alarms + right), recall])
    assert on_recall == pytest.approx([recall, hits / (hits + alarms)])


def test_precision_is_told_at_the_highest_threshold_of_a_recall(judged, figures):
    for row in figures["Precision-recall curve"].numbers.rows:
        said = judged.positive >= float(row[2])
        assert oracle.recall_score(judged.truth, said) >= _percent(row[0]) - 1e-9
        assert oracle.precision_score(judged.truth, said) == pytest.approx(
            _percent(row[1]), abs=6e-4
        )
        higher = judged.positive > float(row[2])
        assert oracle.recall_score(judged.truth, higher) < _percent(row[0])


def test_gain_is_counted_among_the_likeliest_rows(judged, figures):
    order = np.argsort(-judged.positive)
    for row in figures["Cumulative gains"].numbers.rows:
        n_rows = round(_percent(row[0]) * judged.n_rows)
        found = judged.truth[order[:n_rows]].sum() / judged.truth.sum()
        assert _percent(row[1]) == pytest.approx(found, abs=0.01)
        assert float(row[2]) == pytest.approx(_percent(row[1]) / _percent(row[0]), abs=0.01)


def test_what_random_predictions_would_do_is_drawn(judged, figures):
    chance = _drawn(figures["Precision-recall curve"])["random"]
    assert chance[:, 1] == pytest.approx(judged.y.mean())
    assert _drawn(figures["Lift"])["random"][:, 1] == pytest.approx(1)

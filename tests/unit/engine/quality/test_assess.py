"""The whole: documents that survive JSON, and a report whose every figure can be drawn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from windvane.engine.quality.assess import assess
from windvane.engine.reports.document import Figure, Notice, Table, Text

KINDS = ["random_two", "random_many", "random_values"]
SECTIONS = {
    "random_two": [
        *("Metrics", "Confusion matrix", "ROC curve", "Precision-recall curve"),
        *("Cumulative gains and lift", "Calibration", "Choosing a threshold"),
    ],
    "random_many": ["Metrics", "Classes", "Confusion matrix", "Calibration"],
    "random_values": [
        *("Metrics", "Actual vs. predicted", "Residuals", "Prediction intervals"),
    ],
}


def _blocks(report, kind):
    return [
        block for section in report.sections for block in section.blocks if isinstance(block, kind)
    ]


def _check(quality):
    """Strict JSON, tables with straight edges, figures that draw."""
    for document in (quality.statistics, quality.constraints):
        assert json.loads(json.dumps(document, allow_nan=False)) == document
    figures = _blocks(quality.report, Figure)
    for table in [*_blocks(quality.report, Table), *(figure.numbers for figure in figures)]:
        assert all(len(row) == len(table.head) for row in table.rows)
        assert all(isinstance(cell, str) for row in table.rows for cell in row)
        assert table.numeric <= set(range(len(table.head)))
    for figure in figures:
        assert figure.numbers.rows
        canvas = Canvas(figsize=(figure.width, figure.height))
        FigureCanvasAgg(canvas)
        figure.draw(canvas.add_subplot())
        canvas.canvas.draw()


def _titles(report):
    return [notice.title for notice in _blocks(report, Notice)]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_told_of_a_candidate(request, times, kind):
    quality = assess(request.getfixturevalue(kind)(), times)
    assert [section.title for section in quality.report.sections] == SECTIONS[kind]
    assert _titles(quality.report) == []
    _check(quality)


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_says_which_rows_it_is_about(request, times, kind):
    judged = request.getfixturevalue(kind)()
    held_out = replace(judged, folds=np.zeros(judged.n_rows, np.int8))
    for one, told in ((judged, "out-of-fold rows of 5 folds"), (held_out, "held-out rows")):
        quality = assess(one, times)
        assert quality.statistics["dataset"]["rows"] == told
        assert told in quality.report.lead
        assert told in _blocks(quality.report, Text)[0].text
        assert dict(quality.report.facts)["Rows evaluated"].endswith(told)


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_tells_the_objective_as_statistics_do(request, times, kind):
    quality = assess(request.getfixturevalue(kind)(), times)
    metrics = next(value for key, value in quality.statistics.items() if key.endswith("_metrics"))
    key = {"random_two": "f1", "random_many": "accuracy", "random_values": "mse"}[kind]
    table = _blocks(quality.report, Table)[0]
    row = next(row for row in table.rows if row[0].endswith("the objective"))
    deviation = metrics[key]["standard_deviation"]
    assert float(row[1]) == pytest.approx(metrics[key]["value"], abs=deviation / 20)
    assert float(row[2]) == pytest.approx(deviation, rel=0.05)
    told = next(value for name, value in quality.report.facts if name.startswith("Objective"))
    value, spread = map(float, told.split(" ± "))
    assert (value, spread) == (float(row[1]), float(row[2]))


def test_notes_and_latency_are_passed_on(random_two, times):
    judged = replace(random_two(), notes=("Weights were fitted on these rows.",))
    report = assess(judged, times).report
    assert "Weights were fitted on these rows." in [text.text for text in _blocks(report, Text)]
    assert dict(report.facts)["Latency for one row"] == "3.1 ms"


@pytest.mark.parametrize("n_rows", [1, 2, 3, 9])
def test_a_few_rows_are_told_with_a_warning(judge_two, judge_many, judge_values, times, n_rows):
    y = np.arange(n_rows)
    for judged in (
        judge_two(np.linspace(0.1, 0.9, n_rows), y % 2),
        judge_many(np.eye(3)[y % 3], (y + 1) % 3),
        judge_values(y, y**2),
    ):
        quality = assess(judged, times)
        assert "Few rows" in _titles(quality.report)
        _check(quality)


def test_constant_predictions_are_told_as_no_better_than_chance(
    judge_two, judge_many, judge_values, times
):
    y = np.arange(300)
    for judged, title in (
        (judge_two(np.full(300, 0.3), y % 3 == 0), "No better than chance"),
        (judge_many(np.full((300, 3), 1 / 3), y % 3), "No better than the baseline"),
        (judge_values(np.full(300, 149.5), y), "No better than the mean"),
    ):
        quality = assess(judged, times)
        assert title in _titles(quality.report)
        _check(quality)


def test_one_class_alone_is_told_without_curves(judge_two, times):
    quality = assess(judge_two(np.linspace(0, 1, 300), np.zeros(300)), times)
    assert _titles(quality.report) == ["Rows of one class only"]
    assert [section.title for section in quality.report.sections] == SECTIONS["random_two"][:2]
    _check(quality)


def test_a_model_that_calls_no_row_positive_is_told_so(judge_two, times):
    random = np.random.default_rng(0)
    positive = 0.4 * random.random(1_000)
    report = assess(judge_two(positive, random.random(1_000) < positive), times).report
    texts = [text.text for text in _blocks(report, Text)]
    assert any(
        text.endswith("At the current threshold, no row is predicted positive.") for text in texts
    )


def test_sixteen_classes_leave_one_other_label(random_many, times):
    figure = next(
        figure
        for figure in _blocks(assess(random_many(n_classes=16), times).report, Figure)
        if figure.title == "Confusion matrix"
    )
    assert figure.numbers.head[-2] == "1 other label"


def test_probabilities_that_are_too_sure_are_told(judge_two, times):
    random = np.random.default_rng(0)
    y = random.random(2_000) < 0.5
    said = np.where(random.random(2_000) < 0.75, y, ~y) * 0.98 + 0.01
    assert "Probabilities are poorly calibrated" in _titles(
        assess(judge_two(said, y), times).report
    )


def test_intervals_that_hold_too_few_rows_are_told(judge_values, times):
    folds = np.arange(1_000) % 5
    y = np.random.default_rng(0).normal(size=1_000) + 10 * (folds == 4)
    judged = judge_values(np.zeros(1_000), y, folds=folds)
    assert "Prediction intervals are too narrow" in _titles(assess(judged, times).report)


def test_of_thirty_classes_fifteen_are_pictured_and_all_are_counted(random_many, times):
    judged = random_many(n_classes=30)
    quality = assess(judged, times)
    table = next(
        figure.numbers
        for figure in _blocks(quality.report, Figure)
        if figure.title == "Confusion matrix"
    )
    assert len(table.rows) == 16
    assert table.rows[-1][0] == "15 other labels"
    assert sum(int(row[-1]) for row in table.rows) == judged.n_rows
    per_class = quality.statistics["multiclass_classification_metrics"]["per_class"]
    assert len(per_class) == 30


def test_classes_that_are_never_predicted_are_named(judge_many, times):
    y = np.arange(300) % 3
    judged = judge_many(np.eye(3)[np.where(y == 2, 0, y)], y, labels=["a", "b", "<c>"])
    notices = _blocks(assess(judged, times).report, Notice)
    told = next(one for one in notices if one.title == "Classes that are never predicted")
    assert told.paragraphs[0].endswith("never predicted: <c>.")


def test_hostile_labels_reach_tables_whole_and_pictures_tamed(judge_many, times, hostile_labels):
    y = np.arange(400) % 10
    said = np.where(np.arange(400) % 7 == 0, (y + 3) % 10, y)
    quality = assess(judge_many(np.eye(10)[said], y, labels=hostile_labels), times)
    table = next(
        figure.numbers
        for figure in _blocks(quality.report, Figure)
        if figure.title == "Confusion matrix"
    )
    assert [row[0] for row in table.rows] == list(hostile_labels)
    _check(quality)


def test_hostile_labels_of_two_classes_can_be_drawn(judge_two, times):
    random = np.random.default_rng(0)
    positive = random.random(300)
    y = random.random(300) < positive
    _check(assess(judge_two(positive, y, labels=("$a_{", "</td>$")), times))


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_predictions_give_documents_of_finite_numbers(
    judge_two, judge_many, judge_values, times, data
):
    n_rows = data.draw(st.integers(1, 30))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    folds = random.integers(0, data.draw(st.integers(1, 4)), n_rows)
    chances = random.choice([0.0, 0.25, 0.5, 1.0], (n_rows, 3)) + 1e-9
    chances /= chances.sum(axis=1, keepdims=True)
    values = random.choice([0.0, 1.0, -2.5, 1e6], (2, n_rows))
    for judged in (
        judge_two(
            random.choice([0.0, 0.5, 1.0], n_rows), random.integers(0, 2, n_rows), folds=folds
        ),
        judge_many(chances, random.integers(0, 3, n_rows), folds=folds),
        judge_values(*values, folds=folds),
    ):
        quality = assess(judged, times)
        for document in (quality.statistics, quality.constraints):
            json.dumps(document, allow_nan=False)

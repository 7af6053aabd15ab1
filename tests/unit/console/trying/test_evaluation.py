"""What is shown of metrics on labelled rows."""

import pytest

from windvane.console.trying.evaluation import evaluation_view


def answer(**members):
    return {
        "Rows": 10,
        "EvaluatedRows": 10,
        "Metrics": [],
        "LeftOut": [],
        "MissingColumns": [],
        "IgnoredColumns": [],
    } | members


def metric(name, value, validation, error=0.01):
    return {
        "MetricName": name,
        "Value": value,
        "StandardError": error,
        "ValidationValue": validation,
        "ValidationStandardError": error,
    }


@pytest.mark.parametrize(
    ("name", "value", "validation", "says"),
    [
        ("MAE", 2.0, 1.0, "clearly worse"),
        ("MAE", 1.0, 2.0, "clearly better"),
        ("AUC", 0.7, 0.9, "clearly worse"),
        ("AUC", 0.9, 0.7, "clearly better"),
        ("AUC", 0.7, 0.72, "no clear difference"),
    ],
)
def test_a_difference_beyond_two_standard_errors_is_told(name, value, validation, says):
    view = evaluation_view(answer(Metrics=[metric(name, value, validation)]), "y")
    assert view.metrics[0].difference == says
    assert view.has_validation


def test_without_an_error_or_a_validation_nothing_is_compared():
    only = {"MetricName": "AUC", "Value": 0.7}
    view = evaluation_view(answer(Metrics=[only, metric("MAE", 1.0, 2.0, None)]), "y")
    assert {one.difference for one in view.metrics} == {""}
    assert not evaluation_view(answer(Metrics=[only]), "y").has_validation


def test_rows_left_out_are_told_with_the_first_of_them():
    left = {"Reason": "UnknownLabel", "Rows": 1200, "FirstRows": [3, 5], "Values": ["a", "b"]}
    view = evaluation_view(answer(LeftOut=[left]), "y")
    assert view.left_out == [
        "1,200 rows were left out, with a label that the model does not know (“a”, “b”): rows 3, 5, …"
    ]


def test_classes_that_neither_occur_nor_are_predicted_are_not_in_the_matrix():
    classes = [{"Label": label, "Rows": n} for label, n in (("a", 2), ("b", 0), ("c", 0))]
    matrix = [{"Actual": "a", "Predicted": "c", "Rows": 2}]
    view = evaluation_view(answer(Classes=classes, ConfusionMatrix=matrix), "y")
    assert view.confusion is not None
    assert [row[0] for row in view.confusion.table.rows] == ["a", "c"]
    assert (view.n_classes, view.note) == (3, "")

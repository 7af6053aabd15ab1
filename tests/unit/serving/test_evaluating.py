"""Labelled rows against what real models predict of them."""

import csv
import io

import numpy as np
import pytest
from unit.engine.explain.made_up import COLOUR, LABELS, columns_and_target, packaged

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.scoring.evaluate import scores
from windvane.errors import InvalidRequest
from windvane.serving import request_rows
from windvane.serving.evaluating import evaluate, read_labelled

N_ROWS = 60
HEADER = ["extra", "y", " b ", COLOUR]


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    made = packaged(tmp_path_factory.mktemp("binary"), ProblemType.BINARY, ["lightgbm"])
    return made.predictor()


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    made = packaged(tmp_path_factory.mktemp("values"), ProblemType.REGRESSION, ["linear-learner"])
    return made.predictor()


def table(kind):
    """Rows under HEADER, and the target as a model has it."""
    columns, y = columns_and_target(kind, seed=1)
    texts = (
        [LABELS[kind][int(one)] for one in y] if LABELS[kind] else [repr(float(one)) for one in y]
    )
    cells = zip(texts, columns["b"].tolist(), columns[COLOUR], strict=True)
    return [["?", text, str(b), colour or ""] for text, b, colour in list(cells)[:N_ROWS]], y


def as_csv(rows, header=HEADER):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def model_rows(rows):
    """The same cells in the order of the model's columns."""
    return [["", "", b, colour, "", ""] for _, _, b, colour in rows]


def test_metrics_are_those_of_the_engine_on_the_rows_that_have_a_label(binary):
    rows, y = table(ProblemType.BINARY)
    rows[3][1], rows[7][1], rows[9][1] = "", "N/A", "maybe"
    told = evaluate(binary, as_csv(rows))
    kept = np.array([place not in (3, 7, 9) for place in range(N_ROWS)])
    predicted = binary.predict(model_rows(rows))
    wanted = scores(
        ProblemType.BINARY, y[:N_ROWS][kept], predicted.probabilities[kept], predicted.classes[kept]
    )
    assert [(one["metric"], one["value"], one["error"]) for one in told["metrics"]] == [
        (one.metric, one.value, one.standard_error) for one in wanted
    ]
    assert (told["n_rows"], told["n_evaluated"]) == (N_ROWS, N_ROWS - 3)
    assert told["left_out"] == [
        {"reason": "MissingLabel", "n_rows": 2, "rows": [4, 8], "values": []},
        {"reason": "UnknownLabel", "n_rows": 1, "rows": [10], "values": ["maybe"]},
    ]
    assert told["ignored"] == ["extra"]
    assert "row id" in told["missing"]
    assert "b" not in told["missing"]


def test_a_confusion_matrix_and_figures_of_each_class_are_told(binary):
    rows, _ = table(ProblemType.BINARY)
    told = evaluate(binary, as_csv(rows))
    matrix = {(actual, predicted): n for actual, predicted, n in told["confusion"]}
    assert sum(matrix.values()) == N_ROWS
    yes = told["classes"][1]
    of_yes = sum(n for (actual, _), n in matrix.items() if actual == "$yes$")
    assert (yes["label"], yes["n_rows"]) == ("$yes$", of_yes)
    assert yes["recall"] == pytest.approx(matrix["$yes$", "$yes$"] / of_yes)


def test_values_are_compared_in_whatever_notation_they_are_written(values):
    rows, y = table(ProblemType.REGRESSION)
    plain = evaluate(values, as_csv(rows))
    for row in rows:
        row[1] = row[1].replace(".", ",")
    rows[0][1] = "cheap"
    german = evaluate(values, as_csv(rows))
    assert [one["metric"] for one in plain["metrics"]] == list(METRICS_OF[ProblemType.REGRESSION])
    predicted = values.predict(model_rows(rows)).values
    assert plain["metrics"][0]["value"] == pytest.approx(np.mean((y[:N_ROWS] - predicted) ** 2))
    assert german["metrics"][0]["value"] == pytest.approx(
        np.mean((y[1:N_ROWS] - predicted[1:]) ** 2)
    )
    assert german["left_out"] == [
        {"reason": "NotANumber", "n_rows": 1, "rows": [1], "values": ["cheap"]}
    ]
    assert (plain["classes"], plain["confusion"]) == (None, None)


def test_what_the_package_tells_of_the_validation_stands_beside(values, monkeypatch):
    told = [{"metric": "RMSE", "value": 1.5, "standard_error": 0.1}, {"metric": "MAE"}, "broken"]
    monkeypatch.setattr(values, "about", {"scores": told})
    rows, _ = table(ProblemType.REGRESSION)
    found = {one["metric"]: one for one in evaluate(values, as_csv(rows))["metrics"]}
    assert (found["RMSE"]["validation"], found["RMSE"]["validation_error"]) == (1.5, 0.1)
    assert (found["MAE"]["validation"], found["R2"]["validation"]) == (None, None)


def test_a_metric_that_the_rows_do_not_tell_has_no_value(binary):
    rows, _ = table(ProblemType.BINARY)
    only = [row for row in rows if row[1] == "no"]
    found = {one["metric"]: one["value"] for one in evaluate(binary, as_csv(only))["metrics"]}
    assert found["AUC"] is None
    assert found["Accuracy"] is not None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"b\n1\n", "The header does not have the target 'y'"),
        (b"y,b\n", "There is a header and no row"),
        (b"y,b,y\nno,1,no\n", "The header has the column 'y' twice"),
        (b"y,b\nno\n", "Row 1 has 1 values; the header has 2 columns"),
        (b"y,b\nno,1\nno,x\n", "Row 2, column 'b': 'x' cannot be read as a number"),
        (b"y,b\nmaybe,1\n", "the target 'y' has values like 'maybe'. The classes of the model are"),
        (b"y,b\n\xff,1\n", "not valid UTF-8"),
        (b'y,b\n"no,1\n', "not valid CSV near line"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_words(binary, body, says):
    with pytest.raises(InvalidRequest) as refused:
        evaluate(binary, body)
    assert says in str(refused.value)


def counted_comparisons():
    """A text whose comparisons are counted."""
    counts = [0]

    class Counted(str):
        __hash__ = str.__hash__

        def __eq__(self, other):
            counts[0] += 1
            return str.__eq__(self, other)

        def strip(self, *_):
            return self

    return Counted, counts


def test_a_header_of_many_columns_is_compared_with_itself_once(binary, monkeypatch):
    """8,000 names took a second, and all accounts share the one process that evaluates."""
    made, counts = counted_comparisons()
    names = [made(f"c{i}") for i in range(2_000)]
    rows = [[*names, "y"], ["1"] * 2_001]
    monkeypatch.setattr("windvane.serving.evaluating._parsed", lambda _: (rows[0], rows[1:]))
    table = read_labelled(b"", binary.schema)
    assert len(table.ignored) == 2_000
    assert counts[0] < 50_000


def test_a_name_that_stands_twice_is_told_in_short(binary):
    with pytest.raises(InvalidRequest, match=r"c{100}' twice"):
        read_labelled(b"y,%b,%b" % (b"c" * 5_000, b"c" * 5_000), binary.schema)


def test_rows_that_leave_out_most_columns_do_not_become_a_large_table(binary, monkeypatch):
    monkeypatch.setattr(request_rows, "_MOST_LEFT_OUT", 600)
    body = b"y\n" + b"no\n" * 200
    with pytest.raises(InvalidRequest, match=r"200 rows, and the model 6 columns.* at most 100"):
        evaluate(binary, body)
    assert evaluate(binary, b"y\n" + b"no\n" * 100)["n_rows"] == 100

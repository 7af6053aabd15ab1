import ast
import csv
import io
import itertools
import json

import numpy as np
import pytest

from windvane.engine.packages.package import Predictions
from windvane.errors import InvalidRequest
from windvane.serving.answers import Key, Selection, read_keys, write_answer

LABELS = ("0", "1")
BINARY = Predictions(
    np.empty(0), np.array([[0.9, 0.1], [1 / 3, 2 / 3]]), np.array([0, 1], np.int64)
)
REGRESSION = Predictions(np.array([1.5, -2.0, 0.1 + 0.2]), np.empty((0, 0)), np.empty(0, np.int64))

EVERY_ORDER = [keys for n in range(1, len(Key) + 1) for keys in itertools.permutations(Key, n)]


@pytest.mark.parametrize("keys", EVERY_ORDER, ids=",".join)
def test_csv_has_the_asked_for_keys_in_the_asked_for_order(keys):
    body = write_answer(BINARY, Selection(keys, LABELS, is_of_positive=True), "text/csv")
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    expected = {
        Key.PREDICTED_LABEL: ["0", "1"],
        Key.PROBABILITY: [0.1, 2 / 3],
        Key.LABELS: [["0", "1"]] * 2,
        Key.PROBABILITIES: [[0.9, 0.1], [1 / 3, 2 / 3]],
    }
    for column, key in enumerate(keys):
        found = [row[column] for row in rows]
        is_text = key is Key.PREDICTED_LABEL
        assert [cell if is_text else ast.literal_eval(cell) for cell in found] == expected[key]


def test_all_four_keys_make_the_documented_line():
    keys = read_keys("predicted_label, probability, probabilities, labels", tuple(Key))
    body = write_answer(BINARY, Selection(keys, ("no", "yes"), is_of_positive=True), "text/csv")
    assert body.split(b"\n")[0] == b"""no,0.1,"[0.9, 0.1]","['no', 'yes']\""""


def test_probability_of_an_ensemble_is_that_of_the_predicted_label():
    body = write_answer(BINARY, Selection((Key.PROBABILITY,), LABELS), "text/csv")
    assert body == b"0.9\n0.6666666666666666\n"


def test_regression_gives_one_number_a_line_in_its_shortest_exact_form():
    body = write_answer(REGRESSION, Selection((), ()), "text/csv")
    assert body == b"1.5\n-2.0\n0.30000000000000004\n"


@pytest.mark.parametrize("label", ['say "hi"', "a,b", "two\nlines", "it's", ""])
def test_hostile_labels_survive_csv(label):
    selection = Selection((Key.PREDICTED_LABEL, Key.LABELS), (label, "z"))
    body = write_answer(BINARY, selection, "text/csv").decode()
    first = next(csv.reader(io.StringIO(body, newline="")))
    assert first[0] == label
    assert ast.literal_eval(first[1]) == [label, "z"]


def test_json_names_the_keys():
    keys = (Key.PROBABILITY, Key.PREDICTED_LABEL)
    body = write_answer(BINARY, Selection(keys, LABELS), "application/json")
    assert json.loads(body) == {
        "predictions": [
            {"probability": 0.9, "predicted_label": "0"},
            {"probability": 2 / 3, "predicted_label": "1"},
        ]
    }


def test_json_calls_a_regression_value_score():
    body = write_answer(REGRESSION, Selection((), ()), "application/json")
    assert json.loads(body)["predictions"][0] == {"score": 1.5}


def test_json_lines_have_a_row_each():
    body = write_answer(REGRESSION, Selection((), ()), "application/jsonlines")
    assert [json.loads(line)["score"] for line in body.splitlines()] == [1.5, -2.0, 0.1 + 0.2]


@pytest.mark.parametrize("text", ["score", "predicted_label,", "Probability", ","])
def test_an_unknown_key_is_refused_naming_the_known_ones(text):
    with pytest.raises(InvalidRequest, match="It gives: predicted_label, probability, labels"):
        read_keys(text, tuple(Key))


def test_a_key_named_twice_is_refused():
    with pytest.raises(InvalidRequest, match="twice"):
        read_keys("probability, probability", tuple(Key))

"""A changed row beside the one it started from."""

import json

import pytest

from windvane.console.trying.changed_row import changed_row, start_row
from windvane.console.trying.schema import Schema
from windvane.errors import InvalidRequest

COLUMN = {"Type": "numeric", "Used": True, "Typical": "1", "Minimum": "0", "Maximum": "10"}
COLUMNS = [{"Name": name} | COLUMN for name in ("a", "b")]
SCHEMA = Schema("v", "y", "BinaryClassification", "", ("no", "yes"), COLUMNS, True)


def outcomes(head, before, now, row=("1", "2")):
    found = changed_row(SCHEMA, (["1", "2"], row), head, [before, now])
    return [(one.name, one.before, one.now, one.change) for one in found.outcomes]


def test_a_value_is_told_with_its_change():
    assert outcomes(["score"], [10.5], [12.0]) == [("score", "10.5", "12", "+1.5")]


def test_probabilities_of_two_labels_have_no_difference():
    head = ["predicted_label", "probability"]
    assert outcomes(head, ["no", 0.9], ["yes", 0.6])[1] == ("probability", "0.9", "0.6", "")
    assert outcomes(head, ["no", 0.9], ["no", 0.6])[1] == ("probability", "0.9", "0.6", "−0.3")


def test_of_all_labels_those_that_changed_most_come_first():
    head = ["labels", "probabilities"]
    labels = ["a", "b", "c"]
    told = outcomes(head, [labels, [0.5, 0.3, 0.2]], [labels, [0.4, 0.6, 0.0]])
    assert [one[0] for one in told] == [f"probability of {label}" for label in "bca"]


def test_a_label_that_is_not_the_likeliest_is_told_why():
    head = ["predicted_label", "probability", "labels", "probabilities"]
    before = ["no", 0.87, ["no", "yes"], [0.87, 0.13]]
    now = ["yes", 0.26, ["no", "yes"], [0.74, 0.26]]
    found = changed_row(SCHEMA, (["1", "2"], ["1", "3"]), head, [before, now])
    assert "predicts yes although no is more likely" in found.remarks[0]
    assert "probability" not in [one.name for one in found.outcomes]
    assert not changed_row(SCHEMA, (["1", "2"], ["1", "3"]), head, [now, before]).remarks


def test_what_was_changed_and_what_is_far_outside_is_told():
    found = changed_row(SCHEMA, (["1", "2"], ["1 ", "99"]), ["score"], [[1.0], [1.0]])
    assert [(one.name, one.before, one.now) for one in found.columns] == [("b", "2", "99")]
    assert found.outcomes[0].change == "none"
    assert "b is 99, far outside the range" in found.remarks[0]


def test_a_starting_row_is_a_list_of_cells():
    assert start_row(json.dumps(["1", ""]), SCHEMA) == ["1", ""]


@pytest.mark.parametrize("text", ["", "{}", '["1"]', '["1", 2]', "[" * 100_000])
def test_anything_else_is_no_starting_row(text):
    with pytest.raises(InvalidRequest, match="The starting row"):
        start_row(text, SCHEMA)

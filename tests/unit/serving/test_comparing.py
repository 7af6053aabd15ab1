import json

import pytest

from windvane.serving.comparing import (
    MOST_PAIRS,
    Compared,
    NotComparable,
    compared_from_json,
    rows_of,
    together,
)

TENSORS = "application/vnd.open-inference.v2+json"


@pytest.mark.parametrize(
    ("content_type", "body", "rows"),
    [
        ("text/csv", b'yes,0.9\n"a,b",0.4\n', ["yes", "a,b"]),
        ("text/csv; charset=utf-8", b"1.5\n", ["1.5"]),
        ("application/json", b'{"predictions": [{"score": 1.5}, {"score": 2}]}', ["1.5", "2"]),
        ("application/jsonlines", b'{"predicted_label": "yes"}\n{"predicted_label": "no"}\n', ["yes", "no"]),
        (TENSORS, json.dumps({"outputs": [{"name": "probability", "data": [0.2]}, {"name": "predicted_label", "data": ["no"]}]}).encode(), ["no"]),
        (TENSORS, json.dumps({"outputs": [{"name": "predicted_value", "data": [7.5, 8]}]}).encode(), ["7.5", "8"]),
    ],
)  # fmt: skip
def test_the_first_value_of_each_row_is_read(content_type, body, rows):
    assert rows_of(body, content_type) == rows


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[1]"),
        ("application/json", b'{"predictions": [{}]}'),
        ("application/json", b'{"predictions": [{"probabilities": [0.1, 0.9]}]}'),
        ("application/json", b"[" * 100_000),
        ("application/jsonlines", b"yes\n"),
        (TENSORS, b'{"outputs": [{"name": "labels", "data": ["no"]}]}'),
        ("text/csv", b'"open\n'),
        ("text/csv", b"\xff\n"),
        ("application/json", b'{"predictions": [{"predicted_label": "\\ud800"}]}'),
    ],
)
def test_an_answer_without_such_rows_is_not_comparable(content_type, body):
    with pytest.raises(NotComparable):
        rows_of(body, content_type)


def test_labels_are_the_same_or_counted_in_pairs():
    compared = Compared("shadow")
    compared.add(["yes", "no", "no", "no"], ["yes", "yes", "yes", "no"])
    assert (compared.rows, compared.same, compared.numbers) == (4, 2, 0)
    assert dict(compared.pairs) == {("no", "yes"): 2}


def test_numbers_are_told_apart_by_how_far_they_are_from_each_other():
    compared = Compared("shadow")
    compared.add(["10.0", "-4", "nan"], ["12.5", "-4.0", "nan"])
    assert (compared.rows, compared.same, compared.numbers) == (3, 2, 2)
    assert (compared.difference, compared.size) == (2.5, 14.0)


def test_pairs_are_few_and_short_whatever_models_answer():
    compared = Compared("shadow")
    compared.add([f"{'x' * 1000}{i}" for i in range(300)], ["other"] * 300)
    compared.add([str(i) for i in range(300)], ["z"] * 300)
    assert len(compared.pairs) == MOST_PAIRS
    assert all(len(one) <= 60 for pair in compared.pairs for one in pair)
    assert compared.rows == 600


def test_pairs_of_several_servers_are_few_together():
    told = []
    for server in ("a", "b"):
        told.append(Compared("shadow"))
        told[-1].add([f"{server}{i}" for i in range(80)], ["z"] * 80)
    assert len(together(told).pairs) == MOST_PAIRS


def test_what_servers_know_is_added_up_and_comes_back_from_json():
    one, other = Compared("shadow", copied=3, left_out=1), Compared("shadow", copied=2, failed=1)
    one.add(["a"], ["b"])
    other.add(["a", "1"], ["b", "3"])
    told = compared_from_json(json.loads(json.dumps(one.to_json())))
    assert told == one
    total = together([None, told, other, Compared("another", copied=9)])
    assert total is not None
    assert (total.copied, total.left_out, total.failed, total.rows) == (5, 1, 1, 3)
    assert (total.difference, total.pairs[("a", "b")]) == (2.0, 2)
    assert together([None]) is None


def test_numbers_whose_sum_json_does_not_have_are_none():
    compared = Compared("shadow")
    compared.add(["1e308", "1e150"], ["-1e308", "-1e150"])
    assert (compared.rows, compared.numbers) == (2, 1)
    json.dumps(compared.to_json(), allow_nan=False)

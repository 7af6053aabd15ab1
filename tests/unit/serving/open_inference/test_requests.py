"""Tensors to rows: what they say of themselves is held against what they have."""

import json

import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.sketch import ColumnSketch
from windvane.errors import InvalidRequest
from windvane.serving import request_rows
from windvane.serving.content_types import TENSORS
from windvane.serving.open_inference.requests import read_request
from windvane.wire.open_inference.paths import MEDIA

COLUMNS = (
    ColumnSpec("n", ColumnType.NUMERIC, ""),
    ColumnSpec("c", ColumnType.CATEGORICAL, ""),
    ColumnSpec("flag", ColumnType.CATEGORICAL, ""),
)
SKETCH = {
    "c": ColumnSketch(values=("red", "3", "2.0")),
    "flag": ColumnSketch(values=("Yes", "No")),
}


def tensor(name, datatype, data, shape=None):
    told = [len(data)] if shape is None else shape
    return {"name": name, "datatype": datatype, "shape": told, "data": data}


def read(*inputs, columns=COLUMNS, sketch=SKETCH, **members):
    document = {"inputs": list(inputs)} | members
    return read_request(json.dumps(document).encode(), columns, sketch)


def rows(*inputs, **options):
    return read(*inputs, **options).rows


def refusal(body, columns=COLUMNS, sketch=SKETCH):
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(InvalidRequest) as error:
        read_request(text.encode(), columns, sketch)
    return str(error.value)


def test_the_wire_and_the_model_mean_the_same_content_type():
    assert TENSORS == MEDIA


def test_each_tensor_is_a_column_in_whatever_order():
    given = (tensor("c", "BYTES", ["red", None]), tensor("n", "FP64", [[1.5], [2]], [2, 1]))
    assert rows(*given) == [("1.5", "red", None), ("2", None, None)]


def test_columns_that_are_left_out_are_missing():
    assert rows(tensor("c", "BYTES", ["red"])) == [(None, "red", None)]


@pytest.mark.parametrize(
    "data", [[1, "a", "Yes", None, "b", "No"], [[1, "a", "Yes"], [None, "b", "No"]]]
)
def test_a_table_of_texts_is_one_tensor_flat_or_nested(data):
    as_text = json.loads(json.dumps(data).replace("1", '"1"'))
    assert rows(tensor("input-0", "BYTES", as_text, [2, 3])) == [
        ("1", "a", "Yes"), (None, "b", "No"),
    ]  # fmt: skip


def test_a_table_of_numbers_is_one_tensor():
    numbers = tuple(ColumnSpec(name, ColumnType.NUMERIC, "") for name in "ab")
    data = [[1.25, -3], [float("nan"), 1e-7]]
    assert rows(tensor("x", "FP64", data, [2, 2]), columns=numbers) == [
        ("1.25", "-3"), (None, "1e-07"),
    ]  # fmt: skip


def test_codes_of_categories_are_spelled_as_in_training():
    given = tensor("c", "FP64", [3.0, 2.0, 7.0, 0.5])
    assert [row[1] for row in rows(given)] == ["3", "2.0", "7", "0.5"]


def test_truths_are_spelled_as_in_training_or_counted():
    data = [True, False]
    assert [row[2] for row in rows(tensor("flag", "BOOL", data))] == ["Yes", "No"]
    assert [row[0] for row in rows(tensor("n", "BOOL", data))] == ["1", "0"]
    says = refusal({"inputs": [tensor("c", "BOOL", data)]})
    assert "Value 0 (from 0) of input 'c' is a BOOL" in says


def test_id_and_outputs_are_read():
    found = read(tensor("n", "INT64", [1]), id="a", outputs=[{"name": "labels"}], parameters={})
    assert (found.id, found.outputs) == ("a", ("labels",))


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        *(("FP64", one) for one in ("1", True, [1], {})),
        *(("INT64", one) for one in (1.5, "1", True, 1e30)),
        *(("BYTES", one) for one in (1, True, ["a"])),
        *(("BOOL", one) for one in (1, "true")),
    ],
)
def test_a_value_that_is_none_of_its_datatype_is_named(datatype, value):
    says = refusal({"inputs": [tensor("n", datatype, [None, value], [2])]})
    assert says == f"Value 1 (from 0) of input 'n' is no {datatype}."


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ([3], "has 2 values; its shape [3] says 3"),
        ([1], "has 2 values; its shape [1] says 1"),
        ([999999999, 999999999], "says 999999998000000001"),
        ([10**12], "one or two whole numbers"),
        ([-2], "one or two whole numbers"),
        ([2.0], "one or two whole numbers"),
        (["2"], "one or two whole numbers"),
        ([], "one or two whole numbers"),
        ([2, 1, 1], "one or two whole numbers"),
        ([1, 2], "every column must have that of the first"),
        (None, "has 2 values"),
    ],
)
def test_a_shape_says_no_more_than_there_is(shape, says):
    given = tensor("n", "FP64", [1, 2], shape if shape is not None else [5])
    assert says in refusal({"inputs": [given]})


def test_ragged_and_missing_data_are_refused():
    ragged = tensor("n", "FP64", [[1], [2, 3]], [2, 1])
    assert "a row with other than 1 values" in refusal({"inputs": [ragged]})
    for data in (None, 5, "ab"):
        given = {"name": "n", "datatype": "FP64", "shape": [1], "data": data}
        assert "must have a list as its data" in refusal({"inputs": [given]})


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ([], '"inputs" of the request body is empty'),
        ([5], "must be a list of objects"),
        ([{"name": 5, "datatype": "FP64"}], '"name" of input 1 must be a string'),
        ([{"datatype": "FP64", "shape": [1], "data": [1]}], "Input 1 has no name"),
        ([tensor("n", "FP128", [1])], "datatype 'FP128'"),
        (
            [tensor("z", "FP64", [1])],
            "Input 'z' is no column of the model. Its columns: n, c, flag.",
        ),
        ([tensor("n", "FP64", [1])] * 2, "stands in the request twice"),
        (
            [tensor("n", "FP64", [1]), tensor("c", "BYTES", ["a", "b"])],
            "must have that of the first, [1]",
        ),
        ([tensor("n", "FP64", [])], "no rows"),
        ([tensor("z", "BYTES", ["a", "b"], [1, 2])], "of the shape [rows, 3]; its shape is [1, 2]"),
        ([tensor("z", "BYTES", [], [0, 3])], "no rows"),
    ],
)
def test_inputs_that_are_no_table_are_refused(inputs, says):
    assert says in refusal({"inputs": inputs})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not valid JSON"),
        ("[]", "must be an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"inputs": 1}', "must be a list of objects"),
        ('{"inputs": [], "id": 1}', "is empty"),
    ],
)
def test_bodies_that_are_no_request_are_refused(body, says):
    assert says in refusal(body)


def test_outputs_and_id_of_another_kind_are_refused():
    given = [tensor("n", "FP64", [1])]
    assert '"id" of the request body' in refusal({"inputs": given, "id": 5})
    assert '"name" of an output' in refusal({"inputs": given, "outputs": [{"name": 1}]})


def test_one_column_of_many_rows_does_not_become_a_large_table(monkeypatch):
    """A column of a megabyte, of a model of 2,000, became two thousand megabytes."""
    monkeypatch.setattr(request_rows, "_MOST_LEFT_OUT", 300)
    columns = [ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(100)]
    data = [1] * 50
    said = refusal({"inputs": [tensor("c3", "FP64", data)]}, columns)
    assert "50 rows, and the model 100 columns" in said
    assert "at most 3 rows" in said
    assert len(rows(tensor("c3", "FP64", data[:3]), columns=columns)) == 3
    whole = tensor("input-0", "FP64", [1] * 1_000, [10, 100])
    assert len(rows(whole, columns=columns)) == 10

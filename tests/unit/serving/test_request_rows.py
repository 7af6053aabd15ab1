import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.packages.package import Schema
from windvane.errors import ContentTypeRefused, InvalidRequest
from windvane.serving import request_rows
from windvane.serving.request_rows import read_rows

THREE = Schema(("age", "job", "note"), ("no", "yes"), "string", "y", "BinaryClassification")
ONE = Schema(("text",), ("no", "yes"), "string", "y", "BinaryClassification")

cells = st.text(st.characters(codec="utf-8"), max_size=20)


def as_csv(rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5))
def test_whatever_csv_carries_comes_back(rows):
    body = as_csv(rows)
    if not body.decode().strip() or body.startswith(b"\xef\xbb\xbf"):
        return
    assert read_rows(body, "text/csv", THREE) == [list(row) for row in rows]


@pytest.mark.parametrize(
    "body",
    [
        b"1,clerk,hi",
        b"1,clerk,hi\n",
        b"1,clerk,hi\r\n",
        b"\xef\xbb\xbf1,clerk,hi\n",
        b"1,clerk,hi\n\n\n",
        b'"1","clerk","hi"',
        b"age,job,note\n1,clerk,hi\n",
        b"\xef\xbb\xbfage,job,note\r\n1,clerk,hi\r\n",
    ],
)
def test_one_row_is_read_in_all_its_spellings(body):
    assert read_rows(body, "text/csv", THREE) == [["1", "clerk", "hi"]]


def test_quoted_commas_quotes_and_newlines_stay_in_their_cell():
    body = b'1,"a, b","say ""hi""\nthere"\n2,c,d'
    assert read_rows(body, "text/csv", THREE) == [
        ["1", "a, b", 'say "hi"\nthere'],
        ["2", "c", "d"],
    ]


def test_a_blank_line_is_a_missing_value_when_there_is_one_column():
    assert read_rows(b"a\n\nb\n", "text/csv", ONE) == [["a"], [""], ["b"]]


def test_a_first_line_that_differs_from_the_header_is_data():
    rows = read_rows(b"job,age,note\n1,clerk,hi", "text/csv", THREE)
    assert rows[0] == ["job", "age", "note"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The request body is empty. The model takes rows of 3 values: age, job, note."),
        (b"\n \n", "The request body is empty."),
        (b"age,job,note\n", "The request body has no rows."),
        (b"1,a,b\n2,c\n", "Row 2 has 2 values. The model takes rows of 3 values"),
        (b"1,a,b,yes\n", "Row 1 has 4 values. Leave out the target 'y'."),
        (b"1,a,b\n\n2,a,b", "Row 2 is blank."),
        (b'1,"a,b\n', "not valid CSV near line 1: unexpected end of data"),
        (b'1,"a"x,b\n', "not valid CSV near line 1"),
        (b"1,\xff,b\n", "not valid UTF-8: byte 2 is 0xff"),
    ],
)
def test_bad_csv_is_refused_saying_what_and_where(body, says):
    with pytest.raises(InvalidRequest) as refusal:
        read_rows(body, "text/csv", THREE)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "document",
    [
        [[1.10, "clerk", None]],
        [1.10, "clerk", None],
        {"age": 1.10, "job": "clerk"},
        [{"age": 1.10, "job": "clerk", "note": None}],
        {"instances": [[1.10, "clerk", None]]},
        {"instances": [{"job": "clerk", "age": 1.10}]},
        {"instances": [{"features": [1.10, "clerk", None]}]},
    ],
)
def test_one_row_of_json_is_read_in_all_its_shapes(document):
    body = json.dumps(document).replace("1.1", "1.10").encode()
    assert read_rows(body, "application/json", THREE) == [["1.10", "clerk", None]]


def test_json_numbers_keep_their_spelling_and_nan_is_missing():
    body = b'[[12345678901234567890, 1e5, NaN], [-0, 1.0, "NaN"]]'
    assert read_rows(body, "application/json", THREE) == [
        ["12345678901234567890", "1e5", None],
        ["-0", "1.0", "NaN"],
    ]


def test_json_lines_hold_a_row_each():
    body = b'{"age": 1}\n[2, "a", "b"]\n\n'
    rows = read_rows(body, "application/jsonlines", THREE)
    assert rows == [["1", None, None], ["2", "a", "b"]]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The request body is not valid JSON"),
        (b"{", "The request body is not valid JSON"),
        (b"[" * 100_000, "The request body is not valid JSON"),
        (b"[]", "The request body has no rows."),
        (b'"text"', "must be a list of rows"),
        (b"7", "must be a list of rows"),
        (b'{"instances": 1}', '"instances" in the request body must be a list'),
        (b"[[1, 2, 3], [1, 2]]", "Row 2 has 2 values."),
        (b"[[1, 2, 3], 4]", "Row 2 must be a list of values or an object by column name."),
        (b'[{"age": 1, "jobs": 2}]', "Row 1 has a column 'jobs' that the model does not take."),
        (b'[{"age": 1, "y": "no"}]', "Leave out the target."),
        (b'[{"age": [1]}]', "The value of row 1, column 'age' must be a string, a number"),
        (
            b"[[1, true, 2]]",
            "row 1, column 'job' is true, which training data spell in several ways",
        ),
        (b'[[1, {"a": 1}, 2]]', "row 1, column 'job' must be a string"),
    ],
)
def test_bad_json_is_refused_saying_what_and_where(body, says):
    with pytest.raises(InvalidRequest) as refusal:
        read_rows(body, "application/json", THREE)
    assert says in str(refusal.value)


@given(
    st.binary(max_size=200),
    st.sampled_from(["text/csv", "application/json", "application/jsonlines"]),
)
def test_no_body_does_worse_than_a_refusal(body, content_type):
    try:
        rows = read_rows(body, content_type, THREE)
    except InvalidRequest:
        return
    assert all(len(row) == 3 for row in rows)


def test_an_unknown_content_type_is_refused():
    with pytest.raises(ContentTypeRefused):
        read_rows(b"1,2,3", "image/png", THREE)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b"[" + b"{}," * 99 + b"{}]"), ("application/jsonlines", b"{}\n" * 100)],
)
def test_rows_that_leave_out_most_columns_do_not_become_a_large_table(
    content_type, body, monkeypatch
):
    """Two million empty objects, of a model of 1,000 columns, became two milliards of cells."""
    wide = Schema(tuple(f"c{i}" for i in range(9)), (), "", "y", "Regression")
    assert len(read_rows(body, content_type, wide)) == 100
    monkeypatch.setattr(request_rows, "_MOST_LEFT_OUT", 500)
    with pytest.raises(
        InvalidRequest, match=r"100 rows, and the model 9 columns.* at most 55 rows"
    ):
        read_rows(body, content_type, wide)

"""How the columns of a file go to a model in a transform job."""

import pytest

from windvane.console.trying.batches import Batch, batch_from, folder_of, plan_of, transform_request
from windvane.console.trying.schema import Schema
from windvane.errors import InvalidRequest


def schema(*names, unused=()):
    columns = [{"Name": name, "Used": name not in unused, "Typical": ""} for name in names]
    return Schema("AllTraffic", "y", "Regression", "linear", (), columns, True, ("score",))


def path(first, *names, unused=()):
    return plan_of(first, schema(*names, unused=unused)).path


@pytest.mark.parametrize(
    ("first", "wanted"),
    [
        ("a,b,c\n", "$"),
        ("a,b,c,y\n", "$[0:3]"),
        ("y,a,b,c\r\n", "$[1:4]"),
        ("c,y,a,b\n", "$[2:4,0]"),
        ("id, a ,b,other,c", "$[1:3,4]"),
        ('"a",b,c,y', "$[0:3]"),
    ],
)
def test_columns_are_found_by_the_header(first, wanted):
    assert path(first, "a", "b", "c") == wanted


def test_without_a_header_every_line_is_a_row():
    plan = plan_of("1,2,3\n", schema("a", "b", "c"))
    assert (plan.has_header, plan.path, plan.names) == (False, "$", ("a", "b", "c"))


def test_a_column_that_the_model_does_not_use_may_be_missing():
    assert path("a,b,y\n", "a", "b", "id", unused=["id"]) == "$[0:2,0]"


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("a,y\n", "does not have columns that the model uses: b, c"),
        ("1,2\n", "The first line has 2 values .* a row has 3 values: a, b, c"),
        ("1;2;3\n", "separated by semicolons"),
        ("a\tb\tc\n", "separated by tabs"),
        ('"a,b,c', "not CSV"),
        ("a,b,c\n1,2,3\n", "does not begin with a line of CSV"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_words(first, says):
    with pytest.raises(InvalidRequest, match=says):
        plan_of(first, schema("a", "b", "c"))


def test_an_order_that_no_filter_has_room_for_is_refused():
    names = [f"c{i}" for i in range(40)]
    with pytest.raises(InvalidRequest, match=r"another order .*: c0, c1"):
        plan_of(",".join(reversed(names)), schema(*names))


def test_what_is_kept_beside_the_parts_is_read_again():
    batch = Batch("rows.csv", 3, ("a", "score"), True)
    assert batch_from(batch.to_json()) == batch


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"file": 1, "n_parts": 1, "head": [], "joins": true}']
)
def test_a_damaged_description_is_refused(text):
    with pytest.raises(InvalidRequest, match="damaged"):
        batch_from(text)


def test_the_folder_is_told_by_the_output_of_the_job():
    asked = transform_request(
        "j", "m", "s3://b/console/predictions/x", plan_of("a", schema("a")), joins=True
    )
    assert folder_of(asked) == "s3://b/console/predictions/x"
    asked["TransformOutput"]["S3OutputPath"] = "s3://b/elsewhere/output"
    with pytest.raises(InvalidRequest, match="was not started from this page"):
        folder_of(asked)


def test_halves_of_characters_in_a_description_are_replaced():
    """Half of a pair cannot be written in UTF-8: the page and the download failed."""
    told = b'{"file": "\\ud800.csv", "n_parts": 1, "head": ["\\udfff"], "joins": true}'
    assert batch_from(told) == Batch("?.csv", 1, ("?",), True)

import pytest

from windvane.domain.jsonpath import NothingThere, read_path
from windvane.errors import InvalidRequest

RECORD = {"id": 7, "features": [1, 2, 3], "deep": {"a": {"x": 1}, "b": 2}, "o'd, d]": 5}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", RECORD),
        ("$.features", [1, 2, 3]),
        ("$.features[0]", 1),
        ("$.features[-1]", 3),
        ("$.features[1:]", [2, 3]),
        ("$.features[:-1]", [1, 2]),
        ("$.features[0,2]", [1, 3]),
        ("$.features[0, 1:]", [1, 2, 3]),
        ("$['id','features']", {"id": 7, "features": [1, 2, 3]}),
        ("$.deep.['a','b']", {"a": {"x": 1}, "b": 2}),
        ("$.deep['a'].x", 1),
        ("$.deep.a.*", [1]),
        ("$['deep']['b']", 2),
        ('$["o\'d, d]"]', 5),
        ("$.features[*]", [1, 2, 3]),
    ],
)
def test_a_path_means_a_part_of_a_document(path, value):
    assert read_path(path).of(RECORD) == value


def test_what_follows_an_asterisk_is_taken_of_each():
    assert read_path("$[*].id").of([{"id": 1}, {"id": 2}]) == [1, 2]


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("$", [0, 1, 2, 3]),
        ("$[1:]", [1, 2, 3]),
        ("$[:-1]", [0, 1, 2]),
        ("$[0,2]", [0, 2]),
        ("$[-1]", [3]),
        ("$[0,2:]", [0, 2, 3]),
        ("$[*]", [0, 1, 2, 3]),
        ("$[1:9]", [1, 2, 3]),
    ],
)
def test_a_path_means_columns(path, places):
    assert read_path(path).is_of_columns
    assert read_path(path).columns(4) == places


@pytest.mark.parametrize("path", ["$.a", "$['a']", "$[0][1]", "$[0].a"])
def test_members_are_no_columns(path):
    assert not read_path(path).is_of_columns


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "$.",
        "$[",
        "$[]",
        "$[a]",
        "$['a]",
        "$x",
        "$..a",
        "$[1:2:3]",
        "$[1,]",
        "$['a',1]",
        "$[0,1].a",
        "$[1:][0]",
        "$['a','b'].c",
        "$[--1]",
        "$[-:]",
        "$.a b",
        "$[?(@.a)]",
    ],
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(InvalidRequest, match="is malformed"):
        read_path(path)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("$.z", {"a": 1}, "no member 'z'"),
        ("$.z", [1], "no member 'z'"),
        ("$[3]", [1], "1 items and no item"),
        ("$[0]", {"a": 1}, "no list"),
        ("$.*", 1, "neither"),
    ],
)
def test_a_record_without_it_is_told(path, value, told):
    with pytest.raises(NothingThere, match=told):
        read_path(path).of(value)


@pytest.mark.parametrize(("path", "told"), [("$[4]", "no item"), ("$[9:]", "leaves none")])
def test_a_row_without_such_columns_is_told(path, told):
    with pytest.raises(NothingThere, match=told):
        read_path(path).columns(4)

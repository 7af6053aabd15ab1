import pytest

from windvane.errors import AcceptRefused, ContentTypeRefused
from windvane.serving.content_types import (
    CSV,
    EXPLAIN,
    JSON,
    JSON_LINES,
    asks_for,
    choose_accept,
    read_content_type,
)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/csv", CSV),
        ("Text/CSV; charset=UTF-8", CSV),
        ("text/csv;header=present", CSV),
        ("application/json", JSON),
        ("application/jsonlines", JSON_LINES),
        ("", CSV),
        ("application/octet-stream", CSV),
    ],
)
def test_a_content_type_is_read_with_its_parameters(content_type, expected):
    assert read_content_type(content_type) == expected


@pytest.mark.parametrize("content_type", ["image/png", "text/csv; charset=latin-1", "csv", "*/*"])
def test_other_content_types_are_refused_by_name(content_type):
    with pytest.raises(ContentTypeRefused, match=r"is not supported\. Send one of text/csv"):
        read_content_type(content_type)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("application/json; charset=utf-8", JSON),
        ("image/png, text/csv", CSV),
        ("text/csv;q=0.5, application/jsonlines", JSON_LINES),
        ("text/csv;q=0, */*", JSON),
    ],
)
def test_the_preferred_type_that_a_model_writes_is_chosen(accept, expected):
    assert choose_accept(accept, JSON) == expected


@pytest.mark.parametrize("accept", ["image/png", "application/x-recordio-protobuf", "text/csv;q=0"])
def test_an_accept_type_that_no_model_writes_is_refused_in_the_known_words(accept):
    with pytest.raises(AcceptRefused) as refusal:
        choose_accept(accept, CSV)
    assert str(refusal.value) == f"Accept type '{accept}' is not supported."


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("text/csv; explain=true", True),
        ("application/json;q=0.5, text/csv; Explain=TRUE", True),
        ("text/csv; explain=false", False),
        ("text/csv", False),
        ("", False),
        ("explain=true", False),
    ],
)
def test_a_parameter_of_the_accepted_type_may_ask_for_more(accept, asked):
    assert asks_for(accept, EXPLAIN) is asked

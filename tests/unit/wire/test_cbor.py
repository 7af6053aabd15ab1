"""CBOR in and out: what is written is read again, what is no document is refused, and nothing costs more than its bytes."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.errors import Malformed
from windvane.wire import cbor
from windvane.wire.cbor import (
    read_cbor,
    write_array,
    write_boolean,
    write_bytes,
    write_float,
    write_integer,
    write_map,
    write_moment,
    write_text,
)


def written(value):
    match value:
        case bool():
            return write_boolean(value)
        case int():
            return write_integer(value)
        case float():
            return write_float(value)
        case str():
            return write_text(value)
        case bytes():
            return write_bytes(value)
        case list():
            return write_array([written(item) for item in value])
        case dict():
            return write_map({name: written(item) for name, item in value.items()})
    return b"\xf6"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


@pytest.mark.slow
@given(TREES)
def test_what_is_written_is_read_again(tree):
    assert read_cbor(written(tree)) == tree


@pytest.mark.slow
@given(TREES, st.data())
def test_a_document_that_is_cut_or_goes_on_is_refused(tree, data):
    body = written(tree)
    end = data.draw(st.integers(0, len(body) - 1))
    for broken in (body[:end], body + b"\x00"):
        with pytest.raises(Malformed):
            read_cbor(broken)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body):
    try:
        value = read_cbor(body)
    except Malformed:
        return
    assert isinstance(value, bool | int | float | str | bytes | list | dict | datetime | None)


@given(TREES, st.data())
def test_bytes_changed_within_a_document_are_read_or_refused(tree, data):
    body = bytearray(written(tree))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_cbor(bytes(body))
    except Malformed:
        return


VALUES = {
    "the longest head of a small number": (b"\x1b" + bytes(7) + b"\x05", 5),
    "half": (b"\xf9\x3e\x00", 1.5),
    "single": (b"\xfa" + struct.pack(">f", 0.25), 0.25),
    "undefined": (b"\xf7", None),
    "an array without a length": (b"\x9f\x01\x02\xff", [1, 2]),
    "a map without a length": (b"\xbf\x61a\x01\xff", {"a": 1}),
    "a text in parts": (b"\x7f\x61a\x62bc\xff", "abc"),
    "bytes in parts": (b"\x5f\x41a\x41b\xff", b"ab"),
    "nothing in no parts": (b"\x5f\xff", b""),
    "a moment": (b"\xc1\x1a\x00\x00\x00\x0a", datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC)),
    "a moment with a fraction": (write_moment(0.5), datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC)),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_forms_of_a_value(name):
    body, value = VALUES[name]
    assert read_cbor(body) == value


REFUSED = {
    "nothing": (b"", "ends too early"),
    "an array as long as memory": (b"\x9b" + b"\xff" * 8, "ends too early"),
    "a text as long as memory": (b"\x7b\x7f" + b"\xff" * 7, "ends too early"),
    "a map as long as memory": (b"\xbb\x7f" + b"\xff" * 7, "ends too early"),
    "a number of 65 bits": (b"\x3b" + b"\xff" * 8, "more than 64 bits"),
    "a length that is reserved": (b"\x1c", "a length is written as 28"),
    "a number without a length": (b"\x1f", "a length is written as 31"),
    "a break alone": (b"\xff", "the simple value 31"),
    "a simple value": (b"\xe0", "the simple value 0"),
    "a large number": (b"\xc2\x41\x01", "the tag 2 is not known"),
    "a moment that is text": (b"\xc1\x61a", "a moment is no number"),
    "a moment that is true": (b"\xc1\xf5", "a moment is no number"),
    "a moment beyond all calendars": (b"\xc1\xfb\x7f\xf0" + bytes(6), "out of range"),
    "a moment that is none": (b"\xc1\xfb\x7f\xf8" + bytes(6), "out of range"),
    "a key that is a number": (b"\xa1\x01\x01", "a key is no text"),
    "a key twice": (b"\xa2\x61a\x01\x61a\x02", "a key stands twice"),
    "a text that is not in UTF-8": (b"\x61\xff", "not in UTF-8"),
    "a text in parts of bytes": (b"\x7f\x41a\xff", "a part of another type"),
    "parts of parts": (b"\x7f\x7f\x61a\xff\xff", "a part of another type"),
    "arrays within arrays": (b"\x81" * 1_000_000, "nested more than 64"),
    "arrays without a length within each other": (b"\x9f" * 1_000_000, "nested more than 64"),
    "tags within tags": (b"\xc1" * 1_000_000, "nested more than 64"),
    "very many values": (b"\x9f" + b"\x80" * 200_000, "more than 100000 values"),
    "very many parts": (b"\x7f" + b"\x60" * 200_000, "more than 100000 values"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(name):
    body, why = REFUSED[name]
    with pytest.raises(Malformed, match=why):
        read_cbor(body)


def test_numbers_that_are_none_are_told_from_others():
    for value in (float("nan"), float("inf"), float("-inf")):
        assert type(read_cbor(write_float(value))).__name__ == "NotFinite"


def test_a_number_too_large_for_64_bits_is_not_written():
    with pytest.raises(OverflowError):
        write_integer(2**64)
    assert cbor.MAX_DEPTH == 64

"""Reading a large object a part at a time: every byte once, and none that nobody asked for."""

from __future__ import annotations

import io
import re

import pytest
from botocore.exceptions import ClientError

from windvane.artifacts import parts
from windvane.artifacts.base import Location
from windvane.artifacts.parts import opened_in_parts

WHERE = Location("bucket", "key")


class Store:
    """One object; `asked` holds the ranges that were read."""

    def __init__(self, content: bytes, etag: str = '"1"') -> None:
        self.content, self.etag = content, etag
        self.asked: list[tuple[int, int]] = []

    def get_object(self, **request):
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", request["Range"]).groups())
        if request.get("IfMatch", self.etag) != self.etag:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject")
        part = self.content[first : last + 1]
        self.asked.append((first, last))
        return {
            "Body": io.BytesIO(part),
            "ETag": self.etag,
            "ContentLength": len(part),
            "ContentRange": f"bytes {first}-{first + len(part) - 1}/{len(self.content)}",
        }


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART_BYTES", 10)


@pytest.mark.parametrize("length", [1, 9, 10, 11, 20, 95])
@pytest.mark.parametrize("start", [0, 1, 10])
@pytest.mark.parametrize("size", [1, 7, 10, 1000])
def test_every_byte_is_read_once(length, start, size):
    content = bytes(range(length))
    store = Store(content)
    read = b""
    with opened_in_parts(store, WHERE, start) as stream:
        while chunk := stream.read(size):
            read += chunk
    assert read == content[start:]
    assert store.asked == [(at, at + 9) for at in range(start, max(length, start + 1), 10)]


def test_what_is_left_unread_is_not_asked_for():
    store = Store(bytes(1000))
    with opened_in_parts(store, WHERE, 0) as stream:
        assert stream.read(5) == bytes(5)
    assert len(store.asked) <= 2


def test_an_object_that_changed_meanwhile_is_not_mixed_with_what_it_was():
    store = Store(bytes(100))
    with opened_in_parts(store, WHERE, 0) as stream:
        stream.read(5)
        store.etag = '"2"'
        with pytest.raises(ClientError, match="PreconditionFailed"):
            stream.read()


def test_a_store_that_knows_no_ranges_is_read_whole():
    class Plain(Store):
        def get_object(self, **request):
            return {"Body": io.BytesIO(self.content), "ETag": "x", "ContentLength": 100}

    with opened_in_parts(Plain(bytes(100)), WHERE, 0) as stream:
        assert stream.read() == bytes(100)

"""A head that can be read in two ways is refused, whoever sent it."""

from __future__ import annotations

import pytest

from windvane.errors import Malformed
from windvane.wire.call import Request
from windvane.wire.heads import (
    MAX_HEADERS,
    MAX_TARGET,
    RepeatedHeader,
    check_head,
    refuse_repeated,
)


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "host", "content-length", "content-md5", "content-type", "range"),
        *("x-amz-date", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-security-token"),
        *("if-match", "if-none-match", "x-amz-decoded-content-length", "x-amz-meta-a", "x-own"),
        *("transfer-encoding", "x-amz-target", "expect"),
    ],
)
@pytest.mark.parametrize("second", ["", "a", "b"])
def test_a_header_that_must_stand_once_is_refused_twice(name: str, second: str) -> None:
    with pytest.raises(RepeatedHeader, match=name):
        refuse_repeated([(name, "a"), ("accept", "x"), (name, second)])


def test_lists_may_be_repeated() -> None:
    refuse_repeated(
        [("accept", "a"), ("accept", "b"), ("host", "h"), ("cookie", ""), ("cookie", "")]
    )


def head(*headers: tuple[str, str], method="POST", path="/b/k", query="") -> Request:
    return Request(method, path, query, (("host", "x"), *headers), b"")


GOOD = {
    "nothing special": head(),
    "lists": head(("accept", "a"), ("accept", "b"), ("x-forwarded-for", "1"), ("cookie", "a=b")),
    "a length": head(("content-length", "12")),
    "chunks": head(("transfer-encoding", "chunked")),
    "no body": head(("content-length", "0"), method="GET"),
}


@pytest.mark.parametrize("request_", GOOD.values(), ids=GOOD)
def test_a_sound_head_passes(request_):
    check_head(request_)


BAD = {
    "too many headers": head(*[(f"x-{i}", "") for i in range(MAX_HEADERS + 1)]),
    "a long path": head(path="/" + "a" * MAX_TARGET),
    "a long query": head(query="a" * MAX_TARGET),
    "a target of another form": head(path="http://x/"),
    "a star": head(path="*"),
    "no method": head(method="get it"),
    "a length that is none": head(("content-length", "+1")),
    "a length in other digits": head(("content-length", "\u0661")),
    "a length without end": head(("content-length", "9" * 40)),
    "a length and chunks": head(("content-length", "1"), ("transfer-encoding", "chunked")),
    "another coding": head(("transfer-encoding", "gzip, chunked")),
    "GET with a body": head(("content-length", "5"), method="GET"),
    "GET with chunks": head(("transfer-encoding", "chunked"), method="GET"),
    "HEAD with a body": head(("content-length", "5"), method="HEAD"),
    "DELETE with a body": head(("content-length", "5"), method="DELETE"),
}


@pytest.mark.parametrize("request_", BAD.values(), ids=BAD)
def test_a_head_that_can_be_read_in_two_ways_is_refused(request_):
    with pytest.raises(Malformed):
        check_head(request_)

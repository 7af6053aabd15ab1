"""Headers that stand in a request once."""

from __future__ import annotations

import pytest

from windvane.wire.heads import RepeatedHeader, refuse_repeated


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

"""Wildcards: as a plain reference says, in time that no pattern can stretch."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.control.identity.patterns import UnusablePattern, read_pattern, split_at_colons

FACTS = {"aws:username": "ann*", "aws:userid": "AIDA1"}


def reference(pattern: str, text: str) -> bool:
    """The pattern as a regular expression: right, and slow for some."""
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


@given(st.text("ab:*?", max_size=9), st.text("ab:\n", max_size=12))
def test_a_pattern_matches_what_the_reference_matches(pattern, text):
    assert read_pattern(pattern).matches(text, {}) == reference(pattern, text)


@pytest.mark.parametrize("pattern", ["*a" * 1000 + "*b", "?*" * 1000 + "b", "*a?a" * 500 + "*b"])
def test_no_pattern_takes_long(pattern):
    began = time.thread_time()
    assert not read_pattern(pattern).matches("a" * 6000, {})
    assert time.thread_time() - began < 10


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("user/${aws:username}", "user/ann*", True),
        ("user/${aws:username}", "user/anna", False),
        ("user/${AWS:UserName}/*", "user/ann*/x", True),
        ("${aws:PrincipalAccount}", "", False),
        ("${*}x", "*x", True),
        ("${*}x", "yx", False),
        ("a${$}{?}", "a${b}", True),
    ],
)
def test_variables_stand_for_facts_letter_by_letter(pattern, text, matches):
    assert read_pattern(pattern).matches(text, FACTS) is matches


def test_a_pattern_is_filled_anew_for_whoever_asks():
    pattern = read_pattern("?/${aws:username}")
    for name in ("ann", "bob", "ann", None, "bob"):
        facts = {} if name is None else {"aws:username": name}
        told = [pattern.matches(f"u/{other}", facts) for other in ("ann", "bob")]
        assert told == [name == "ann", name == "bob"]


def test_variables_that_are_not_served_are_refused():
    with pytest.raises(UnusablePattern, match="aws:TokenIssueTime"):
        read_pattern("x${aws:TokenIssueTime}")


def test_a_colon_in_a_variable_separates_nothing():
    assert split_at_colons("arn:aws:iam::1:user/${aws:username}:x", 5) == [
        "arn", "aws", "iam", "", "1", "user/${aws:username}:x",
    ]  # fmt: skip

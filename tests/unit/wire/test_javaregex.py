"""The service models' patterns in Python: every one compiles, means what Java means, and ends in time."""

from __future__ import annotations

import signal

import pytest
from botocore.loaders import Loader

from windvane.wire.javaregex import compile_pattern
from windvane.wire.model import SERVICES


def every_pattern():
    """Pattern -> longest string that it may have to match; None if unbounded."""
    found: dict[str, int | None] = {}
    for service in SERVICES:
        for shape in Loader().load_service_model(service, "service-2")["shapes"].values():
            if isinstance(pattern := shape.get("pattern"), str):
                longest = max(found.get(pattern, 0) or 0, shape.get("max") or 0)
                found[pattern] = longest or None
    return found


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"[\p{L}\p{Z}\p{N}]*", "Zürich 東京 ٣", True),
        (r"[\p{L}\p{Z}\p{N}]*", "a!", False),
        (r"\p{L}+", "é", True),
        (r"\p{ASCII}*", "a\x00~", True),
        (r"\p{ASCII}*", "é", False),
        (r"\A\S[\p{Print}]*\z", "a b", True),
        (r"\A\S[\p{Print}]*\z", " a", False),
        (r"[\S\s]*", "any\nthing", True),
        (r"[\w-_]*", "a-_", True),
        (r"\w+", "é", False),
        (r"\d", "٣", False),
        (r"[\uD800\uDC00-\uDBFF\uDFFF]", "\U0001f600", True),
        (r"[\uD800\uDC00-\uDBFF\uDFFF]", "a", False),
        (r"(a*)${1,128}", "aa", True),
        (r"^a$", "a\n", False),
        (r"https://([.\-_a-zA-Z0-9]+/?){3,1016}", "https://a.b/c/", True),
        (r"https://([.\-_a-zA-Z0-9]+/?){3,1016}", "https://abc", True),
        (r"https://([.\-_a-zA-Z0-9]+/?){3,1016}", "https://ab", False),
        (r"https://([.\-_a-zA-Z0-9]+/?){3,1016}", "https://a//b/c", False),
        (r"https://([.\-_a-zA-Z0-9]+/?){3,1016}", "https:///a/b/c", False),
        (r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?", "a-b-c", True),
        (r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?", "a-", False),
    ],
)
def test_a_pattern_means_what_it_means_in_java(pattern, text, matches):
    assert (compile_pattern(pattern).fullmatch(text) is not None) is matches


def test_every_pattern_of_the_models_compiles():
    for pattern in every_pattern():
        compile_pattern(pattern)


SEEDS = [
    "a",
    "-",
    "a-",
    "0",
    "/",
    ".",
    "a/",
    " ",
    "a ",
    "=",
    "_",
    "aA0",
    "arn:aws:",
    "25",
    "a,",
    "x@",
]
HEADS = ["", "https://", "s3://a/", "arn:aws:sagemaker:us-east-1:123456789012:", "a"]


def test_no_pattern_of_the_models_can_be_kept_busy():
    def too_long(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, too_long)
    slow = []
    try:
        for pattern, longest in every_pattern().items():
            compiled = compile_pattern(pattern)
            length = min(longest or 1024, 1024)
            for text in (h + (s * length)[:length] + "\x00" for h in HEADS for s in SEEDS):
                signal.setitimer(signal.ITIMER_REAL, 0.5)
                try:
                    compiled.fullmatch(text)
                except TimeoutError:
                    slow.append(pattern)
                    break
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert slow == []

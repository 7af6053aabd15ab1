"""Attacks on memory by what a server remembers of requests that nobody signed."""

from __future__ import annotations

import pytest

from windvane.audit.kinds import is_data_event, is_read
from windvane.errors import Unauthenticated
from windvane.wire import sigv4_signature
from windvane.wire.call import Request
from windvane.wire.model import route

STAMP = "20261130T000000Z"
SCOPE = "20261130/us-east-1/s3/aws4_request"


def signed(credential: str, names: str) -> Request:
    text = f"{sigv4_signature.ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={'a' * 64}"
    return Request("GET", "/", "", (("authorization", text), ("x-amz-date", STAMP)), b"")


@pytest.mark.parametrize("n_names", [101, 20_000])
def test_lists_of_headers_are_bounded(n_names: int) -> None:
    """A thousand lists of 16,000 names each were remembered, whoever wrote them: 1.1 GB for 64 MB of requests."""
    names = ";".join(["host", *(f"h{number}" for number in range(n_names))])
    kept = sigv4_signature._read_names.cache_info().currsize
    with pytest.raises(Unauthenticated):
        sigv4_signature.read_signature(signed(f"AKIA/{SCOPE}", names))
    assert sigv4_signature._read_names.cache_info().currsize == kept


def test_long_lists_are_read_and_not_kept() -> None:
    """As long names of metadata make them."""
    names = ["host", *(f"x-amz-meta-{number}-{'n' * 100}" for number in range(50))]
    kept = sigv4_signature._read_names.cache_info().currsize
    found = sigv4_signature.read_signature(signed(f"AKIA/{SCOPE}", ";".join(names)))
    assert found.signed_headers == tuple(names)
    assert sigv4_signature._read_names.cache_info().currsize == kept


def test_long_keys_are_refused_and_not_kept() -> None:
    kept = sigv4_signature._read_scope.cache_info().currsize
    with pytest.raises(Unauthenticated):
        sigv4_signature.read_signature(signed(f"{'A' * 60_000}/{SCOPE}", "host"))
    assert sigv4_signature._read_scope.cache_info().currsize == kept


def test_names_of_services_are_short_and_few_are_kept() -> None:
    """The audit log remembered the kind of every operation of every service that anybody named, for ever."""
    found = route(signed(f"AKIA/20261130/us-east-1/{'s' * 60_000}/aws4_request", "host"))
    assert len(found.service) <= 64
    for kept in (is_data_event, is_read):
        most = kept.cache_info().maxsize
        assert most is not None
        for number in range(most + 10):
            kept(f"service-{number}", "")
        assert kept.cache_info().currsize == most
        kept.cache_clear()

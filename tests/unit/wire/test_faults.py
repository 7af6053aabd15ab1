"""The table of faults: every error that can reach a client has a code wherever it may arrive."""

from __future__ import annotations

import pytest

from windvane import errors
from windvane.wire.faults import DIALECTS, TABLE, Dialect, encode_fault, fault_of, s3_refusal


def kinds_of(root):
    yield root
    for kind in root.__subclasses__():
        yield from kinds_of(kind)


def test_every_row_speaks_every_dialect():
    assert all(row.keys() == set(Dialect) for row in TABLE.values())


@pytest.mark.parametrize("service", DIALECTS)
def test_every_fault_of_a_caller_has_a_code(service):
    for root in (errors.CallerFault, errors.InvocationFault):
        for kind in kinds_of(root):
            if kind is not errors.InvocationFault:
                fault = fault_of(kind.__new__(kind), service)
                assert fault is not None, kind
                assert 400 <= fault.status < 500 or (service, fault.code) == ("s3", "SlowDown")


@pytest.mark.parametrize("service", DIALECTS)
@pytest.mark.parametrize(
    "kind", [errors.JobFault, errors.Signal, errors.CandidateFault, ValueError]
)
def test_what_is_no_fault_of_the_caller_is_internal_and_silent(service, kind):
    answer = encode_fault(kind("secret"), service, "the-id")
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "the-id" in dict(answer.headers).values()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.MissingToken("x"), 403, "AccessDenied"),
        (errors.UnknownKey("x"), 403, "InvalidAccessKeyId"),
        (errors.BadSignature("x"), 403, "SignatureDoesNotMatch"),
        (errors.ClockSkew("x"), 403, "RequestTimeTooSkewed"),
        (errors.LinkExpired("x"), 403, "AccessDenied"),
        (errors.Expired("x"), 400, "ExpiredToken"),
        (errors.AccessDenied("x"), 403, "AccessDenied"),
        (OSError("x"), 500, "InternalError"),
    ],
)
def test_s3_has_its_own_words(error, status, code):
    assert s3_refusal(error) == (status, code)

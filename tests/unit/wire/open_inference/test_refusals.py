"""Errors in the protocol's form, with the status that its clients expect."""

import json

import pytest

from windvane import errors
from windvane.wire.faults import encode_fault

SERVICE = "sagemaker-runtime in open-inference-v2"


def model_fault(status):
    told = {"status": status, "message": "Row 2 is blank.", "log_group": "g"}
    return errors.ModelFault("Received an error. See https://a", **told)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequest("a"), 400),
        (errors.Malformed("a"), 400),
        (errors.MissingToken("a"), 401),
        (errors.LinkExpired("a"), 401),
        (errors.IncompleteSignature("a"), 401),
        (errors.AccessDenied("a"), 403),
        (errors.EndpointMissing("a", "1"), 404),
        (errors.UnknownOperation("a"), 404),
        (errors.TooLarge("a"), 413),
        (errors.Throttled("a"), 429),
        (errors.ModelNotReady("a"), 503),
    ],
)
def test_each_error_has_its_status_and_its_sentence(error, status):
    answer = encode_fault(error, SERVICE, "the-id")
    assert (answer.status, json.loads(answer.body)) == (status, {"error": str(error)})
    assert (("www-authenticate", "Bearer") in answer.headers) is (status == 401)


@pytest.mark.parametrize("status", [400, 406, 415])
def test_a_models_refusal_is_told_in_its_own_words(status):
    answer = encode_fault(model_fault(status), SERVICE, "the-id")
    assert (answer.status, json.loads(answer.body)) == (400, {"error": "Row 2 is blank."})


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_model_that_fails_is_the_servers_fault(status):
    answer = encode_fault(model_fault(status), SERVICE, "the-id")
    assert answer.status == 500
    assert json.loads(answer.body)["error"].startswith("Received an error")


def test_what_nobody_expected_tells_nothing():
    answer = encode_fault(KeyError("secret"), SERVICE, "the-id")
    assert answer.status == 500
    assert b"secret" not in answer.body

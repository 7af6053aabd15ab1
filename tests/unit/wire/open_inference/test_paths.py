"""Paths of the protocol, as requests are routed."""

import pytest

from windvane.errors import UnknownOperation
from windvane.wire.call import Request
from windvane.wire.codec import CODECS
from windvane.wire.model import S3, Protocol, route

BEARER = (("authorization", "Bearer a"),)
SIGNED = (("authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/r/sagemaker/aws4_request"),)
TO_S3 = (("authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request"),)


def routed(method, path, headers=BEARER):
    return route(Request(method, path, "", headers, b""))


@pytest.mark.parametrize("headers", [(), BEARER, SIGNED], ids=["unsigned", "token", "signed"])
def test_a_request_to_a_model_invokes_its_endpoint(headers):
    found = routed("POST", "/v2/models/a%2Fb/versions/B/infer", headers)
    assert (found.service, found.operation) == ("sagemaker-runtime", "InvokeEndpoint")
    assert found.labels == (("EndpointName", "a%2Fb"), ("TargetVariant", "B"))
    assert found.protocol is Protocol.OPEN_INFERENCE


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/v2/models/a", (("EndpointName", "a"),)),
        ("/v2/models/a/versions/B", (("EndpointName", "a"), ("VariantName", "B"))),
        ("/v2/models/a/ready", (("EndpointName", "a"), ("ready", "ready"))),
        (
            "/v2/models/a/versions/B/ready",
            (("EndpointName", "a"), ("VariantName", "B"), ("ready", "ready")),
        ),
    ],
)
def test_metadata_and_readiness_ask_for_the_schema(path, labels):
    found = routed("GET", path)
    assert (found.service, found.operation) == ("windvane", "DescribeEndpointSchema")
    assert found.labels == labels


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/models"),
        ("GET", "/v2/models/a/infer"),
        ("POST", "/v2/models/a"),
        ("POST", "/v2/models/a/b/infer"),
        ("POST", "/v2/repository/models/a/load"),
        ("DELETE", "/v2/models/a"),
        ("POST", "/v2/models//infer"),
    ],
)
def test_other_paths_below_v2_are_no_operations(method, path):
    found = routed(method, path)
    request = Request(method, path, "", (), b"")
    with pytest.raises(UnknownOperation, match="Open Inference Protocol"):
        CODECS[Protocol.OPEN_INFERENCE].operation_name(found, request)


def test_what_is_signed_for_s3_stays_with_s3():
    assert routed("GET", "/v2/models/a", TO_S3).service == S3

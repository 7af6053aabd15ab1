"""Routing: whose request it is, by scope of the signature, then target, then path."""

from __future__ import annotations

import pytest

from windvane.errors import Malformed, UnknownOperation
from windvane.wire.call import Request
from windvane.wire.codec import CODECS
from windvane.wire.model import SERVICES, Protocol, Route, load_service, route

FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
JSON = ("content-type", "application/x-amz-json-1.1")
CBOR = ("smithy-protocol", "rpc-v2-cbor")
ALARM_PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm"
ALARM_TARGET = "GraniteServiceVersion20100801.PutMetricAlarm"


def scope(service):
    credential = f"AKIA/20260101/us-east-1/{service}/aws4_request"
    return ("authorization", f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host")


def presigned(service):
    return f"X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2F{service}%2Faws4_request"


def target(name):
    return ("x-amz-target", name)


ROUTES = {
    "control plane": (
        Request("POST", "/", "", (scope("sagemaker"), target("SageMaker.AddTags")), b""),
        Route("sagemaker", "AddTags"),
    ),
    "runtime by its path": (
        Request("POST", "/endpoints/a%20b/invocations", "", (scope("sagemaker"),), b""),
        Route("sagemaker-runtime", "InvokeEndpoint", (("EndpointName", "a%20b"),)),
    ),
    "asynchronous invocation": (
        Request("POST", "/endpoints/e/async-invocations", "", (scope("sagemaker"),), b""),
        Route("sagemaker-runtime", "InvokeEndpointAsync", (("EndpointName", "e"),)),
    ),
    "our own service by its path": (
        Request("GET", "/windvane/jobs/a/candidates/a%2Db/reports", "", (scope("sagemaker"),), b""),
        Route(
            "windvane",
            "DescribeCandidateReports",
            (("AutoMLJobName", "a"), ("CandidateName", "a%2Db")),
        ),
    ),
    "our own service unsigned": (
        Request("POST", "/windvane/jobs/a/candidates/b/reports", "", (), b""),
        Route(
            "windvane", "StartCandidateReports", (("AutoMLJobName", "a"), ("CandidateName", "b"))
        ),
    ),
    "a bucket called windvane": (
        Request("GET", "/windvane/jobs/a/candidates/b/reports", "", (scope("s3"),), b""),
        Route("s3"),
    ),
    "CloudWatch in CBOR": (
        Request("POST", ALARM_PATH, "", (scope("monitoring"), CBOR), b""),
        Route("cloudwatch", "PutMetricAlarm", protocol=Protocol.CBOR),
    ),
    "CloudWatch in CBOR, unsigned": (
        Request("POST", ALARM_PATH, "", (CBOR,), b""),
        Route("cloudwatch", "PutMetricAlarm", protocol=Protocol.CBOR),
    ),
    "CloudWatch in JSON": (
        Request("POST", "/", "", (scope("monitoring"), target(ALARM_TARGET)), b""),
        Route("cloudwatch", "PutMetricAlarm", protocol=Protocol.JSON),
    ),
    "CloudWatch in a form": (
        Request("POST", "/", "", (scope("monitoring"), FORM), b"Action=PutMetricAlarm"),
        Route("cloudwatch", protocol=Protocol.QUERY),
    ),
    "a bucket called service": (
        Request("POST", ALARM_PATH, "", (scope("s3"), CBOR), b""),
        Route("s3"),
    ),
    "a bucket called endpoints": (
        Request("POST", "/endpoints/e/invocations", "", (scope("s3"),), b""),
        Route("s3"),
    ),
    "logs": (
        Request("POST", "/", "", (scope("logs"), target("Logs_20140328.GetLogEvents")), b""),
        Route("logs", "GetLogEvents"),
    ),
    "kms": (
        Request("POST", "/", "", (scope("kms"), target("TrentService.Encrypt")), b""),
        Route("kms", "Encrypt"),
    ),
    "sts": (Request("POST", "/", "", (scope("sts"), FORM), b""), Route("sts")),
    "iam": (Request("POST", "/", "", (scope("iam"), FORM), b""), Route("iam")),
    "presigned sts": (Request("GET", "/", presigned("sts"), (), b""), Route("sts")),
    "presigned s3": (Request("GET", "/b/k", presigned("s3"), (), b""), Route("s3")),
    "unsigned target": (
        Request("POST", "/", "", (target("SageMaker.AddTags"),), b""),
        Route("sagemaker", "AddTags"),
    ),
    "unsigned invocation": (
        Request("POST", "/endpoints/e/invocations", "", (), b""),
        Route("sagemaker-runtime", "InvokeEndpoint", (("EndpointName", "e"),)),
    ),
    "unsigned object": (Request("GET", "/b/k", "", (), b""), Route("s3")),
    "unsigned list of buckets": (Request("GET", "/", "", (), b""), Route("s3")),
    "unsigned form": (Request("POST", "/", "", (FORM,), b""), Route("sts")),
    "unsigned JSON": (Request("POST", "/", "", (JSON,), b""), Route("sagemaker")),
}


@pytest.mark.parametrize("case", ROUTES)
def test_a_request_finds_its_service(case):
    request, expected = ROUTES[case]
    assert route(request) == expected


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/", "", (scope("sagemaker"), target("Logs_20140328.GetLogEvents")), b""),
        Request("POST", "/", "", (scope("sagemaker"), target("AddTags")), b""),
        Request("GET", "/", "", (scope("sagemaker"), target("SageMaker.AddTags")), b""),
        Request("POST", "/endpoints/e/f/invocations", "", (scope("sagemaker"),), b""),
        Request("POST", "/", "", (target("DynamoDB_20120810.ListTables"),), b""),
    ],
)
def test_a_request_of_nobody_is_unknown(request_):
    with pytest.raises(UnknownOperation):
        route(request_)


def test_a_service_of_which_nothing_is_served_is_known_by_its_name():
    assert route(Request("POST", "/", "", (scope("ec2"),), b"")) == Route("ec2", served=False)


def test_s3_tables_is_not_s3():
    """Attack 8."""
    request = Request("POST", "/", "", (scope("s3"), target("S3Tables.ListTableBuckets")), b"")
    assert route(request).service == "s3tables"
    assert not route(request).served


def test_a_label_that_is_not_utf_8_is_malformed():
    request = Request("POST", "/endpoints/%FF/invocations", "", (), b"")
    operation = load_service("sagemaker-runtime").operation("InvokeEndpoint")
    with pytest.raises(Malformed, match="EndpointName"):
        CODECS[Protocol.REST_JSON].decode(operation, route(request), request)


def test_each_service_has_its_protocol():
    protocols = {name: load_service(name).protocol for name in SERVICES}
    assert protocols == {
        "sagemaker": Protocol.JSON,
        "sagemaker-runtime": Protocol.REST_JSON,
        "sts": Protocol.QUERY,
        "iam": Protocol.QUERY,
        "logs": Protocol.JSON,
        "kms": Protocol.JSON,
        "cloudtrail": Protocol.JSON,
        "application-autoscaling": Protocol.JSON,
        "cloudwatch": Protocol.CBOR,
    }


def test_an_operation_of_no_model_is_unknown_by_name():
    with pytest.raises(UnknownOperation, match="'Nothing' is no operation of sagemaker"):
        load_service("sagemaker").operation("Nothing")

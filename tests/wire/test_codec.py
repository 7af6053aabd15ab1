"""The codecs against a real client: botocore writes the request and reads the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.errors import Malformed
from windvane.wire.call import Request
from windvane.wire.codec import CODECS
from windvane.wire.model import Protocol, Route, load_service, route
from windvane.wire.scalars import UnfitResult

ANY_ROUTE = Route("any")

OPERATIONS = [
    ("sagemaker", "CreateAutoMLJob"),
    ("sagemaker", "DescribeAutoMLJob"),
    ("sagemaker", "ListCandidatesForAutoMLJob"),
    ("sagemaker", "CreateModel"),
    ("sagemaker", "DescribeTrainingJob"),
    ("logs", "GetLogEvents"),
    ("sagemaker-runtime", "InvokeEndpoint"),
    ("sagemaker-runtime", "InvokeEndpointAsync"),
    ("sts", "GetCallerIdentity"),
    ("sts", "AssumeRole"),
    ("iam", "GetRole"),
    ("iam", "ListRoles"),
]
# The body of InvokeEndpoint is a stream that botocore's parser leaves to its client (see test_edge).
PARSED_WHOLE = [pair for pair in OPERATIONS if pair[1] != "InvokeEndpoint"]
ABSENT = object()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn"]), max_size=8)
HEADER_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
SCALARS = {
    "string": TEXT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "timestamp": st.integers(0, 4_000_000_000).map(lambda s: EPOCH + timedelta(seconds=s)),
    "blob": st.binary(max_size=16),
}


def values(shape, depth=0):
    """Any value of a shape; members that are not required may be absent."""
    if shape.type_name == "structure":
        members = {name: member_values(m, depth) for name, m in shape.members.items()}
        needed = {n: v for n, v in members.items() if n in shape.required_members and depth < 5}
        others = {n: v for n, v in members.items() if n not in needed and depth < 2}
        return st.fixed_dictionaries(needed, optional=others)
    if shape.type_name == "list":
        return st.lists(values(shape.member, depth + 1), max_size=2)
    if shape.type_name == "map":
        return st.dictionaries(TEXT, values(shape.value, depth + 1), max_size=2)
    return SCALARS[shape.type_name]


def member_values(shape, depth):
    location = shape.serialization.get("location")
    if location and shape.type_name == "string":
        return HEADER_TEXT
    return values(shape, depth + 1)


def sent(service, operation, parameters):
    """The request that botocore makes of the parameters, as a server receives it."""
    model = service.model
    serializer = create_serializer(model.metadata["protocol"], include_validation=False)
    made = serializer.serialize_to_request(parameters, operation)
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    scope = (
        f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service.signing_name}/aws4_request"
    )
    headers = {"authorization": scope} | {n.lower(): str(v) for n, v in made["headers"].items()}
    path, _, query = made["url_path"].partition("?")
    return Request(made["method"], path, query, tuple(headers.items()), body)


def parsed(service, operation, answer):
    """What botocore reads in an answer."""
    response = {
        "status_code": answer.status,
        "headers": HeadersDict(answer.headers),
        "body": answer.body,
    }
    parser = create_parser(service.model.metadata["protocol"])
    return parser.parse(response, operation.output_shape)


@pytest.mark.parametrize(("name", "called"), OPERATIONS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_botocore_sends_is_decoded(name, called, data):
    service = load_service(name)
    operation = service.operation(called)
    shape = operation.input_shape
    parameters = data.draw(values(shape)) if shape is not None else {}
    request = sent(service, operation, parameters)
    found = route(request)
    codec = CODECS[service.protocol]
    assert found.service == name
    assert codec.operation_name(found, request) == called
    if name == "sagemaker-runtime":
        parameters.setdefault("Body", b"")
    assert codec.decode(operation, found, request) == without_empty_structures(parameters, name)


def without_empty_structures(value, service):
    """A form cannot say that an empty structure is there."""
    if service not in ("sts", "iam") or not value or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        kept = [without_empty_structures(item, service) for item in value]
        return [item for item in kept if item not in ({}, ABSENT)] or ABSENT
    members = {n: without_empty_structures(v, service) for n, v in value.items()}
    return {n: v for n, v in members.items() if v not in ({}, ABSENT)}


@pytest.mark.parametrize(("name", "called"), PARSED_WHOLE)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_botocore_reads_what_is_encoded(name, called, data):
    service = load_service(name)
    operation = service.operation(called)
    result = data.draw(values(operation.output_shape))
    answer = CODECS[service.protocol].encode(operation, ANY_ROUTE, result, "the-id")
    read = parsed(service, operation, answer)
    metadata = read.pop("ResponseMetadata")
    assert metadata["RequestId"] == "the-id"
    assert read == result


def test_an_operation_without_output_answers_with_an_empty_body():
    service = load_service("sagemaker")
    operation = service.operation("StopAutoMLJob")
    answer = CODECS[service.protocol].encode(operation, ANY_ROUTE, None, "id")
    assert (answer.status, answer.body) == (200, b"")
    assert parsed(service, operation, answer)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_label_is_decoded_and_headers_are_parameters():
    headers = (("content-type", "text/csv"), ("accept", " text/csv "), ("x-other", "1"))
    request = Request("POST", "/endpoints/a%2Db/invocations", "", headers, b"1,2")
    service = load_service("sagemaker-runtime")
    operation = service.operation("InvokeEndpoint")
    assert CODECS[service.protocol].decode(operation, route(request), request) == {
        "EndpointName": "a-b",
        "ContentType": "text/csv",
        "Accept": "text/csv",
        "Body": b"1,2",
    }


def test_a_header_that_no_header_can_carry_is_our_fault():
    service = load_service("sagemaker-runtime")
    operation = service.operation("InvokeEndpoint")
    with pytest.raises(UnfitResult, match="CustomAttributes"):
        CODECS[service.protocol].encode(
            operation, ANY_ROUTE, {"CustomAttributes": "a\r\nb: c"}, "id"
        )


def test_a_member_that_the_payload_operation_does_not_have_is_our_fault():
    service = load_service("sagemaker-runtime")
    operation = service.operation("InvokeEndpoint")
    with pytest.raises(UnfitResult, match="Status"):
        CODECS[service.protocol].encode(operation, ANY_ROUTE, {"Status": "1"}, "id")


FORMS = {
    "not UTF-8": b"Action=%FF",
    "a field twice": b"Action=AssumeRole&RoleArn=a&RoleArn=b",
    "a field and its part": b"Action=AssumeRole&RoleArn=a&RoleArn.x=b",
    "a part and its field": b"Action=AssumeRole&RoleArn.x=b&RoleArn=a",
    "a structure for a string": b"Action=AssumeRole&RoleArn.x=b",
    "an unnumbered list": b"Action=AssumeRole&Tags.member.x=b",
    "a string for a list": b"Action=AssumeRole&Tags=b",
    "a string for a structure": b"Action=AssumeRole&Tags.member.1=b",
    "a number that is none": b"Action=AssumeRole&DurationSeconds=1e3",
    "a huge number": b"Action=AssumeRole&DurationSeconds=" + b"9" * 10_000,
    "a null character": b"Action=AssumeRole&RoleArn=%00",
    "deep nesting": b"Action=AssumeRole&" + b"a." * 5000 + b"a=1",
    "too many fields": b"Action=AssumeRole&" + b"&".join(b"f%d=1" % i for i in range(2000)),
    "no action": b"Version=2011-06-15",
    "an empty action": b"Action=",
    "a structured action": b"Action.x=1",
}


@pytest.mark.parametrize("case", FORMS)
def test_a_form_that_cannot_be_read_is_malformed(case):
    request = Request("POST", "/", "", (), FORMS[case])
    service = load_service("sts")
    codec = CODECS[service.protocol]
    found = route(
        Request("POST", "/", "", (("content-type", "application/x-www-form-urlencoded"),), b"")
    )
    with pytest.raises(Malformed):
        codec.decode(service.operation(codec.operation_name(found, request)), found, request)


def test_text_that_xml_cannot_hold_does_not_break_the_answer():
    service = load_service("sts")
    operation = service.operation("GetCallerIdentity")
    answer = CODECS[service.protocol].encode(
        operation, ANY_ROUTE, {"UserId": "a\x00<&\ud800"}, "id"
    )
    assert parsed(service, operation, answer)["UserId"] == "a?<&?"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a", ["a"]),
        (" a , b,c ", ["a", "b", "c"]),
        ('"a, b", "say \\"c\\"", d', ["a, b", 'say "c"', "d"]),
        ("a,,b", ["a", "", "b"]),
        ("", []),
    ],
)
def test_a_list_in_a_header_is_separated_by_commas(text, items):
    assert decoded_list(text) == {"Items": items}


@pytest.mark.parametrize("text", ['"a', '"a"b', 'a"b"', '"a\\"'])
def test_a_list_in_a_header_whose_quotation_marks_do_not_close_is_malformed(text):
    with pytest.raises(Malformed, match="quotation mark"):
        decoded_list(text)


def decoded_list(text):
    placed = {"shape": "Texts", "location": "header", "locationName": "X-Items"}
    described = {
        "metadata": {"protocol": "rest-json"},
        "operations": {
            "Put": {
                "name": "Put",
                "http": {"method": "PUT", "requestUri": "/"},
                "input": {"shape": "In"},
            }
        },
        "shapes": {
            "In": {"type": "structure", "members": {"Items": placed}},
            "Texts": {"type": "list", "member": {"shape": "Text"}},
            "Text": {"type": "string"},
        },
    }
    operation = ServiceModel(described).operation_model("Put")
    request = Request("PUT", "/", "", (("x-items", text),), b"")
    return CODECS[Protocol.REST_JSON].decode(operation, Route("s", "Put"), request)

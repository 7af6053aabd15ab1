"""botocore's published protocol cases, replayed: what its client sends is read, what is answered its client reads."""

from __future__ import annotations

import json
import math
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from conformance.protocolcases import CBOR, Case, cases, left_out, typed

from windvane.errors import ModelFault
from windvane.wire.call import Request
from windvane.wire.cbor import read_cbor
from windvane.wire.codec import CODECS
from windvane.wire.faults import TABLE, encode_fault, fault_of
from windvane.wire.model import OWN, SERVICES, Protocol, Route, load_service, path_pattern
from windvane.wire.scalars import spell_float

INPUT = [case for case in cases("input") if case.name not in left_out()]
OUTPUT = [case for case in cases("output") if case.name not in left_out()]
READ = [case for case in OUTPUT if case.name not in left_out("unread")]
WRITTEN = [case for case in OUTPUT if case.name not in left_out("unlike")]


NO_ROUTE = Route("any")
OF_THE_SERVER = ("Content-Length", "X-Amz-Target")


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", INPUT, ids=named)
def test_what_a_client_sends_is_read(case):
    sent = case.case["serialized"]
    path, _, query = sent["uri"].partition("?")
    headers = tuple((name.lower(), value) for name, value in sent.get("headers", {}).items())
    request = Request(sent.get("method", "POST"), path, query, headers, case.body(sent))
    read = CODECS[Protocol(case.protocol)].decode(case.operation, route_of(case, path), request)
    shape = case.operation.input_shape
    wanted = {} if shape is None else typed(case.case["params"], shape)
    assert comparable(without_empty_payload(read, shape)) == comparable(wanted)


def route_of(case: Case, path: str) -> Route:
    if case.protocol == CBOR:
        return Route("cases", case.operation.name)
    match = path_pattern(case.operation.http["requestUri"]).fullmatch(path)
    assert match is not None
    return Route("cases", case.operation.name, tuple(match.groupdict().items()))


def without_empty_payload(read, shape):
    """A body without content is an empty blob or structure; a client that gives none sends the same."""
    payload = shape.serialization.get("payload") if shape is not None else None
    return {
        name: value for name, value in read.items() if name != payload or value not in (b"", {})
    }


@pytest.mark.parametrize("case", READ, ids=named)
def test_what_is_answered_is_what_a_client_reads(case):
    shape = case.operation.output_shape
    result = None if shape is None else typed(case.case["result"], shape)
    answer = CODECS[Protocol(case.protocol)].encode(case.operation, NO_ROUTE, result, "the-id")
    response = {
        "status_code": answer.status,
        "headers": HeadersDict(answer.headers),
        "body": answer.body,
    }
    if case.protocol == "query" and shape is not None:
        shape.serialization.setdefault("resultWrapper", f"{case.operation.name}Result")
    read = create_parser(case.protocol).parse(response, shape)
    read.pop("ResponseMetadata", None)
    assert comparable(read) == comparable(result or {})


def comparable(value: Any) -> Any:
    """A number that is none is a word in the cases, and in botocore's own reading of JSON; a blob is text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and not math.isfinite(value):
        return spell_float(value)
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


@pytest.mark.parametrize("case", WRITTEN, ids=named)
def test_an_answer_is_written_as_the_case_has_it(case):
    shape = case.operation.output_shape
    result = None if shape is None else typed(case.case["result"], shape)
    answer = CODECS[Protocol(case.protocol)].encode(case.operation, NO_ROUTE, result, "the-id")
    wanted = case.case["response"]
    assert answer.status == wanted["status_code"]
    given = HeadersDict(answer.headers)
    for name, value in wanted.get("headers", {}).items():
        if name not in OF_THE_SERVER:
            assert given.get(name) == value
    if "body" in wanted or case.protocol != "query":
        assert body_of(case, answer.body) == body_of(case, case.body(wanted))


def body_of(case: Case, body: bytes) -> Any:
    if case.protocol == "query":
        return tree(ET.fromstring(body)) if body else None
    if case.protocol == CBOR:
        return comparable(read_cbor(body)) if body else None
    try:
        return comparable(json.loads(body or b"{}"))
    except ValueError:
        return body


def tree(element: ET.Element) -> Any:
    """Members may come in any order."""
    if element.tag.endswith("ResponseMetadata"):
        return None
    inner = [tree(child) for child in element]
    return element.tag, (element.text or "").strip(), sorted(filter(None, inner), key=repr)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", [*SERVICES, OWN])
def test_an_error_is_read_with_its_code_and_message(name, kind):
    error = Exception.__new__(kind)
    error.args = ("what is <wrong>",)
    if kind is ModelFault:
        error.status, error.message, error.log_group = 400, "its words", "arn"
    answer = encode_fault(error, name, "the-id")
    response = {
        "status_code": answer.status,
        "headers": HeadersDict(answer.headers),
        "body": answer.body,
    }
    protocol = load_service(name).protocol.value
    read = create_parser(protocol).parse(response, None)
    assert read["Error"]["Code"] == fault_of(error, name).code
    assert read["Error"]["Message"] == "what is <wrong>"
    assert read["ResponseMetadata"]["RequestId"] == "the-id"


def test_cases_that_are_left_out_exist():
    known = {case.name for kind in ("input", "output") for case in cases(kind)}
    for half in ("reason", "unread", "unlike"):
        assert left_out(half) - known == set()

"""Whether an answer is one that the service model allows, as a strict client reads it: every member known, well-typed,
within its bounds; every error one that the operation or every service may give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from botocore.model import OperationModel, Shape
from conformance.asked import Asked
from conformance.differences import may_be_absent
from conformance.headers import read_headers
from conformance.shapes import faults, lacking, leaves
from conformance.xmltree import read_xml

from windvane.wire.cbor import read_cbor
from windvane.wire.model import Protocol, Service

JSON_TYPE = "application/x-amz-json-1.1"

COMMON_ERRORS: Mapping[Protocol, frozenset[str]] = {
    Protocol.JSON: frozenset(
        {
            "AccessDeniedException",
            "ExpiredTokenException",
            "IncompleteSignatureException",
            "InternalFailure",
            "InvalidSignatureException",
            "MissingAuthenticationTokenException",
            "RequestEntityTooLargeException",
            "RequestExpired",
            "SerializationException",
            "ServiceUnavailable",
            "ThrottlingException",
            "UnknownOperationException",
            "UnrecognizedClientException",
            "ValidationException",
        }
    ),
    Protocol.QUERY: frozenset(
        {
            "AccessDenied",
            "ExpiredToken",
            "IncompleteSignature",
            "InternalFailure",
            "InvalidClientTokenId",
            "MalformedInput",
            "MissingAuthenticationToken",
            "RequestEntityTooLarge",
            "RequestExpired",
            "ServiceUnavailable",
            "SignatureDoesNotMatch",
            "Throttling",
            "UnknownOperationException",
            "ValidationError",
        }
    ),
}
"""What any operation may answer with.

source    "Common Errors" in the API references of SageMaker and STS; the signature and serialization errors of
          AWS's front ends
"""

_OF_ANY_ERROR = frozenset({"__type", "message", "Message", "code"})


@dataclass(frozen=True)
class Response:
    """headers    names in lower case"""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Verdict:
    """members    paths of the innermost ones of the answer; none of an error
    error      its code, "" of a success
    message    what the error says
    faults     a sentence for each
    """

    members: tuple[str, ...] = ()
    error: str = ""
    message: str = ""
    faults: tuple[str, ...] = ()


def judge(asked: Asked, response: Response) -> Verdict:
    """What an answer holds, and whatever is wrong with it."""
    odd = (
        []
        if response.headers.get("x-amzn-requestid")
        else ["the header x-amzn-requestid is missing"]
    )
    try:
        if response.status >= 300:
            found = _judge_error(asked, response)
        elif asked.service is None or asked.operation is None:
            found = Verdict(faults=("a request that names no operation succeeded",))
        else:
            found = _judge_success(asked.service, asked.operation, response)
    except (ValueError, ET.ParseError) as error:
        found = Verdict(faults=(f"the body cannot be read: {error}",))
    return Verdict(found.members, found.error, found.message, (*odd, *found.faults))


def _judge_success(service: Service, operation: OperationModel, response: Response) -> Verdict:
    shape, wrong = operation.output_shape, []
    wanted = operation.http.get("responseCode", 200)
    if response.status != wanted:
        wrong.append(f"the status is {response.status}, not {wanted}")
    if shape is None and service.protocol is not Protocol.QUERY:
        if response.body not in (b"", b"{}"):
            wrong.append(f"the operation has no output, and the body is {response.body[:100]!r}")
        return Verdict(faults=tuple(wrong))
    tree, unreadable = _READERS[service.protocol](operation, response)
    wrong += unreadable
    if shape is None:
        return Verdict(faults=tuple(wrong))
    tolerated = {
        lacking("", name, shape) for called, name in may_be_absent() if called == operation.name
    }
    wrong += [fault for fault in faults(tree, shape) if fault not in tolerated]
    return Verdict(tuple(sorted(set(leaves(tree, shape)))), faults=tuple(wrong))


def _read_json(operation: OperationModel, response: Response) -> tuple[Any, list[str]]:
    kind = response.headers.get("content-type")
    wanted = _json_type(operation)
    return json.loads(response.body), _unless(kind == wanted, f"the content type is {kind}")


def _json_type(operation: OperationModel | None) -> str:
    if operation is None:
        return JSON_TYPE
    return f"application/x-amz-json-{operation.service_model.metadata['jsonVersion']}"


def _read_cbor(_: OperationModel, response: Response) -> tuple[Any, list[str]]:
    return _as_json(read_cbor(response.body)), _unless_cbor(response)


def _unless_cbor(response: Response) -> list[str]:
    kind, spoken = (response.headers.get(name) for name in ("content-type", "smithy-protocol"))
    return [
        *_unless(kind == "application/cbor", f"the content type is {kind}"),
        *_unless(spoken == "rpc-v2-cbor", f"the header smithy-protocol is {spoken}"),
    ]


def _as_json(value: Any) -> Any:
    """Moments as JSON has them: seconds."""
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value.timestamp() if isinstance(value, datetime) else value


def _read_rest(operation: OperationModel, response: Response) -> tuple[Any, list[str]]:
    shape = operation.output_shape
    tree, wrong = read_headers(shape, response.headers)
    payload = shape.serialization.get("payload")
    if payload is None:
        kind = response.headers.get("content-type")
        wrong += _unless(kind == "application/json", f"the content type is {kind}")
        in_body = json.loads(response.body or b"{}")
        wrong += [f"{name} stands in the body, not in a header" for name in in_body if name in tree]
        tree |= in_body
    elif shape.members[payload].type_name != "blob":
        tree[payload] = json.loads(response.body)
    else:
        tree[payload] = ""  # any bytes are a blob
    return tree, wrong


def _read_query(operation: OperationModel, response: Response) -> tuple[Any, list[str]]:
    kind = response.headers.get("content-type")
    wrong = _unless(kind == "text/xml", f"the content type is {kind}")
    root = ET.fromstring(response.body)
    namespace = f"{{{operation.service_model.metadata['xmlNamespace']}}}"
    wrong += _unless(root.tag == f"{namespace}{operation.name}Response", f"the root is {root.tag}")
    inner = {child.tag.removeprefix(namespace): child for child in root}
    shape = operation.output_shape
    wrapper = None if shape is None else shape.serialization.get("resultWrapper")
    known = {"ResponseMetadata", wrapper} - {None}
    wrong += [f"the answer lacks <{name}>" for name in sorted(known - inner.keys())]
    wrong += [f"the answer has a <{name}>" for name in sorted(inner.keys() - known)]
    if wrapper not in inner:
        return {}, wrong
    return read_xml(inner[wrapper], shape, namespace), wrong


_READERS = {
    Protocol.JSON: _read_json,
    Protocol.REST_JSON: _read_rest,
    Protocol.QUERY: _read_query,
    Protocol.CBOR: _read_cbor,
}


def _judge_error(asked: Asked, response: Response) -> Verdict:
    protocol = Protocol.JSON if asked.service is None else asked.service.protocol
    if protocol is Protocol.QUERY:
        code, message, wrong = _xml_error(response)
        body: dict[str, Any] = {}
    elif protocol is Protocol.CBOR:
        body = read_cbor(response.body)
        code, wrong = body.get("__type", ""), _unless_cbor(response)
        message = body.get("message", "")
    else:
        body = json.loads(response.body)
        code, wrong = _json_error(asked, protocol, body, response)
        message = body.get("message", "")
    if is_query_compatible(asked):
        code, side = response.headers.get("x-amzn-query-error", ";").split(";")
        wanted = "Sender" if response.status < 500 else "Receiver"
        wrong += _unless(side == wanted, f"the error's side is {side}")
    if not message:
        wrong.append("the error has no message")
    wrong += _modelled(asked, code, body, response.status)
    return Verdict(error=code, message=message, faults=tuple(wrong))


def is_query_compatible(asked: Asked) -> bool:
    """Whether the errors are those of the query protocol, told in another one."""
    if asked.service is None or asked.service.protocol is Protocol.QUERY:
        return False
    return "awsQueryCompatible" in asked.service.model.metadata


def _json_error(
    asked: Asked, protocol: Protocol, body: Mapping[str, Any], response: Response
) -> tuple[str, list[str]]:
    kind = response.headers.get("content-type")
    wanted = _json_type(asked.operation) if protocol is Protocol.JSON else "application/json"
    wrong = _unless(kind == wanted, f"the content type of the error is {kind}")
    named = body.get("__type") if protocol is Protocol.JSON else None
    code = named or response.headers.get("x-amzn-errortype", "")
    return code, wrong + _unless(bool(code), "the error has no code where a client looks for it")


def _xml_error(response: Response) -> tuple[str, str, list[str]]:
    root = ET.fromstring(response.body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    wrong = _unless(root.tag == "ErrorResponse", f"the root of the error is {root.tag}")
    kind = response.headers.get("content-type")
    wrong += _unless(kind == "text/xml", f"the content type of the error is {kind}")
    side = root.findtext("Error/Type")
    wanted = "Sender" if response.status < 500 else "Receiver"
    wrong += _unless(side == wanted, f"the error's Type is {side} and its status {response.status}")
    return root.findtext("Error/Code", ""), root.findtext("Error/Message", ""), wrong


def _modelled(asked: Asked, code: str, body: Mapping[str, Any], status: int) -> Iterator[str]:
    shape = _error_shape(asked.operation, code)
    if shape is None:
        has_query_codes = _is_query(asked) or is_query_compatible(asked)
        protocol = Protocol.QUERY if has_query_codes else Protocol.JSON
        named = asked.operation.name if asked.operation is not None else "any operation"
        if code not in COMMON_ERRORS[protocol]:
            yield f"{code} ({status}) is no error of {named}, nor a common one"
        if extra := body.keys() - _OF_ANY_ERROR:
            yield f"{code} has a member {min(extra)}"
        return
    wanted = shape.metadata.get("error", {}).get("httpStatusCode", status)
    if status != wanted:
        yield f"{code} has the status {status}, not {wanted}"
    known = {member.serialization.get("name", name) for name, member in shape.members.items()}
    unknown = body.keys() - known - _OF_ANY_ERROR
    yield from (f"{code} has a member {name}" for name in sorted(unknown))
    yield from faults({name: value for name, value in body.items() if name in known}, shape, code)


def _error_shape(operation: OperationModel | None, code: str) -> Shape | None:
    shapes = () if operation is None else operation.error_shapes
    return next((shape for shape in shapes if shape.error_code == code), None)


def _is_query(asked: Asked) -> bool:
    return asked.service is not None and asked.service.protocol is Protocol.QUERY


def _unless(holds: bool, fault: str) -> list[str]:
    return [] if holds else [fault]

"""Requests to parameters and results to responses: one codec a protocol, driven by the service model.

What cannot be read is Malformed, whatever is wrong with it; what a handler returns and the model does not
know is an UnfitResult, since that fault is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from typing import Protocol as Contract
from urllib.parse import parse_qsl

from botocore.model import OperationModel, Shape

from windvane.errors import Malformed
from windvane.wire.call import Request, Result
from windvane.wire.jsonbody import read_json, write_json
from windvane.wire.model import Protocol, Route
from windvane.wire.paths import member_path
from windvane.wire.querybody import read_form, read_parameters, write_response
from windvane.wire.scalars import UnfitResult, parse_text

JSON_TYPE = "application/x-amz-json-1.1"
XML_TYPE = "text/xml"


@dataclass(frozen=True)
class Answer:
    """An HTTP response; Content-Length and Date are left to the server."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Codec(Contract):
    def operation_name(self, route: Route, request: Request) -> str:
        """The operation that a request asks for; raises Malformed if it names none."""

    def decode(self, operation: OperationModel, route: Route, request: Request) -> dict[str, Any]:
        """The parameters by their names in the model; raises Malformed."""

    def encode(self, operation: OperationModel, result: Result, request_id: str) -> Answer:
        """raises    UnfitResult if the result does not fit the operation's output shape"""


class JsonCodec:
    """awsJson 1.1."""

    def operation_name(self, route: Route, _: Request) -> str:
        if not route.operation:
            raise Malformed("The request has no X-Amz-Target header, so it names no operation.")
        return route.operation

    def decode(self, operation: OperationModel, _: Route, request: Request) -> dict[str, Any]:
        return read_json(request.body, operation.input_shape)

    def encode(self, operation: OperationModel, result: Result, request_id: str) -> Answer:
        shape = operation.output_shape
        if shape is None and result:
            raise UnfitResult(f"{operation.name} answers with an empty body")
        body = b"" if shape is None else write_json(result or {}, shape)
        return Answer(200, (("x-amzn-requestid", request_id), ("content-type", JSON_TYPE)), body)


class RestJsonCodec:
    """rest-json for operations whose body is a payload of bytes, or that take none; the rest are headers, labels and
    parameters of the query."""

    def operation_name(self, route: Route, _: Request) -> str:
        return route.operation

    def decode(self, operation: OperationModel, route: Route, request: Request) -> dict[str, Any]:
        shape = operation.input_shape
        members = shape.members
        parameters: dict[str, Any] = {
            name: parse_text(members[name], label, member_path("", name))
            for name, label in route.labels
        }
        queried = _query_members(shape)
        for key, text in parse_qsl(request.query, keep_blank_values=True) if queried else ():
            if (found := queried.get(key)) is not None:
                parameters[found[0]] = parse_text(found[1], text, member_path("", found[0]))
        headers = _header_members(shape)
        for header, value in request.headers:
            if (found := headers.get(header)) is not None:
                name, member = found
                parameters[name] = parse_text(member, value.strip(), member_path("", name))
        if payload := shape.serialization.get("payload"):
            parameters[payload] = request.body
        elif request.body.strip() not in (b"", b"{}"):
            raise Malformed(f"{operation.name} takes no parameters in the body.")
        return parameters

    def encode(self, operation: OperationModel, result: Result, request_id: str) -> Answer:
        given = dict(result or {})
        shape = operation.output_shape
        payload = shape.serialization.get("payload")
        body = given.pop(payload, b"") if payload else b""
        headers = [("x-amzn-requestid", request_id)]
        for header, (name, _) in _header_members(shape).items():
            if (value := given.pop(name, None)) is not None:
                headers.append((header, _header_text(name, value)))
        if payload is None:
            headers.append(("content-type", "application/json"))
            body = write_json(given, shape)
        elif given:
            raise UnfitResult(f"{shape.name} has no member {min(given)}")
        return Answer(operation.http.get("responseCode", 200), tuple(headers), body)


class QueryCodec:
    """query: a form in, XML out."""

    def operation_name(self, _: Route, request: Request) -> str:
        name = read_form(request.query, request.body).get("Action")
        if not isinstance(name, str) or not name:
            raise Malformed("The request has no field Action, so it names no operation.")
        return name

    def decode(self, operation: OperationModel, _: Route, request: Request) -> dict[str, Any]:
        if operation.input_shape is None:
            return {}
        return read_parameters(read_form(request.query, request.body), operation.input_shape)

    def encode(self, operation: OperationModel, result: Result, request_id: str) -> Answer:
        body = write_response(operation, result or {}, request_id)
        return Answer(200, (("x-amzn-requestid", request_id), ("content-type", XML_TYPE)), body)


CODECS: Mapping[Protocol, Codec] = {
    Protocol.JSON: JsonCodec(),
    Protocol.REST_JSON: RestJsonCodec(),
    Protocol.QUERY: QueryCodec(),
}

_HEADER_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@cache
def _header_members(shape: Shape) -> dict[str, tuple[str, Shape]]:
    return {
        member.serialization["name"].lower(): (name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header"
    }


@cache
def _query_members(shape: Shape) -> dict[str, tuple[str, Shape]]:
    return {
        member.serialization["name"]: (name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring"
    }


def _header_text(name: str, value: Any) -> str:
    text = str(value)
    if not _HEADER_TEXT.fullmatch(text):
        raise UnfitResult(f"{name} holds a character that no header can carry")
    return text

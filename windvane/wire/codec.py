"""Requests to parameters and results to responses: one codec a protocol, driven by the service model.

What cannot be read is Malformed, whatever is wrong with it; what a handler returns and the model does not
know is an UnfitResult, since that fault is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Contract

from botocore.model import OperationModel

from windvane.errors import Malformed, UnknownOperation
from windvane.wire import cborbody, restjson
from windvane.wire.call import Request, Result
from windvane.wire.jsonbody import read_json, write_json
from windvane.wire.model import Protocol, Route
from windvane.wire.open_inference import documents as open_inference
from windvane.wire.querybody import read_form, read_parameters, write_response
from windvane.wire.scalars import UnfitResult

JSON_TYPE = "application/x-amz-json-1.1"
XML_TYPE = "text/xml"
CBOR_TYPE = "application/cbor"
CBOR_PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")
"""A header of every answer in that protocol."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response; Content-Length and Date are left to the server."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Codec(Contract):
    def operation_name(self, route: Route, request: Request) -> str:
        """Return the operation that a request asks for; raises Malformed if it names none."""

    def decode(self, operation: OperationModel, route: Route, request: Request) -> dict[str, Any]:
        """Return the parameters by their names in the model; raises Malformed."""

    def encode(
        self, operation: OperationModel, route: Route, result: Result, request_id: str
    ) -> Answer:
        """Encode the result of an operation.

        raises    UnfitResult if the result does not fit the operation's output shape
        """


class JsonCodec:
    """awsJson 1.1, and 1.0 for the service that has that."""

    def operation_name(self, route: Route, _: Request) -> str:
        if not route.operation:
            raise Malformed("The request has no X-Amz-Target header, so it names no operation.")
        return route.operation

    def decode(self, operation: OperationModel, _: Route, request: Request) -> dict[str, Any]:
        return read_json(request.body, operation.input_shape)

    def encode(
        self, operation: OperationModel, _: Route, result: Result, request_id: str
    ) -> Answer:
        shape = operation.output_shape
        if shape is None and result:
            raise UnfitResult(f"{operation.name} answers with an empty body")
        body = b"" if shape is None else write_json(result or {}, shape)
        kind = f"application/x-amz-json-{operation.service_model.metadata['jsonVersion']}"
        return Answer(200, (("x-amzn-requestid", request_id), ("content-type", kind)), body)


class CborCodec:
    """RPC v2 CBOR: the path names the operation."""

    def operation_name(self, route: Route, _: Request) -> str:
        return route.operation

    def decode(self, operation: OperationModel, _: Route, request: Request) -> dict[str, Any]:
        return cborbody.read_parameters(request.body, operation.input_shape)

    def encode(
        self, operation: OperationModel, _: Route, result: Result, request_id: str
    ) -> Answer:
        headers = (("x-amzn-requestid", request_id), CBOR_PROTOCOL)
        shape = operation.output_shape
        if shape is None:
            if result:
                raise UnfitResult(f"{operation.name} answers with an empty body")
            return Answer(200, headers, b"")
        body = cborbody.write_document(result or {}, shape)
        return Answer(200, (*headers, ("content-type", CBOR_TYPE)), body)


class RestJsonCodec:
    """rest-json."""

    def operation_name(self, route: Route, _: Request) -> str:
        return route.operation

    def decode(self, operation: OperationModel, route: Route, request: Request) -> dict[str, Any]:
        return restjson.read_parameters(operation, route.labels, request)

    def encode(
        self, operation: OperationModel, _: Route, result: Result, request_id: str
    ) -> Answer:
        status, headers, body = restjson.write_answer(operation, result or {})
        return Answer(status, (("x-amzn-requestid", request_id), *headers), body)


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

    def encode(
        self, operation: OperationModel, _: Route, result: Result, request_id: str
    ) -> Answer:
        body = write_response(operation, result or {}, request_id)
        return Answer(200, (("x-amzn-requestid", request_id), ("content-type", XML_TYPE)), body)


class OpenInferenceCodec:
    """Open Inference Protocol, version 2: tensors in and out."""

    def operation_name(self, route: Route, request: Request) -> str:
        if not route.operation:
            raise UnknownOperation(
                f"{request.method} {request.path[:200]} is none of the Open Inference Protocol's paths that are served."
            )
        return route.operation

    def decode(self, operation: OperationModel, route: Route, request: Request) -> dict[str, Any]:
        return open_inference.read_parameters(operation, route.labels, request)

    def encode(
        self, operation: OperationModel, route: Route, result: Result, request_id: str
    ) -> Answer:
        body = open_inference.write_document(operation, route.labels, result or {})
        headers = (("x-amzn-requestid", request_id), ("content-type", "application/json"))
        return Answer(200, headers, body)


CODECS: Mapping[Protocol, Codec] = {
    Protocol.JSON: JsonCodec(),
    Protocol.REST_JSON: RestJsonCodec(),
    Protocol.QUERY: QueryCodec(),
    Protocol.CBOR: CborCodec(),
    Protocol.OPEN_INFERENCE: OpenInferenceCodec(),
}

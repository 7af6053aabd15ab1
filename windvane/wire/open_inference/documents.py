"""Requests of the protocol to parameters of operations, and results to its documents.

A request to a model goes on as it is: tensors are read, and written, by the model's process, which has a memory limit, and not
by the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from botocore.model import OperationModel

from windvane.errors import InvalidRequest, Malformed
from windvane.wire.call import Request
from windvane.wire.open_inference.paths import MEDIA, READY

Labels = Sequence[tuple[str, str]]

_BINARY = "inference-header-content-length"
_FORECASTS = "TimeSeriesForecasting"
_NUMERIC = "numeric"


def read_parameters(operation: OperationModel, labels: Labels, request: Request) -> dict[str, Any]:
    """Return the parameters of an operation.

    raises    Malformed for a body that the protocol allows and that is not read here
    """
    members = operation.input_shape.members
    parameters: dict[str, Any] = {
        name: _label(name, text) for name, text in labels if name in members
    }
    if "Body" in members:
        _check_encoding(request)
        parameters |= {"ContentType": MEDIA, "Accept": MEDIA, "Body": request.body}
    return parameters


def _label(name: str, text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The part {name} of the path is not UTF-8.") from error


def _check_encoding(request: Request) -> None:
    if _BINARY in request.first:
        raise Malformed(
            "The binary tensor data extension is not served: send the data of tensors as JSON "
            "(binary_data=False in Triton's client)."
        )
    coding = request.first.get("content-encoding", "identity")
    if coding.strip().lower() != "identity":
        raise Malformed(f"Content-Encoding '{coding[:32]}' is not read: send JSON as it is.")


def write_document(operation: OperationModel, labels: Labels, result: Mapping[str, Any]) -> bytes:
    """Return the document that answers a request.

    raises    InvalidRequest where a model has no tensors
    """
    name = _label("EndpointName", dict(labels)["EndpointName"])
    if "Body" in operation.output_shape.members:
        told = {"model_name": name, "model_version": result["InvokedProductionVariant"]}
        return _with_members(told, result["Body"])
    if READY in dict(labels):
        return json.dumps({"name": name, "ready": True}).encode()
    return json.dumps(_metadata(name, result)).encode()


def _with_members(told: Mapping[str, str], document: bytes) -> bytes:
    """Return the object that a model process wrote with further members, which it cannot know. It may have 25 MB and is not
    read."""
    return json.dumps(told).encode()[:-1] + b", " + document[1:]


def _metadata(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a model by the result of DescribeEndpointSchema."""
    if schema["ProblemType"] == _FORECASTS:
        raise InvalidRequest(
            f"The model of endpoint {name} forecasts series, which are no tensors: use InvokeEndpoint."
        )
    return {
        "name": name,
        "versions": [schema["VariantName"]],
        "platform": "windvane",
        "inputs": [
            _tensor(column["Name"], "FP64" if column["Type"] == _NUMERIC else "BYTES", -1)
            for column in schema["Columns"]
        ],
        "outputs": _outputs(schema["Labels"]),
    }


def _outputs(labels: Sequence[str]) -> list[dict[str, Any]]:
    if not labels:
        return [_tensor("predicted_value", "FP64", -1)]
    return [
        _tensor("predicted_label", "BYTES", -1),
        _tensor("probability", "FP64", -1),
        _tensor("probabilities", "FP64", -1, len(labels)),
        _tensor("labels", "BYTES", len(labels)),
    ]


def _tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape)}

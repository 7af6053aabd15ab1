"""Answers of S3 operations: members to headers and XML, as the service model places them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any

from botocore.model import OperationModel, Shape

from windvane.wire.s3.answers import NAMESPACE
from windvane.wire.s3.elements import xml_escaped, xml_writer
from windvane.wire.scalars import UnfitResult, format_text

HeaderPairs = list[tuple[str, str]]

_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
_HEADER_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

_ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListParts": "ListPartsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetObjectAcl": "AccessControlPolicy",
    "GetBucketTagging": "Tagging",
    "GetObjectTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketCors": "CORSConfiguration",
    "GetObjectAttributes": "GetObjectAttributesResponse",
}
"""Names of root elements, which the model leaves to "operation name and Result".

source    response syntax of each operation in S3's API reference
"""


def write_answer(
    model: OperationModel, members: Mapping[str, Any]
) -> tuple[int, HeaderPairs, bytes]:
    """Return status, headers and body; raises UnfitResult if the members do not fit the output shape."""
    shape = model.output_shape
    status = int(model.http.get("responseCode", 200))
    given = {name: value for name, value in members.items() if value is not None}
    if shape is None:
        if given:
            raise UnfitResult(f"{model.name} answers with an empty body")
        return status, [], b""
    if unknown := given.keys() - shape.members.keys():
        raise UnfitResult(f"{shape.name} has no member {min(unknown)}")
    headers = _headers(shape, given)
    body = _body(model, shape, given)
    if body:
        headers.append(("content-type", "application/xml"))
    return status, headers, body


def write_location(region: str) -> bytes:
    """Write the answer to GetBucketLocation, whose one member is the root element."""
    text = "" if region == "us-east-1" else xml_escaped(region)
    return f'{_PROLOG}<LocationConstraint xmlns="{NAMESPACE}">{text}</LocationConstraint>'.encode()


def header_text(name: str, text: str) -> str:
    if not _HEADER_TEXT.fullmatch(text):
        raise UnfitResult(f"{name} holds a character that no header can carry")
    return text


def _headers(shape: Shape, given: Mapping[str, Any]) -> HeaderPairs:
    headers: HeaderPairs = []
    for name, wire, location in _placed(shape):
        if name not in given:
            continue
        if location == "headers":
            headers += [
                (f"{wire}{key}", header_text(name, value)) for key, value in given[name].items()
            ]
        elif location == "header":
            headers.append(
                (wire.lower(), header_text(name, _header_value(shape.members[name], given[name])))
            )
    return headers


def _header_value(member: Shape, value: Any) -> str:
    if isinstance(value, datetime):
        return format_datetime(value.astimezone(UTC).replace(microsecond=0), usegmt=True)
    if member.type_name == "timestamp":
        return str(value)
    return format_text(member, value, member.name)


@cache
def _placed(shape: Shape) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (name, member.serialization.get("name", name), member.serialization.get("location", ""))
        for name, member in shape.members.items()
    )


def _body(model: OperationModel, shape: Shape, given: Mapping[str, Any]) -> bytes:
    payload = shape.serialization.get("payload")
    if payload is not None:
        member = shape.members[payload]
        if member.type_name in ("blob", "string"):
            value = given.get(payload, b"")
            return value.encode() if isinstance(value, str) else bytes(value)
        name = member.serialization.get("name", member.name)
        inner = xml_writer(member)(given.get(payload, {}))
        return f'{_PROLOG}<{name} xmlns="{NAMESPACE}">{inner}</{name}>'.encode()
    in_body = {
        name: given[name] for name, _, location in _placed(shape) if not location and name in given
    }
    if not any(not location for _, _, location in _placed(shape)):
        return b""
    root = _ROOTS.get(model.name, f"{model.name}Result")
    inner = xml_writer(shape)(in_body)
    return f'{_PROLOG}<{root} xmlns="{NAMESPACE}">{inner}</{root}>'.encode()

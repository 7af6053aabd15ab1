"""Parameters of S3 operations from path, query, headers and XML body, as the service model places them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NoReturn

from botocore.model import OperationModel, Shape

from windvane.wire.s3.model import Resolved
from windvane.wire.s3.refusals import S3Refusal, refused
from windvane.wire.s3.xmltree import Element, parse_document

Headers = Mapping[str, str]

_META = "x-amz-meta-"
_OF_ENUM = {
    "StorageClass": "InvalidStorageClass",
    "ServerSideEncryption": "InvalidEncryptionAlgorithmError",
    "SSEAlgorithm": "MalformedXML",
    "ChecksumAlgorithm": "InvalidRequest",
    "ChecksumType": "InvalidRequest",
}
"""Codes for a value that is none of the model's, by shape; InvalidArgument for others."""

_CONDITIONAL = frozenset({"IfModifiedSince", "IfUnmodifiedSince"})
"""A date that is none is as if it were not there.

source    RFC 9110, sections 13.1.3 and 13.1.4
"""


def read_head(model: OperationModel, resolved: Resolved, headers: Headers) -> dict[str, Any]:
    """Read the members that stand in path, query and headers.

    headers   by lower-case name
    raises    S3Refusal
    """
    shape = model.input_shape
    if shape is None:
        return {}
    read: dict[str, Any] = {}
    for name, wire_name, location in _placed(shape):
        member = shape.members[name]
        text = _text_at(location, wire_name, resolved, headers)
        if location == "headers":
            read[name] = {
                header.removeprefix(_META): value
                for header, value in headers.items()
                if header.startswith(_META)
            }
        elif text is not None and (value := _read_text(name, member, text, wire_name)) is not None:
            read[name] = value
    _check_required(shape, read, frozenset({shape.serialization.get("payload", "")}))
    return read


def read_payload(model: OperationModel, body: bytes) -> dict[str, Any]:
    """Read the member that is an XML body.

    raises    S3Refusal for a document that does not fit the model, and for none where one is needed
    """
    shape = model.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if shape is None or payload is None:
        return {}
    member = shape.members[payload]
    if member.type_name in ("blob", "string"):
        return {payload: body}
    if not body.strip():
        if payload in shape.required_members:
            raise S3Refusal("MissingRequestBodyError", 400, "Request Body is empty")
        return {}
    root = parse_document(body)
    expected = member.serialization.get("name", member.name)
    if root.name != expected:
        raise refused("MalformedXML")
    return {payload: _read(root, member)}


def has_streaming_body(model: OperationModel) -> bool:
    shape = model.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if shape is None or payload is None:
        return False
    return bool(shape.members[payload].type_name == "blob")


def header_names(model: OperationModel) -> frozenset[str]:
    """Return names of the headers that an operation reads, those of metadata aside, in lower case."""
    shape = model.input_shape
    if shape is None:
        return frozenset()
    return frozenset(wire.lower() for _, wire, location in _placed(shape) if location == "header")


def query_names(model: OperationModel) -> frozenset[str]:
    shape = model.input_shape
    if shape is None:
        return frozenset()
    return frozenset(wire for _, wire, location in _placed(shape) if location == "querystring")


@cache
def _placed(shape: Shape) -> tuple[tuple[str, str, str], ...]:
    """Name in the model, name on the wire and location, of the members that do not stand in the body."""
    return tuple(
        (name, member.serialization.get("name", name), member.serialization["location"])
        for name, member in shape.members.items()
        if "location" in member.serialization
    )


def _text_at(location: str, name: str, resolved: Resolved, headers: Headers) -> str | None:
    if location == "uri":
        return resolved.bucket if name == "Bucket" else resolved.key
    if location == "querystring":
        return resolved.query.get(name)
    if location == "header":
        value = headers.get(name.lower())
        return value if value != "" else None
    return None


def _read_text(name: str, member: Shape, text: str, wire_name: str) -> Any:
    if member.type_name == "list":
        return [
            _checked(member.member, item.strip(), wire_name)
            for item in text.split(",")
            if item.strip()
        ]
    if member.type_name == "timestamp":
        return text if name.endswith("Expires") else _moment(name, text, wire_name)
    if text == "" and member.type_name in ("integer", "long", "boolean"):
        return None
    return _checked(member, text, wire_name)


def _checked(member: Shape, text: str, wire_name: str) -> Any:
    try:
        value = _SCALARS.get(member.type_name, str)(text)
    except ValueError as error:
        raise refused("InvalidArgument", f"'{text[:64]}' is no value of {wire_name}.") from error
    enum = member.metadata.get("enum")
    if enum and value not in enum:
        code = _OF_ENUM.get(member.name, "InvalidArgument")
        raise refused(code, f"'{text[:64]}' is no value of {wire_name}. Valid: {', '.join(enum)}.")
    return value


def _moment(name: str, text: str, wire_name: str) -> datetime | None:
    try:
        return parse_moment(text)
    except ValueError as error:
        if any(name.endswith(condition) for condition in _CONDITIONAL):
            return None
        raise refused("InvalidArgument", f"'{text[:64]}' is no date of {wire_name}.") from error


def parse_moment(text: str) -> datetime:
    """Read a date of HTTP or of ISO 8601.

    raises    ValueError
    """
    try:
        moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, OverflowError, IndexError) as error:
        raise ValueError(text[:64]) from error


def _integer(text: str) -> int:
    """Parse an integer of 64 bits at most: no store counts further."""
    if not text.isascii() or not text.removeprefix("-").isdecimal() or len(text) > 20:
        raise ValueError(text[:64])
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(text[:64])
    return number


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError(text[:64])
    return lowered == "true"


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "character": str,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": parse_moment,
}


# bodies


def _read(element: Element, shape: Shape) -> Any:
    if shape.type_name == "structure":
        return _read_structure(element, shape)
    if shape.type_name == "list":
        return [_read(child, shape.member) for child in _items(element, shape)]
    if element.children:
        _malformed()
    try:
        value = _SCALARS[shape.type_name](
            element.text.strip() if shape.type_name != "string" else element.text
        )
    except (KeyError, ValueError) as error:
        raise refused("MalformedXML") from error
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        _malformed()
    return value


def _read_structure(element: Element, shape: Shape) -> dict[str, Any]:
    names = _element_names(shape)
    if any(child.name not in names for child in element.children):
        _malformed()
    read: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if member.serialization.get("xmlAttribute"):
            if (value := element.attributes.get(wire.rpartition(":")[2])) is not None:
                read[name] = value
            continue
        found = [child for child in element.children if child.name == wire]
        if not found:
            continue
        if member.type_name == "list" and member.serialization.get("flattened"):
            read[name] = [_read(child, member.member) for child in found]
        elif len(found) > 1:
            _malformed()
        else:
            read[name] = _read(found[0], member)
    if any(name not in read for name in shape.required_members):
        _malformed()
    return read


@cache
def _element_names(shape: Shape) -> frozenset[str]:
    return frozenset(
        str(member.serialization.get("name", name)) for name, member in shape.members.items()
    )


def _items(element: Element, shape: Shape) -> list[Element]:
    name = shape.member.serialization.get("name", "member")
    if any(child.name != name for child in element.children):
        _malformed()
    return element.children


def _malformed() -> NoReturn:
    raise refused("MalformedXML")


def _check_required(shape: Shape, read: Mapping[str, Any], exempt: frozenset[str]) -> None:
    for name in shape.required_members:
        if (
            name not in read
            and name not in exempt
            and "location" in shape.members[name].serialization
        ):
            wire = shape.members[name].serialization.get("name", name)
            raise refused(
                "InvalidRequest", f"Missing required header or parameter for this request: {wire}"
            )

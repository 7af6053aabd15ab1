"""rest-json: members in the path, the query, headers and the body, as the service model places them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from botocore.model import OperationModel, Shape

from windvane.errors import Malformed
from windvane.wire.call import Request
from windvane.wire.jsonbody import read_members, read_value, write_members, write_value
from windvane.wire.paths import item_path, member_path
from windvane.wire.scalars import (
    UnfitResult,
    checked_string,
    decode_base64,
    format_moment,
    format_text,
    parse_text,
)

Headers = list[tuple[str, str]]

_ITEM = re.compile(r'[ \t]*+("(?:[^"\\]|\\.)*+"[ \t]*+|[^,"]*+)(,|$)')
_ESCAPED = re.compile(r"\\(.)")
_HEADER_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_NEEDS_QUOTES = re.compile(r'[",]')


def read_parameters(
    operation: OperationModel, labels: Sequence[tuple[str, str]], request: Request
) -> dict[str, Any]:
    """Read parameters from the path, query, headers and body.

    labels    of the path, still percent-encoded

    raises    Malformed
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    parameters = {name: _from_label(shape.members[name], name, text) for name, text in labels}
    parameters |= _from_query(shape, request.query)
    parameters |= _from_headers(shape, request.headers)
    payload = shape.serialization.get("payload")
    if payload is not None:
        parameters |= _from_payload(payload, shape.members[payload], request.body)
    elif members := _placed(shape, None):
        parameters |= read_members(request.body, members)
    elif request.body.strip() not in (b"", b"{}"):
        raise Malformed(f"{operation.name} takes no parameters in the body.")
    return parameters


def write_answer(
    operation: OperationModel, result: Mapping[str, Any]
) -> tuple[int, Headers, bytes]:
    """Status, headers and body; raises UnfitResult if the result does not fit the operation's output shape."""
    shape, given = operation.output_shape, {n: v for n, v in result.items() if v is not None}
    status = operation.http.get("responseCode", 200)
    if shape is None:
        if given:
            raise UnfitResult(f"{operation.name} answers with an empty body")
        return status, [], b""
    if unknown := given.keys() - shape.members.keys():
        raise UnfitResult(f"{shape.name} has no member {min(unknown)}")
    for name in _placed(shape, "statusCode"):
        status = given.get(name, status)
    headers = _headers(shape, given)
    payload = shape.serialization.get("payload")
    if payload is not None:
        return status, *_with_payload(headers, shape.members[payload], given.get(payload), payload)
    body = write_members(given, _placed(shape, None))
    return status, [*headers, ("content-type", "application/json")], body


@cache
def _placed(shape: Shape, location: str | None) -> dict[str, Shape]:
    """Return the members that stand at a location, None being the body."""
    return {
        name: member
        for name, member in shape.members.items()
        if member.serialization.get("location") == location
    }


@cache
def _on_the_wire(shape: Shape, location: str) -> tuple[tuple[str, str, Shape], ...]:
    """Return names on the wire, names in the model and members."""
    return tuple(
        (member.serialization.get("name", name), name, member)
        for name, member in _placed(shape, location).items()
    )


# requests


def _from_label(member: Shape, name: str, text: str) -> Any:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The part {name} of the path is not UTF-8.") from error
    return parse_text(member, decoded, member_path("", name))


def _from_query(shape: Shape, query: str) -> dict[str, Any]:
    placed = _on_the_wire(shape, "querystring")
    if not placed:
        return {}
    try:
        given = _grouped(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise Malformed("The query of the request is not UTF-8.") from error
    read: dict[str, Any] = {}
    for key, name, member in placed:
        path = member_path("", name)
        if member.type_name == "map":
            read[name] = {
                checked_string(one, path): _of_texts(member.value, texts, path)
                for one, texts in given.items()
            }
        elif key in given:
            read[name] = _of_texts(member, given[key], path)
    return read


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for key, text in pairs:
        grouped.setdefault(key, []).append(text)
    return grouped


def _of_texts(shape: Shape, texts: list[str], path: str) -> Any:
    """Return all of them for a list, the last one for a single value."""
    if shape.type_name != "list":
        return parse_text(shape, texts[-1], path)
    return [parse_text(shape.member, text, item_path(path, i)) for i, text in enumerate(texts)]


def _from_headers(shape: Shape, headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    single = _header_members(shape)
    for header, value in headers:
        if (found := single.get(header)) is not None:
            read[found[0]] = _from_header(found[1], value.strip(), member_path("", found[0]))
    for prefix, name, member in _on_the_wire(shape, "headers"):
        path = member_path("", name)
        read[name] = {
            header.removeprefix(prefix.lower()): parse_text(member.value, value.strip(), path)
            for header, value in headers
            if header.startswith(prefix.lower())
        }
    return read


@cache
def _header_members(shape: Shape) -> dict[str, tuple[str, Shape]]:
    return {
        header.lower(): (name, member) for header, name, member in _on_the_wire(shape, "header")
    }


def _from_header(member: Shape, text: str, path: str) -> Any:
    if member.serialization.get("jsonvalue"):
        return checked_string(decode_base64(text, path).decode(errors="replace"), path)
    if member.type_name != "list":
        return parse_text(member, text, path)
    inner = member.member
    items = _items(text, inner, path)
    return [parse_text(inner, item, item_path(path, i)) for i, item in enumerate(items)]


def _items(text: str, inner: Shape, path: str) -> list[str]:
    """Return the items of a list in a header: separated by commas, of which an HTTP date has one itself."""
    if not text:
        return []
    if inner.type_name == "timestamp" and _moment_format(inner, "rfc822") == "rfc822":
        parts = text.split(",")
        return [",".join(parts[i : i + 2]).strip() for i in range(0, len(parts), 2)]
    items: list[str] = []
    start = 0
    while (match := _ITEM.match(text, start)) is not None:
        items.append(_unquoted(match[1].strip()))
        if not match[2]:
            return items
        start = match.end()
    raise Malformed(f"The list in the header at '{path}' has a quotation mark out of place.")


def _unquoted(item: str) -> str:
    return _ESCAPED.sub(r"\1", item[1:-1]) if item.startswith('"') else item


def _from_payload(name: str, member: Shape, body: bytes) -> dict[str, Any]:
    if member.type_name == "blob":
        return {name: body}
    if not body:
        return {}
    if member.type_name == "string":
        try:
            return {name: checked_string(body.decode(), member_path("", name))}
        except UnicodeDecodeError as error:
            raise Malformed("The body of the request is not UTF-8.") from error
    return {name: read_value(body, member)}


# answers


def _headers(shape: Shape, given: Mapping[str, Any]) -> Headers:
    headers = []
    for header, name, member in _on_the_wire(shape, "header"):
        if name in given:
            headers.append((header, _header_text(name, _to_header(member, given[name]))))
    for prefix, name, _ in _on_the_wire(shape, "headers"):
        for key, value in given.get(name, {}).items():
            headers.append((f"{prefix}{key}", _header_text(name, value)))
    return headers


def _to_header(member: Shape, value: Any) -> str:
    if member.serialization.get("jsonvalue"):
        return base64.b64encode(value.encode()).decode()
    if member.type_name == "timestamp":
        return format_moment(value, _moment_format(member, "rfc822"))
    if member.type_name == "list":
        return ", ".join(_quoted(_to_header(member.member, item)) for item in value)
    return format_text(member, value, member.name)


def _quoted(text: str) -> str:
    """Dates have a comma and stay as they are."""
    if not _NEEDS_QUOTES.search(text) or text.endswith(" GMT"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _header_text(name: str, text: str) -> str:
    if not _HEADER_TEXT.fullmatch(text):
        raise UnfitResult(f"{name} holds a character that no header can carry")
    return text


def _moment_format(member: Shape, default: str) -> str:
    return str(member.serialization.get("timestampFormat", default))


def _with_payload(headers: Headers, member: Shape, value: Any, name: str) -> tuple[Headers, bytes]:
    """Return a blob's content type, if the answer has one, is a member of its own."""
    if value is None:
        return headers, b""
    if member.type_name == "blob":
        return headers, value
    if member.type_name == "string":
        return [*headers, ("content-type", "text/plain")], value.encode()
    return [*headers, ("content-type", "application/json")], write_value(value, member, name)

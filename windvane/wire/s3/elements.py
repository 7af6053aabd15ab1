"""Members of S3's answers as XML elements.

Each shape of the model is made into a function once: a list of 1,000 objects has 7,000 elements, and looking each of
them up in the model again costs more than writing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from botocore.model import Shape

from windvane.wire.s3.answers import xml_text
from windvane.wire.scalars import UnfitResult, format_text

Writer = Callable[[Any], str]

_ESCAPED = {"\r": "&#13;"}
_PLAIN = re.compile("[\t\n\x20-%\x27-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
"""Text that stands in XML as it is: without `&`, `<`, `>`, a carriage return, and what XML cannot hold."""


def xml_escaped(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else escape(xml_text(text), _ESCAPED)


@cache
def xml_writer(shape: Shape) -> Writer:
    """Return what writes the inside of an element of this shape; it raises UnfitResult for what does not fit."""
    if shape.type_name == "structure":
        return _structure_writer(shape)
    if shape.type_name == "list":
        write = _element_writer(shape.member.serialization.get("name", "member"), shape.member)
        return lambda items: "".join([write(item) for item in items])
    if shape.type_name == "timestamp":
        return lambda value: _moment(shape, value)
    if shape.type_name == "string":
        return lambda value: xml_escaped(
            value if type(value) is str else format_text(shape, value, shape.name)
        )
    return lambda value: xml_escaped(format_text(shape, value, shape.name))


def _structure_writer(shape: Shape) -> Writer:
    members = tuple(
        (name, *_member_writer(name, member))
        for name, member in shape.members.items()
        if not member.serialization.get("xmlAttribute")
    )
    known = shape.members.keys()

    def write(value: Mapping[str, Any]) -> str:
        if unknown := value.keys() - known:
            raise UnfitResult(f"{shape.name} has no member {min(unknown)}")
        written = []
        for name, is_flat, element in members:
            item = value.get(name)
            if item is None:
                continue
            if is_flat:
                written += [element(one) for one in item]
            else:
                written.append(element(item))
        return "".join(written)

    return write


def _member_writer(name: str, member: Shape) -> tuple[bool, Writer]:
    """Return whether the member is a list without an element of its own, and what writes it or each of its items."""
    wire = member.serialization.get("name", name)
    if member.type_name == "list" and member.serialization.get("flattened"):
        return True, _element_writer(wire, member.member)
    return False, _element_writer(wire, member)


def _element_writer(name: str, shape: Shape) -> Writer:
    inside, end = xml_writer(shape), f"</{name}>"
    if shape.type_name != "structure":
        begin = f"<{name}>"
        return lambda value: f"{begin}{inside(value)}{end}"
    attributes = tuple(
        (key, member.serialization["name"])
        for key, member in shape.members.items()
        if member.serialization.get("xmlAttribute")
    )
    namespace = shape.serialization.get("xmlNamespace", {})

    def write(value: Mapping[str, Any]) -> str:
        written = "".join(
            f" xmlns:{namespace['prefix']}={quoteattr(namespace['uri'])} {wire}={quoteattr(value[key])}"
            for key, wire in attributes
            if value.get(key) is not None
        )
        return f"<{name}{written}>{inside(value)}{end}"

    return write


def _moment(shape: Shape, value: Any) -> str:
    if not isinstance(value, datetime):
        raise UnfitResult(f"{shape.name} is no datetime")
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f"{utc.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"

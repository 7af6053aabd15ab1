"""An XML answer as JSON would hold it, so that one checker serves both; what is no value of its type stays text and
fails there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from botocore.model import Shape

_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "timestamp": lambda text: datetime.fromisoformat(text).timestamp(),
}


def read_xml(element: Element, shape: Shape, namespace: str) -> Any:
    """namespace    before every name, as ElementTree spells it: `{https://...}`"""
    if shape.type_name == "structure":
        return _read_structure(element, shape, namespace)
    if shape.type_name == "list":
        return [read_xml(child, shape.member, namespace) for child in element]
    if shape.type_name == "map":
        key, value = shape.key.serialization.get("name", "key"), "value"
        return {
            entry.findtext(f"{namespace}{key}", ""): read_xml(
                entry.find(f"{namespace}{value}"), shape.value, namespace
            )
            for entry in element
        }
    text = element.text or ""
    try:
        return _SCALARS.get(shape.type_name, str)(text)
    except (ValueError, KeyError):
        return text


def _read_structure(element: Element, shape: Shape, namespace: str) -> dict[str, Any]:
    members = {
        member.serialization.get("name", name): member for name, member in shape.members.items()
    }
    read: dict[str, Any] = {}
    for child in element:
        name = child.tag.removeprefix(namespace)
        if name in read:
            name = f"{name} a second time"
        read[name] = read_xml(child, members[name], namespace) if name in members else child.text
    return read

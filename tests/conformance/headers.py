"""The members of an answer that stand in its headers, as JSON would hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.model import Shape

_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "timestamp": lambda text: parsedate_to_datetime(text).timestamp(),
}


def read_headers(shape: Shape, headers: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The members by their names on the wire, and what is wrong with some."""
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for name, member in shape.members.items():
        spelled = member.serialization.get("name", name)
        text = headers.get(spelled.lower())
        if member.serialization.get("location") != "header" or text is None:
            continue
        try:
            found[spelled] = _READERS[member.type_name](text)
        except (ValueError, KeyError):
            wrong.append(f"the header {spelled} is {text!r}, not a {member.type_name}")
    return found, wrong

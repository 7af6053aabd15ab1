"""Single values as text: what headers, paths, forms and XML hold."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from windvane.errors import Malformed

INTEGER_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BOOLEANS = {"true": True, "false": False}


class UnfitResult(Exception):
    """What a handler returned does not fit the operation's output shape: our own fault."""


def parse_text(shape: Shape, text: str, path: str) -> Any:
    """The value of type `shape` that `text` stands for.

    raises    Malformed, naming the path
    """
    return _PARSERS[shape.type_name](text, shape, path)


def checked_string(text: str, path: str) -> str:
    """raises    Malformed for what no store can hold: a null character or half a surrogate pair"""
    if not text.isprintable() and (match := _UNSTORABLE.search(text)):
        raise Malformed(
            f"The string at '{path}' holds U+{ord(match[0]):04X}, which is not allowed in text."
        )
    return text


def checked_integer(value: int, type_name: str, path: str) -> int:
    """raises    Malformed for a number that the type cannot hold"""
    lowest, highest = INTEGER_RANGES[type_name]
    if not lowest <= value <= highest:
        raise Malformed(
            f"The number at '{path}' is out of range: it must be from {lowest} to {highest}."
        )
    return value


def decode_base64(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"The blob at '{path}' is not Base64.") from error


def parse_moment(text: str, path: str) -> datetime:
    """A moment in ISO 8601; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"'{text[:64]}' at '{path}' is not a date in ISO 8601.") from error


def moment_from_epoch(seconds: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"The timestamp at '{path}' is out of range.") from error


def format_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_string(text: str, _: Shape, path: str) -> str:
    return checked_string(text, path)


def _parse_integer(text: str, shape: Shape, path: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise Malformed(f"'{text[:64]}' at '{path}' can not be converted to an Integer")
    return checked_integer(int(text), shape.type_name, path)


def _parse_float(text: str, _: Shape, path: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise Malformed(f"'{text[:64]}' at '{path}' can not be converted to a Float") from error
    if not math.isfinite(value):
        raise Malformed(f"'{text[:64]}' at '{path}' is not a finite number.")
    return value


def _parse_boolean(text: str, _: Shape, path: str) -> bool:
    if text not in _BOOLEANS:
        raise Malformed(f"'{text[:64]}' at '{path}' can not be converted to a Boolean")
    return _BOOLEANS[text]


_PARSERS: Mapping[str, Callable[[str, Shape, str], Any]] = {
    "string": _parse_string,
    "character": _parse_string,
    "integer": _parse_integer,
    "long": _parse_integer,
    "float": _parse_float,
    "double": _parse_float,
    "boolean": _parse_boolean,
    "timestamp": lambda text, _, path: parse_moment(text, path),
    "blob": lambda text, _, path: decode_base64(text, path),
}

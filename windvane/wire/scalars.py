"""Single values as text: what headers, paths, forms and XML hold."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from botocore.model import Shape

from windvane.errors import Malformed

INTEGER_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BOOLEANS = {"true": True, "false": False}
_EPOCH = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_HTTP_DATE = re.compile(r"[A-Za-z]{3}, .* GMT")

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON has no literal for, as the AWS protocols spell them."""


class NotFinite(float):
    """One of these numbers in a format that has a literal for it."""


class UnfitResult(Exception):
    """A handler's result does not fit the operation's output shape: our own fault."""


def parse_text(shape: Shape, text: str, path: str) -> Any:
    """Return the value of type `shape` that `text` stands for.

    raises    Malformed, naming the path
    """
    return _PARSERS[shape.type_name](text, shape, path)


def checked_string(text: str, path: str) -> str:
    """Return a text that every store can hold.

    raises    Malformed for what no store can hold: a null character or half a surrogate pair
    """
    if not text.isprintable() and (match := _UNSTORABLE.search(text)):
        raise Malformed(
            f"The string at '{path}' holds U+{ord(match[0]):04X}, which is not allowed in text."
        )
    return text


def checked_integer(value: int, type_name: str, path: str) -> int:
    """Return an integer that its type can hold.

    raises    Malformed for a number that the type cannot hold
    """
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
    """Return a moment in ISO 8601, where it is UTC without an offset; as an HTTP date; or in seconds of the epoch."""
    if _EPOCH.fullmatch(text):
        return moment_from_epoch(float(text), path)
    try:
        is_http = _HTTP_DATE.fullmatch(text) is not None
        moment = parsedate_to_datetime(text) if is_http else datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"'{text[:64]}' at '{path}' is not a date in ISO 8601.") from error


def moment_from_epoch(seconds: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"The timestamp at '{path}' is out of range.") from error


def format_moment(moment: datetime, form: str = "iso8601") -> str:
    """Format a time as the service model asks for.

    form    a timestampFormat of the service model

    raises    UnfitResult for what is no moment
    """
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise UnfitResult(f"{moment!r} is no datetime with a time zone")
    utc = moment.astimezone(UTC)
    if form == "rfc822":
        return format_datetime(utc, usegmt=True)
    if form == "unixTimestamp":
        return f"{round(utc.timestamp(), 3):.15g}"
    return utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def format_text(shape: Shape, value: Any, path: str) -> str:
    """Return the text that stands for a value, moments aside.

    raises    UnfitResult for a value of another type
    """
    kind, write = _WRITERS[shape.type_name]
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise UnfitResult(f"{type(value).__name__} at '{path}' is of the wrong type")
    return write(value)


def spell_float(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _parse_string(text: str, _: Shape, path: str) -> str:
    return checked_string(text, path)


def _parse_integer(text: str, shape: Shape, path: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise Malformed(f"'{text[:64]}' at '{path}' can not be converted to an Integer")
    return checked_integer(int(text), shape.type_name, path)


def _parse_float(text: str, _: Shape, path: str) -> float:
    if text in NOT_FINITE:
        return NOT_FINITE[text]
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

_WRITERS: Mapping[str, tuple[Any, Callable[[Any], str]]] = {
    "string": (str, str),
    "character": (str, str),
    "integer": (int, str),
    "long": (int, str),
    "float": ((int, float), spell_float),
    "double": ((int, float), spell_float),
    "boolean": (bool, lambda value: "true" if value else "false"),
    "blob": (bytes, lambda value: base64.b64encode(value).decode()),
}

"""JSON documents to and from the values of a shape.

Null members count as absent and unknown members are ignored, as AWS does; a value of the wrong type, a
duplicate key, a number that is none or a text that is not UTF-8 makes the whole body Malformed.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from botocore.model import Shape

from windvane.errors import Malformed
from windvane.wire.paths import entry_path, item_path, member_path
from windvane.wire.scalars import (
    NOT_FINITE,
    NotFinite,
    UnfitResult,
    checked_integer,
    checked_string,
    decode_base64,
    format_moment,
    moment_from_epoch,
    parse_moment,
    spell_float,
)

MAX_DEPTH = 64


def read_json(body: bytes, shape: Shape | None) -> dict[str, Any]:
    """Return the parameters that `body` holds, an empty body being an empty object.

    raises    Malformed
    """
    return read_members(body, {} if shape is None else shape.members)


def read_members(body: bytes, members: Mapping[str, Shape]) -> dict[str, Any]:
    """Return the same, of the members that stand in the body."""
    document = _parsed(body)
    if not isinstance(document, dict):
        raise Malformed("Unable to parse the request body: it must be a JSON object.")
    return read_tree(document, members)


def read_tree(document: Mapping[str, Any], members: Mapping[str, Shape]) -> dict[str, Any]:
    """Return the same, of a body that was parsed: moments and blobs may be there as such, as other formats than JSON have
    them.

    raises    Malformed
    """
    return _read_members(document, members, "", 0)


def read_value(body: bytes, shape: Shape) -> Any:
    """Return the value of a shape that is the whole body; raises Malformed."""
    return _read(_parsed(body), shape, "", 0)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode() or "{}", object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(
            "Unable to parse the request body: it is not a valid JSON document."
        ) from error


def write_json(value: Mapping[str, Any], shape: Shape) -> bytes:
    """Write a result as JSON.

    raises    UnfitResult for a value that does not fit the shape
    """
    return write_value(value, shape, "")


def write_value(value: Any, shape: Shape, path: str) -> bytes:
    """Write a value of any shape as JSON.

    raises    UnfitResult for a value that does not fit the shape
    """
    return _document(_write(value, shape, path))


def write_members(value: Mapping[str, Any], members: Mapping[str, Shape]) -> bytes:
    """Return those that stand in the body; raises UnfitResult."""
    return _document(_write_members({n: v for n, v in value.items() if n in members}, members, ""))


def _document(tree: Any) -> bytes:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Malformed("Unable to parse the request body: a key stands twice in one object.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"Unable to parse the request body: {name} is not a JSON number.")


def _read(value: Any, shape: Shape, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed(f"The request is nested more than {MAX_DEPTH} levels deep.")
    return _READERS[shape.type_name](value, shape, path, depth)


def _read_structure(value: Any, shape: Shape, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(value, "a structure", path)
    return _read_members(value, shape.members, path, depth)


def _read_members(
    value: Mapping[str, Any], members: Mapping[str, Shape], path: str, depth: int
) -> dict[str, Any]:
    parameters = {}
    for name, member in members.items():
        given = value.get(member.serialization.get("name", name))
        if given is not None:
            parameters[name] = _read(given, member, member_path(path, name), depth + 1)
    return parameters


def _read_list(value: Any, shape: Shape, path: str, depth: int) -> list[Any]:
    if not isinstance(value, list):
        _refuse(value, "a list", path)
    member = shape.member
    return [
        None if item is None else _read(item, member, item_path(path, i), depth + 1)
        for i, item in enumerate(value)
    ]


def _read_map(value: Any, shape: Shape, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(value, "a map", path)
    return {
        checked_string(key, path): None
        if item is None
        else _read(item, shape.value, entry_path(path, key), depth + 1)
        for key, item in value.items()
    }


def _read_string(value: Any, _: Shape, path: str, __: int) -> str:
    if not isinstance(value, str):
        _refuse(value, "a String", path)
    return checked_string(value, path)


def _read_integer(value: Any, shape: Shape, path: str, _: int) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool):
        _refuse(value, "an Integer", path)
    return checked_integer(int(value), shape.type_name, path)


def _read_float(value: Any, _: Shape, path: str, __: int) -> float:
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if isinstance(value, NotFinite):
        return float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        _refuse(value, "a Float", path)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Malformed(f"The number at '{path}' is out of range.")
    return number


def _read_boolean(value: Any, _: Shape, path: str, __: int) -> bool:
    if not isinstance(value, bool):
        _refuse(value, "a Boolean", path)
    return value


def _read_timestamp(value: Any, shape: Shape, path: str, depth: int) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return parse_moment(value, path)
    return moment_from_epoch(_read_float(value, shape, path, depth), path)


def _read_blob(value: Any, shape: Shape, path: str, depth: int) -> bytes:
    if isinstance(value, bytes):
        return value
    return decode_base64(_read_string(value, shape, path, depth), path)


def _refuse(value: Any, wanted: str, path: str) -> NoReturn:
    kind = next(name for types, name in _JSON_KINDS if isinstance(value, types))
    where = f" at '{path}'" if path else ""
    raise Malformed(f"{kind} can not be converted to {wanted}{where}")


_JSON_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "BOOLEAN_VALUE"),
    ((int, float), "NUMBER_VALUE"),
    (str, "STRING_VALUE"),
    (list, "START_ARRAY"),
    (dict, "START_OBJECT"),
    (bytes, "BYTES_VALUE"),
    (datetime, "TIMESTAMP_VALUE"),
)

_READERS: Mapping[str, Callable[[Any, Shape, str, int], Any]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
    "string": _read_string,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}


def _write(value: Any, shape: Shape, path: str) -> Any:
    return _WRITERS[shape.type_name](value, shape, path)


def _write_structure(value: Any, shape: Shape, path: str) -> dict[str, Any]:
    _expect(value, Mapping, path)
    members = shape.members
    if unknown := value.keys() - members.keys():
        raise UnfitResult(f"{shape.name} at '{path}' has no member {min(unknown)}")
    return _write_members(value, members, path)


def _write_members(
    value: Mapping[str, Any], members: Mapping[str, Shape], path: str
) -> dict[str, Any]:
    return {
        members[name].serialization.get("name", name): _write(
            item, members[name], member_path(path, name)
        )
        for name, item in value.items()
        if item is not None
    }


def _write_list(value: Any, shape: Shape, path: str) -> list[Any]:
    _expect(value, (list, tuple), path)
    return [_write(item, shape.member, item_path(path, i)) for i, item in enumerate(value)]


def _write_map(value: Any, shape: Shape, path: str) -> dict[str, Any]:
    _expect(value, Mapping, path)
    return {key: _write(item, shape.value, entry_path(path, key)) for key, item in value.items()}


def _write_string(value: Any, _: Shape, path: str) -> str:
    _expect(value, str, path)
    return str(value)


def _write_integer(value: Any, _: Shape, path: str) -> int:
    _expect(value, int, path)
    return int(value)


def _write_float(value: Any, _: Shape, path: str) -> float | str:
    _expect(value, (int, float), path)
    return float(value) if math.isfinite(value) else spell_float(value)


def _write_boolean(value: Any, _: Shape, path: str) -> bool:
    if not isinstance(value, bool):
        raise UnfitResult(f"{type(value).__name__} at '{path}' is not a bool")
    return value


def _write_timestamp(value: Any, shape: Shape, path: str) -> float | str:
    _expect(value, datetime, path)
    if value.tzinfo is None:
        raise UnfitResult(f"the datetime at '{path}' names no time zone")
    form = shape.serialization.get("timestampFormat", "unixTimestamp")
    if form != "unixTimestamp":
        return format_moment(value, form)
    return round(float(value.astimezone(UTC).timestamp()), 3)


def _write_blob(value: Any, _: Shape, path: str) -> str:
    _expect(value, bytes, path)
    return base64.b64encode(value).decode()


def _expect(value: Any, types: Any, path: str) -> None:
    if not isinstance(value, types) or isinstance(value, bool):
        raise UnfitResult(f"{type(value).__name__} at '{path}' is of the wrong type")


_WRITERS: Mapping[str, Callable[[Any, Shape, str], Any]] = {
    "structure": _write_structure,
    "list": _write_list,
    "map": _write_map,
    "string": _write_string,
    "integer": _write_integer,
    "long": _write_integer,
    "float": _write_float,
    "double": _write_float,
    "boolean": _write_boolean,
    "timestamp": _write_timestamp,
    "blob": _write_blob,
}

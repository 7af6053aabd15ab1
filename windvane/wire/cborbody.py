"""CBOR documents to and from the values of a shape: what a JSON document may hold, moments and blobs as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from windvane.errors import Malformed
from windvane.wire.cbor import (
    read_cbor,
    write_array,
    write_boolean,
    write_bytes,
    write_float,
    write_integer,
    write_map,
    write_moment,
    write_text,
)
from windvane.wire.jsonbody import read_tree
from windvane.wire.paths import entry_path, item_path, member_path
from windvane.wire.scalars import UnfitResult


def read_parameters(body: bytes, shape: Shape | None) -> dict[str, Any]:
    """Return the parameters that a body holds, an empty one being an empty map.

    raises    Malformed
    """
    document = read_cbor(body) if body else {}
    if not isinstance(document, dict):
        raise Malformed("Unable to parse the request body: it must be a CBOR map.")
    return read_tree(document, {} if shape is None else shape.members)


def write_document(value: Mapping[str, Any], shape: Shape) -> bytes:
    """Write a result as CBOR.

    raises    UnfitResult for a value that does not fit the shape
    """
    return _write(value, shape, "")


def _write(value: Any, shape: Shape, path: str) -> bytes:
    kind, write = _WRITERS[shape.type_name]
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise UnfitResult(f"{type(value).__name__} at '{path}' is of the wrong type")
    return write(value, shape, path)


def _write_structure(value: Any, shape: Shape, path: str) -> bytes:
    members = shape.members
    if unknown := value.keys() - members.keys():
        raise UnfitResult(f"{shape.name} at '{path}' has no member {min(unknown)}")
    return write_map(
        {
            name: _write(item, members[name], member_path(path, name))
            for name, item in value.items()
            if item is not None
        }
    )


def _write_list(value: Any, shape: Shape, path: str) -> bytes:
    return write_array(
        [_write(item, shape.member, item_path(path, i)) for i, item in enumerate(value)]
    )


def _write_map(value: Any, shape: Shape, path: str) -> bytes:
    return write_map(
        {key: _write(item, shape.value, entry_path(path, key)) for key, item in value.items()}
    )


def _write_moment(value: Any, _: Shape, path: str) -> bytes:
    if value.tzinfo is None:
        raise UnfitResult(f"the datetime at '{path}' names no time zone")
    return write_moment(round(value.astimezone(UTC).timestamp(), 3))


_Written = Callable[[Any, Shape, str], bytes]

_WRITERS: Mapping[str, tuple[Any, _Written]] = {
    "structure": (Mapping, _write_structure),
    "list": ((list, tuple), _write_list),
    "map": (Mapping, _write_map),
    "string": (str, lambda value, _, __: write_text(value)),
    "integer": (int, lambda value, _, __: write_integer(value)),
    "long": (int, lambda value, _, __: write_integer(value)),
    "float": ((int, float), lambda value, _, __: write_float(value)),
    "double": ((int, float), lambda value, _, __: write_float(value)),
    "boolean": (bool, lambda value, _, __: write_boolean(value)),
    "timestamp": (datetime, _write_moment),
    "blob": (bytes, lambda value, _, __: write_bytes(value)),
}

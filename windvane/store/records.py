"""Domain records to JSON text and back, by their type hints alone.

Understood: str, int, float, bool, datetime, notes, enums, Literal of one string, dataclasses, tuples, dict[str, X], X | None, unions
of dataclasses that a field `kind: Literal["..."]` tells apart, and Any for what is JSON already (parameters as a client
sent them). Everything comes back equal to what went in.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from windvane.notes.note import Note, note_from_json, note_to_json

T = TypeVar("T")
_Convert = Callable[[Any], Any]


def to_json(record: Any) -> str:
    """Return the JSON text of a dataclass.

    raises    TypeError, naming the field, if a value is not what its hint says or, below Any, not JSON
    """
    return json.dumps(encoded(record), separators=(",", ":"))


def from_json(record_type: type[T], text: str) -> T:
    """Return the record that `to_json` wrote. Fields the text lacks take their defaults.

    raises    TypeError if the text has a field the type does not have, or lacks one without a default
    """
    return decoded(record_type, json.loads(text))


def encoded(record: Any) -> dict[str, Any]:
    """Return what `to_json` writes, as JSON values."""
    encode, _ = _codec(type(record))
    fields: dict[str, Any] = encode(record)
    return fields


def decoded(record_type: type[T], fields: dict[str, Any]) -> T:
    """Return the record of which `encoded` made these fields."""
    _, decode = _codec(record_type)
    record: T = decode(fields)
    return record


def check_json(value: Any) -> Any:
    """`value` itself, if JSON gives it back unchanged.

    raises    TypeError, with the path, if it does not
    """
    _walk_json(value, "")
    return value


def _walk_json(value: Any, path: str) -> None:
    if value is None or isinstance(value, str | int | float):
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            _walk_json(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} at '{path}' is not a string, as JSON wants it")
            _walk_json(item, f"{path}.{key}" if path else key)
    else:
        raise TypeError(
            f"{type(value).__name__} at '{path}' is not JSON (None, bool, int, float, str, list, dict)"
        )


def _codec(hint: Any) -> tuple[_Convert, _Convert]:
    """Return how to encode and how to decode a value of this type hint; worked out once for each."""
    return _codec_of(hint)


@cache
def _codec_of(hint: Hashable) -> tuple[_Convert, _Convert]:
    if hint is Any:
        return check_json, _same
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union_codec(hint)
    if origin is Literal:
        return _literal_codec(hint)
    if origin is tuple:
        return _tuple_codec(hint)
    if origin is dict:
        return _dict_codec(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_codec(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass_codec(hint)
    raise TypeError(f"A record cannot have a field of type {hint}; see store/records.py.")


def _same(value: Any) -> Any:
    return value


def _plain_codec(accepted: type, made: _Convert) -> tuple[_Convert, _Convert]:
    def encode(value: Any) -> Any:
        if not isinstance(value, accepted):
            raise TypeError(f"{value!r} is a {type(value).__name__}, not a {accepted.__name__}")
        return made(value)

    return encode, made


def _encode_float(value: Any) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is a {type(value).__name__}, not a float")
    return float(value)


def _encode_time(value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{value!r} is not a datetime with a time zone")
    return value.astimezone(UTC).isoformat()


_SCALARS: dict[Any, tuple[_Convert, _Convert]] = {
    str: _plain_codec(str, str),
    int: _plain_codec(int, int),
    bool: _plain_codec(bool, bool),
    float: (_encode_float, float),
    datetime: (_encode_time, datetime.fromisoformat),
    Note: (lambda value: note_to_json(_instance(value, Note)), note_from_json),
}


def _union_codec(hint: Any) -> tuple[_Convert, _Convert]:
    """X | None, a tagged union, or a tagged union | None."""
    parts = [part for part in get_args(hint) if part is not types.NoneType]
    encode, decode = _codec(parts[0]) if len(parts) == 1 else _tagged_codec(hint, parts)
    if len(parts) == len(get_args(hint)):
        return encode, decode
    return (
        lambda value: None if value is None else encode(value),
        lambda value: None if value is None else decode(value),
    )


def _tagged_codec(hint: Any, parts: list[Any]) -> tuple[_Convert, _Convert]:
    tags = {_tag(part): part for part in parts}
    if None in tags or len(tags) < len(parts):
        raise TypeError(
            f"A record's field may be X or None, or dataclasses with a `kind` each, not {hint}."
        )

    def encode(value: Any) -> Any:
        if type(value) not in parts:
            raise TypeError(f"{value!r} is a {type(value).__name__}, not one of {hint}")
        return _codec(type(value))[0](value)

    def decode(encoded: Any) -> Any:
        if encoded["kind"] not in tags:
            raise TypeError(f"There is no {hint} of the kind {encoded['kind']!r}.")
        return _codec(tags[encoded["kind"]])[1](encoded)

    return encode, decode


def _tag(part: Any) -> str | None:
    """Return the value of the field `kind` that tells a dataclass from others; None if it has none."""
    kind = get_type_hints(part).get("kind") if dataclasses.is_dataclass(part) else None
    return str(get_args(kind)[0]) if get_origin(kind) is Literal else None


def _literal_codec(hint: Any) -> tuple[_Convert, _Convert]:
    (wanted,) = get_args(hint)

    def same(value: Any) -> Any:
        if value != wanted:
            raise TypeError(f"{value!r} is not {wanted!r}")
        return value

    return same, same


def _tuple_codec(hint: Any) -> tuple[_Convert, _Convert]:
    parts = get_args(hint)
    if len(parts) == 2 and parts[1] is Ellipsis:
        encode, decode = _codec(parts[0])
        return (
            lambda value: [encode(item) for item in _instance(value, tuple)],
            lambda value: tuple([decode(item) for item in value]),
        )
    codecs = [_codec(part) for part in parts]
    return (
        lambda value: [
            e(item) for (e, _), item in zip(codecs, _instance(value, tuple), strict=True)
        ],
        lambda value: tuple([d(item) for (_, d), item in zip(codecs, value, strict=True)]),
    )


def _dict_codec(hint: Any) -> tuple[_Convert, _Convert]:
    key, item = get_args(hint)
    if key is not str:
        raise TypeError(f"A record's dict has strings as keys, unlike {hint}.")
    if item is Any:
        return lambda value: check_json(_instance(value, dict)), _same
    encode_key, _ = _codec(str)
    encode, decode = _codec(item)
    return (
        lambda value: {encode_key(k): encode(v) for k, v in _instance(value, dict).items()},
        lambda value: {k: decode(v) for k, v in value.items()},
    )


def _enum_codec(enum: type[Enum]) -> tuple[_Convert, _Convert]:
    return lambda value: _instance(value, enum).value, enum


def _dataclass_codec(record_type: type) -> tuple[_Convert, _Convert]:
    hints = get_type_hints(record_type)
    codecs = {field.name: _codec(hints[field.name]) for field in dataclasses.fields(record_type)}

    def encode(record: Any) -> dict[str, Any]:
        _instance(record, record_type)
        encoded = {}
        for name, (encode_field, _) in codecs.items():
            try:
                encoded[name] = encode_field(getattr(record, name))
            except TypeError as error:
                raise TypeError(f"{record_type.__name__}.{name}: {error}") from error
        return encoded

    def decode(encoded: dict[str, Any]) -> Any:
        unknown = encoded.keys() - codecs.keys()
        if unknown:
            raise TypeError(f"{record_type.__name__} has no field {', '.join(sorted(unknown))}.")
        return record_type(**{name: codecs[name][1](value) for name, value in encoded.items()})

    return encode, decode


def _instance(value: Any, wanted: type) -> Any:
    if not isinstance(value, wanted):
        raise TypeError(f"{value!r} is a {type(value).__name__}, not a {wanted.__name__}")
    return value

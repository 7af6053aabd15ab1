"""Reads Universal Binary JSON, the part of it that XGBoost writes; arrays of numbers come as NumPy arrays.

source    ubjson.org, specification draft 12
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_NUMBERS: dict[int, np.dtype[Any]] = {
    ord("i"): np.dtype("i1"),
    ord("U"): np.dtype("u1"),
    ord("I"): np.dtype(">i2"),
    ord("l"): np.dtype(">i4"),
    ord("L"): np.dtype(">i8"),
    ord("d"): np.dtype(">f4"),
    ord("D"): np.dtype(">f8"),
}
_CONSTANTS: dict[int, bool | None] = {ord("T"): True, ord("F"): False, ord("Z"): None}
_OBJECT, _OBJECT_ENDS, _ARRAY, _ARRAY_ENDS, _TEXT, _KIND, _COUNT = map(ord, "{}[]S$#")
_LONG, _LENGTH_OF_LONG = ord("L"), struct.Struct(">q")


def read_ubjson(content: bytes) -> Any:
    """Return the value that the bytes are.

    raises    ValueError if they are no such document, or more than one
    """
    try:
        made, end = _value(content, 0)
    except (IndexError, struct.error, RecursionError, OverflowError, ValueError) as error:
        raise ValueError(f"no Universal Binary JSON: {error}") from error
    if end != len(content):
        raise ValueError("no Universal Binary JSON: it goes on after its end")
    return made


def _value(content: bytes, at: int) -> tuple[Any, int]:
    """Return what begins at this place, and the place after it. A model has a hundred values for each tree: there are no
    calls that could be spared."""
    kind = content[at]
    at += 1
    if kind == _OBJECT:
        made: dict[str, Any] = {}
        while content[at] != _OBJECT_ENDS:
            name, at = _text(content, at)
            if name in made:
                raise ValueError(f"it names {name[:60]!r} twice")
            made[name], at = _value(content, at)
        return made, at + 1
    if kind == _ARRAY:
        return _array(content, at)
    if kind == _TEXT:
        return _text(content, at)
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], at
    numbers, at = _numbers(content, at, kind, 1)
    return numbers.item(0), at


def _array(content: bytes, at: int) -> tuple[Any, int]:
    if content[at] == _KIND:
        kind = content[at + 1]
        if content[at + 2] != _COUNT:
            raise ValueError("an array of a kind without a length")
        length, at = _length(content, at + 3)
        return _numbers(content, at, kind, length)
    made = []
    if content[at] == _COUNT:
        length, at = _length(content, at + 1)
        for _ in range(length):
            one, at = _value(content, at)
            made.append(one)
        return made, at
    while content[at] != _ARRAY_ENDS:
        one, at = _value(content, at)
        made.append(one)
    return made, at + 1


def _text(content: bytes, at: int) -> tuple[str, int]:
    length, at = _length(content, at)
    end = at + length
    if end > len(content):
        raise ValueError("it ends too early")
    return content[at:end].decode(), end


def _length(content: bytes, at: int) -> tuple[int, int]:
    if content[at] == _LONG:
        length: int = _LENGTH_OF_LONG.unpack_from(content, at + 1)[0]
        at += 9
    else:
        numbers, at = _numbers(content, at + 1, content[at], 1)
        length = int(numbers[0])
    if length < 0:
        raise ValueError("a length below 0")
    return length, at


def _numbers(content: bytes, at: int, kind: int, count: int) -> tuple[np.ndarray[Any, Any], int]:
    dtype = _NUMBERS.get(kind)
    if dtype is None:
        raise ValueError(f"a value of the unknown kind {chr(kind)!r}")
    end = at + count * dtype.itemsize
    if end > len(content):
        raise ValueError("it ends too early")
    return np.frombuffer(content, dtype, count, at), end

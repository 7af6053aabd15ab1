"""CBOR as the RPC v2 protocol uses it: one document in, plain values out, and back.

Read are integers of 64 bits, texts, byte strings, arrays and maps of definite or indefinite length, floating-point numbers of
16, 32 and 64 bits, false, true, null, undefined, and moments (tag 1). Other tags and simple values are refused, and so is
whatever follows the document.

source    RFC 8949; Smithy's RPC v2 CBOR protocol for what of it is used
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from windvane.errors import Malformed
from windvane.wire.scalars import NotFinite, moment_from_epoch

MAX_DEPTH = 64
"""Levels of arrays, maps and tags."""

MAX_ITEMS = 100_000
"""Data items of a document: each takes up to a hundred times its bytes in memory."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_BREAK = 0xFF
_INDEFINITE = 31
_EPOCH_TAG = 1
_SIMPLE_VALUES: Mapping[int, Any] = {20: False, 21: True, 22: None, 23: None}
_FLOATS: Mapping[int, tuple[str, int]] = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def read_cbor(body: bytes) -> Any:
    """Return the value of the one document that a body holds: maps as dicts, moments as datetimes in UTC.

    raises    Malformed
    """
    reader = _Reader(body)
    value = reader.item(0)
    if reader.position != len(body):
        _refuse("bytes follow the document")
    return value


class _Reader:
    """Reads forward; no length is believed that the body cannot hold."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.position = 0
        self._items = 0

    def item(self, depth: int) -> Any:
        self._count()
        if depth > MAX_DEPTH:
            _refuse(f"it is nested more than {MAX_DEPTH} levels deep")
        first = self._take(1)[0]
        kind, info = first >> 5, first & 0x1F
        if kind <= _NEGATIVE:
            return self._integer(kind, info)
        if kind == _SIMPLE:
            return self._simple(info)
        if kind <= _TEXT:
            return self._string(kind, info)
        return self._READERS[kind](self, info, depth)

    def _count(self) -> None:
        self._items += 1
        if self._items > MAX_ITEMS:
            _refuse(f"it has more than {MAX_ITEMS} values")

    def _take(self, n_bytes: int) -> bytes:
        end = self.position + n_bytes
        if end > len(self._body):
            _refuse("it ends too early")
        taken = self._body[self.position : end]
        self.position = end
        return taken

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            _refuse(f"a length is written as {info}")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _integer(self, kind: int, info: int) -> int:
        number = self._number(info)
        if number >= 1 << 63:
            _refuse("a number has more than 64 bits")
        return -1 - number if kind == _NEGATIVE else number

    def _string(self, kind: int, info: int) -> str | bytes:
        if info != _INDEFINITE:
            return _decoded(kind, self._take(self._number(info)))
        parts = []
        while not self._ends():
            self._count()
            first = self._take(1)[0]
            if first >> 5 != kind or first & 0x1F == _INDEFINITE:
                _refuse("a string has a part of another type")
            parts.append(_decoded(kind, self._take(self._number(first & 0x1F))))
        return b"".join(parts) if kind == _BYTES else "".join(parts)  # type: ignore[arg-type]

    def _array(self, info: int, depth: int) -> list[Any]:
        return [self.item(depth + 1) for _ in self._counted(info)]

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for _ in self._counted(info):
            key = self.item(depth + 1)
            if not isinstance(key, str):
                _refuse("a key is no text")
            if key in members:
                _refuse("a key stands twice in one map")
            members[key] = self.item(depth + 1)
        return members

    def _tagged(self, info: int, depth: int) -> datetime:
        tag = self._number(info)
        if tag != _EPOCH_TAG:
            _refuse(f"the tag {tag} is not known")
        seconds = self.item(depth + 1)
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            _refuse("a moment is no number")
        return moment_from_epoch(float(seconds), "")

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE_VALUES:
            return _SIMPLE_VALUES[info]
        if info not in _FLOATS:
            _refuse(f"the simple value {info} is not known")
        form, n_bytes = _FLOATS[info]
        number: float = struct.unpack(form, self._take(n_bytes))[0]
        return number if math.isfinite(number) else NotFinite(number)

    def _counted(self, info: int) -> Any:
        """Yield once for each item of an array or map: as many as are announced, or until they end."""
        if info == _INDEFINITE:
            return iter(lambda: not self._ends(), False)
        count = self._number(info)
        if count > len(self._body) - self.position:
            _refuse("it ends too early")
        return range(count)

    def _ends(self) -> bool:
        if self.position >= len(self._body):
            _refuse("it ends too early")
        ends = self._body[self.position] == _BREAK
        self.position += ends
        return ends

    _READERS: Mapping[int, Callable[[_Reader, int, int], Any]] = {
        _ARRAY: _array,
        _MAP: _map,
        _TAG: _tagged,
    }


def _decoded(kind: int, raw: bytes) -> str | bytes:
    if kind == _BYTES:
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed(_sentence("a text is not in UTF-8")) from error


def _refuse(why: str) -> NoReturn:
    raise Malformed(_sentence(why))


def _sentence(why: str) -> str:
    return f"Unable to parse the request body: it is not a valid CBOR document: {why}."


def write_integer(value: int) -> bytes:
    """Return an integer of 64 bits, signed or not, as CBOR."""
    return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)


def write_float(value: float) -> bytes:
    return b"\xfb" + struct.pack(">d", value)


def write_boolean(value: bool) -> bytes:
    return b"\xf5" if value else b"\xf4"


def write_text(value: str) -> bytes:
    raw = value.encode("utf-8", "replace")
    return _head(_TEXT, len(raw)) + raw


def write_bytes(value: bytes) -> bytes:
    return _head(_BYTES, len(value)) + value


def write_moment(seconds: float) -> bytes:
    """Return seconds since the epoch as a moment."""
    return _head(_TAG, _EPOCH_TAG) + write_float(seconds)


def write_array(items: list[bytes]) -> bytes:
    """Return the array of items that were written already."""
    return _head(_ARRAY, len(items)) + b"".join(items)


def write_map(members: Mapping[str, bytes]) -> bytes:
    """Return the map of members that were written already."""
    pairs = (write_text(name) + value for name, value in members.items())
    return _head(_MAP, len(members)) + b"".join(pairs)


def _head(kind: int, number: int) -> bytes:
    """Return how an item begins: in as few bytes as possible."""
    if number < 24:
        return bytes([kind << 5 | number])
    for info, n_bytes in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * n_bytes:
            return bytes([kind << 5 | info]) + number.to_bytes(n_bytes, "big")
    raise OverflowError(number)

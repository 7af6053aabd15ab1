"""Reads Universal Binary JSON, the part of it that XGBoost writes; arrays of numbers come as NumPy arrays.

source    ubjson.org, specification draft 12
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_NUMBERS: dict[bytes, np.dtype[Any]] = {
    b"i": np.dtype("i1"),
    b"U": np.dtype("u1"),
    b"I": np.dtype(">i2"),
    b"l": np.dtype(">i4"),
    b"L": np.dtype(">i8"),
    b"d": np.dtype(">f4"),
    b"D": np.dtype(">f8"),
}
_CONSTANTS: dict[bytes, bool | None] = {b"T": True, b"F": False, b"Z": None}
_LENGTH = struct.Struct(">q")


def read_ubjson(content: bytes) -> Any:
    """The value that the bytes begin with.

    raises    ValueError if they are no such document
    """
    try:
        return _Reader(content).value()
    except (IndexError, struct.error, RecursionError, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(f"no Universal Binary JSON: {error}") from error


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def value(self) -> Any:
        kind = self._take(1)
        if kind == b"{":
            return self._object()
        if kind == b"[":
            return self._array()
        if kind == b"S":
            return self._text()
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        return self._numbers(kind, 1)[0].item()

    def _take(self, n_bytes: int) -> bytes:
        taken = self._content[self._at : self._at + n_bytes]
        if n_bytes < 0 or len(taken) < n_bytes:
            raise ValueError("no Universal Binary JSON: it ends too early")
        self._at += n_bytes
        return taken

    def _is_next(self, mark: bytes) -> bool:
        is_next = self._content[self._at : self._at + 1] == mark
        self._at += is_next
        return is_next

    def _length(self) -> int:
        kind = self._take(1)
        if kind == b"L":
            length: int = _LENGTH.unpack(self._take(8))[0]
        else:
            length = int(self._numbers(kind, 1)[0])
        if length < 0:
            raise ValueError("no Universal Binary JSON: a length below 0")
        return length

    def _text(self) -> str:
        return self._take(self._length()).decode()

    def _numbers(self, kind: bytes, count: int) -> np.ndarray[Any, Any]:
        dtype = _NUMBERS.get(kind)
        if dtype is None:
            raise ValueError(f"no Universal Binary JSON: a value of the unknown kind {kind!r}")
        return np.frombuffer(self._take(count * dtype.itemsize), dtype)

    def _object(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while not self._is_next(b"}"):
            name = self._text()
            made[name] = self.value()
        return made

    def _array(self) -> Any:
        if self._is_next(b"$"):
            kind = self._take(1)
            if not self._is_next(b"#"):
                raise ValueError("no Universal Binary JSON: an array of a kind without a length")
            return self._numbers(kind, self._length())
        if self._is_next(b"#"):
            return [self.value() for _ in range(self._length())]
        made = []
        while not self._is_next(b"]"):
            made.append(self.value())
        return made

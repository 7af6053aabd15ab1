"""The bytes of a file that stands elsewhere, asked for piece by piece."""

from __future__ import annotations

import io
from typing import Protocol


class Source(Protocol):
    """A file that is read in pieces.

    name    what messages call the file
    size    of the whole, in bytes
    """

    name: str
    size: int

    def read(self, start: int, length: int) -> bytes:
        """`length` bytes from `start` on; fewer at the end of the file, or if no more is handed out."""


class SourceStream(io.RawIOBase):
    """A source as a seekable stream, for libraries that want one.

    n_read    bytes that were asked for and came
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self.n_read = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        length = self._source.size - self._at if size is None or size < 0 else size
        data = self._source.read(self._at, length) if length > 0 else b""
        self._at += len(data)
        self.n_read += len(data)
        return data

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

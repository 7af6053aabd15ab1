"""Streams that can be read from any position, as the store hands them out."""

from __future__ import annotations

import io
import os


class SeekableReader(io.RawIOBase):
    """The position of a stream of a known size; `readinto` of each kind reads from it and moves it on."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"Cannot seek to {base + offset}: it is before the start.")
        self._position = base + offset
        return self._position

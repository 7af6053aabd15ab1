"""Several encrypted files that follow each other in one, read as one: the parts of an upload."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from windvane.objects.frames import FrameCipher, OpeningReader, plain_size
from windvane.objects.seekable import SeekableReader


@dataclass(frozen=True)
class Segment:
    """An encrypted stretch of a data file.

    start, stored_size    where it lies in the file, in bytes as they are stored
    """

    start: int
    stored_size: int
    cipher: FrameCipher


class Segments(SeekableReader):
    """The plain bytes of all segments in order, seekable; closing it closes the file."""

    def __init__(self, file: BinaryIO, segments: Sequence[Segment]) -> None:
        """Read the decrypted content of segments, one after the other.

        raises    CorruptArtifact for a segment of an impossible size
        """
        self._file = file
        self._segments = segments
        self._starts = [0]
        for segment in segments:
            self._starts.append(self._starts[-1] + plain_size(segment.stored_size))
        super().__init__(self._starts[-1])
        self._opened: tuple[int, OpeningReader] | None = None

    def readinto(self, buffer: object) -> int:
        """Read up to the end of a segment at most."""
        if self._position >= self._starts[-1]:
            return 0
        number = bisect_right(self._starts, self._position) - 1
        reader = self._reader(number)
        reader.seek(self._position - self._starts[number])
        n_read = reader.readinto(buffer)
        self._position += n_read
        return n_read

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _reader(self, number: int) -> OpeningReader:
        if self._opened is None or self._opened[0] != number:
            segment = self._segments[number]
            window = _Window(self._file, segment.start, segment.stored_size)
            self._opened = number, OpeningReader(cast("BinaryIO", window), segment.cipher)
        return self._opened[1]


class _Window(io.RawIOBase):
    """A part of a file as a file of its own; closing it leaves the file open."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        self._file.seek(self._start + self._position)
        data = self._file.read(left if size < 0 else min(size, left))
        self._position += len(data)
        return data

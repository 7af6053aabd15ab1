"""Streams of stored bytes: of one file, or of the files of parts one after the other, checked as they are read."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from windvane.objects.checksums import StoredChecksum
from windvane.objects.errors import DamagedObject
from windvane.objects.seekable import SeekableReader

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True)
class Segment:
    """A data file: its length, and the checksum of its bytes."""

    path: Path
    size: int
    sum: StoredChecksum


class ContentStream(SeekableReader):
    """Seekable. The checksum of a segment is compared when it is read from its first byte to its last."""

    def __init__(self, name: str, segments: Sequence[Segment], held: int | None = None) -> None:
        """Read the segments of an object one after the other.

        name    what errors call the object; `held`: a descriptor to be closed with the stream

        raises    FileNotFoundError if the first file is not there; DamagedObject
        """
        self._name = name
        self._segments = segments
        self._starts = [0, *accumulate(segment.size for segment in segments)]
        super().__init__(self._starts[-1])
        self._held = held
        self._index = -1
        self._descriptor = -1
        self._sum_so_far, self._summed = StoredChecksum(), 0
        self._select(0)

    def fileno(self) -> int:
        """Return the descriptor of the one file; raises UnsupportedOperation if there are several."""
        if len(self._segments) != 1:
            raise io.UnsupportedOperation("the object is in more than one file")
        return self._descriptor

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while view.nbytes and self._position < self._starts[-1]:
            index = bisect_right(self._starts, self._position) - 1
            segment = self._segments[index]
            self._select(index)
            offset = self._position - self._starts[index]
            n_read = self._read(view[: segment.size - offset], segment, offset)
            self._sum(view[:n_read], segment, offset)
            self._position += n_read
            return n_read
        return 0

    def close(self) -> None:
        if not self.closed:
            for descriptor in (self._descriptor, self._held):
                if descriptor is not None and descriptor >= 0:
                    os.close(descriptor)
        super().close()

    def _select(self, index: int) -> None:
        if index == self._index:
            return
        segment = self._segments[index]
        try:
            descriptor = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            if self._index < 0:
                raise
            raise self._damage(segment, "is missing") from error
        except OSError as error:
            raise self._damage(segment, f"cannot be opened ({error.strerror})") from error
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._index = descriptor, index
        self._sum_so_far, self._summed = segment.sum.at_start, 0
        if (size := os.fstat(descriptor).st_size) != segment.size:
            raise self._damage(segment, f"has {size} bytes in place of {segment.size}")

    def _read(self, view: memoryview, segment: Segment, offset: int) -> int:
        try:
            n_read = os.preadv(self._descriptor, [view], offset)
        except OSError as error:
            raise self._damage(segment, f"cannot be read ({error.strerror})") from error
        if n_read == 0:
            raise self._damage(segment, f"ends at byte {offset}")
        return n_read

    def _sum(self, view: memoryview, segment: Segment, offset: int) -> None:
        if offset == 0:
            self._sum_so_far, self._summed = segment.sum.at_start, 0
        if offset != self._summed:
            return
        self._sum_so_far = self._sum_so_far.after(view)
        self._summed += view.nbytes
        if self._summed == segment.size and self._sum_so_far != segment.sum:
            raise self._damage(segment, "is not as it was written (its checksum differs)")

    def _damage(self, segment: Segment, what: str) -> DamagedObject:
        return DamagedObject(
            f"{self._name} is damaged: its data file {segment.path.parent.name}/{segment.path.name} {what}."
        )


def open_stream(
    name: str, segments: Sequence[Segment], held: int | None = None
) -> io.BufferedReader:
    """Open the content of an object in data files.

    raises    FileNotFoundError if the first file is not there; DamagedObject
    """
    try:
        stream = ContentStream(name, segments, held)
    except BaseException:
        if held is not None:
            os.close(held)
        raise
    return io.BufferedReader(stream, _BUFFER_BYTES)


def inline_stream(name: str, data: bytes, wanted: StoredChecksum) -> io.BytesIO:
    """Open content that is in the index itself, and check it.

    raises    DamagedObject
    """
    if wanted.at_start.after(data) != wanted:
        raise DamagedObject(
            f"{name} is damaged: its bytes in the index are not as they were written."
        )
    return io.BytesIO(data)

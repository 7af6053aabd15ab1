"""Bytes on their way into the store: in memory while they are few, then in a file that is locked until it has its row."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from windvane.errors import StoreUnusable
from windvane.objects.checksums import StoredChecksum
from windvane.objects.files import DataFile

INLINE_BYTES = 16 * 1024
"""Up to this size an object lies in the index, so that putting it costs one sync; above, three."""


class StagedBytes:
    """The one kind of Staged."""

    def __init__(
        self,
        new_file: Callable[[], DataFile],
        inline_bytes: int,
        folder: str | None = None,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Stage content in memory, and in a file once it is large.

        inline_bytes    that may be kept in memory
        folder          where a part's file is made
        count           told of bytes before they are written, and (negative) once they are stored or dropped; may refuse
        """
        self._count = count
        self._new_file = new_file
        self._inline_bytes = inline_bytes
        self.folder = folder
        self._buffer = bytearray()
        self._file: DataFile | None = None
        self._is_over = False
        self.size = 0
        self.sum = StoredChecksum()

    @property
    def file(self) -> str | None:
        """The name of the file, None if all is in `data`."""
        return None if self._file is None else self._file.name

    @property
    def data(self) -> bytes:
        return bytes(self._buffer)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_over:
            raise ValueError("what was staged was put or discarded already")
        self._count(memoryview(data).nbytes)
        self.sum = self.sum.after(data)
        self.size += memoryview(data).nbytes
        if self._file is None and self.size <= self._inline_bytes:
            self._buffer += data
            return
        with _telling():
            self._write_file(data)

    def sync(self) -> None:
        """Make the bytes durable, for a row that is to name them."""
        if self._is_over:
            raise ValueError("what was staged was put or discarded already")
        if self._file is None and self.size > self._inline_bytes:
            self.write(b"")
        if self._file is not None:
            with _telling():
                self._file.sync()

    def keep(self) -> None:
        """The row is durable, or may be: the file stays."""
        self._is_over = True
        self._count(-self.size)
        self._buffer = bytearray()
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        if self._is_over:
            return
        if self._file is not None:
            self._file.remove()
        self.keep()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def _write_file(self, data: bytes | bytearray | memoryview) -> None:
        if self._file is None:
            self._file = self._new_file()
            self._file.write(self._buffer)
            self._buffer = bytearray()
        self._file.write(data)


@contextmanager
def _telling() -> Iterator[None]:
    """Turn errors of the file system inside into those of the store.

    raises    StoreUnusable for what the file system says; FileNotFoundError as it is
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreUnusable.full() from error
        raise StoreUnusable(f"A data file cannot be written: {error.strerror}.") from error

"""An object read from end to end although connections break: what is left is asked for again."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

from botocore.exceptions import BotoCoreError

from windvane.artifacts.base import Artifacts, Location
from windvane.errors import DataFault

_BROKEN = (OSError, BotoCoreError)
_MOST_BREAKS = 5
"""In a row, without a byte between them. The client that opens the object waits between its own attempts."""


class ResumedObject:
    """The bytes of an object, which must stay the same meanwhile. A context manager.

    raises    DataFault if there is no such object
    """

    def __init__(self, artifacts: Artifacts, location: Location) -> None:
        info = artifacts.info(location)
        if info is None:
            raise DataFault(f"The object {location} does not exist any more.")
        self._artifacts, self._info = artifacts, info
        self._position = 0
        self._stream: BinaryIO | None = None

    def read(self, size: int) -> bytes:
        """Return so many bytes; fewer at the end alone.

        raises    DataFault if the object was changed; OSError, BotoCoreError if it cannot be read for good
        """
        parts, wanted = [], min(size, self._info.size - self._position)
        breaks = 0
        while wanted:
            part = b""
            try:
                part = self._open().read(wanted)
            except _BROKEN:
                if breaks == _MOST_BREAKS:
                    raise
            if not part:
                breaks += 1
                if breaks > _MOST_BREAKS:
                    raise OSError(
                        f"{self._info.location} ends after {self._position} of {self._info.size} bytes."
                    )
                self._close()
                continue
            breaks = 0
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return b"".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _open(self) -> BinaryIO:
        if self._stream is None:
            location = self._info.location
            if self._position and self._artifacts.info(location) != self._info:
                raise DataFault(f"The object {location} was changed while it was read.")
            self._stream = self._artifacts.open(location, self._position)
        return self._stream

    def _close(self) -> None:
        if self._stream is not None:
            with suppress(*_BROKEN):
                self._stream.close()
            self._stream = None

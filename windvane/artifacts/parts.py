"""A large object read a part at a time.

A store may read ahead as fast as its disk allows, whatever its reader does: the embedded one had 1.2 GB in memory for an
object of 1.5 GB, for a minute and with a third of a core if the reader went early. What nobody asked for is not read.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Protocol, cast

from windvane.artifacts.base import Location

PART_BYTES = 32 * 1024**2


class Reader(Protocol):
    """The one call of an S3 client that this needs."""

    def get_object(self, **request: Any) -> dict[str, Any]: ...


def opened_in_parts(client: Reader, location: Location, start: int) -> BinaryIO:
    """Return the bytes of an object from `start` on.

    raises    ClientError, as its first part does
    """
    return cast("BinaryIO", io.BufferedReader(_Parts(client, location, start), 1 << 18))


class _Parts(io.RawIOBase):
    def __init__(self, client: Reader, location: Location, start: int) -> None:
        self._client, self._location, self._position = client, location, start
        self._etag, self._size = "", start
        self._body = self._next()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._body.read(len(buffer)) if self._body is not None else b""
        if not found and self._position < self._size:
            self._close_body()
            self._body = self._next()
            found = self._body.read(len(buffer))
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

    def close(self) -> None:
        self._close_body()
        super().close()

    def _next(self) -> Any:
        """Return the part that begins where reading stands; the same object as before, or an error of the store."""
        last = self._position + PART_BYTES - 1
        same = {"IfMatch": self._etag} if self._etag else {}
        answer = self._client.get_object(
            Bucket=self._location.bucket,
            Key=self._location.key,
            Range=f"bytes={self._position}-{last}",
            **same,
        )
        self._etag = answer["ETag"]
        whole = answer.get("ContentRange", "").rpartition("/")[2]
        self._size = int(whole) if whole else self._position + answer["ContentLength"]
        return answer["Body"]

    def _close_body(self) -> None:
        body, self._body = getattr(self, "_body", None), None
        if body is not None:
            body.close()

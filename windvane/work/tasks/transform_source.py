"""Which objects a transform job reads, where the answer to each goes, and their text, decompressed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from windvane.artifacts.base import Artifacts, Location, parse_location
from windvane.artifacts.resumed import ResumedObject
from windvane.control.inputs import input_objects
from windvane.domain.datasource import DataSource
from windvane.errors import DataFault
from windvane.serving.csvblocks import Read

_PIECE = 1 << 18
_GZIP = 31


@dataclass(frozen=True)
class Item:
    """An object, and the end of the key that its answer gets."""

    source: Location
    output: str


def items_of(artifacts: Artifacts, source: DataSource) -> list[Item]:
    """Return what a data source stands for, in its order. Outputs are named as their inputs below the prefix; where that is
    not a folder of all of them, as below the folder that it lies in.

    raises    InvalidRequest
    """
    locations = [info.location for info in input_objects(artifacts, source)]
    base = _base(_prefix(artifacts, source), locations)
    return [Item(one, f"{one.key.removeprefix(base)}.out") for one in locations]


def _prefix(artifacts: Artifacts, source: DataSource) -> str:
    location = parse_location(source.uri)
    if source.is_manifest:
        location = parse_location(json.loads(artifacts.read(location))[0]["prefix"])
    return location.key


def _base(prefix: str, locations: Sequence[Location]) -> str:
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    if all(location.key.startswith(folder) for location in locations):
        return folder
    return prefix[: prefix.rfind("/") + 1]


@contextmanager
def opened(artifacts: Artifacts, location: Location, compression: str) -> Iterator[Read]:
    """Yield the bytes of an object, decompressed: reads so many; fewer at the end alone.

    compression    'None' or 'Gzip'
    """
    with ResumedObject(artifacts, location) as stream:
        yield _Unzipped(stream.read, location).read if compression == "Gzip" else stream.read


def chained(head: bytes, read: Read) -> Read:
    """Reads what was read already, and then the rest."""
    waiting = head

    def read_on(size: int) -> bytes:
        nonlocal waiting
        part, waiting = waiting[:size], waiting[size:]
        return part + read(size - len(part)) if len(part) < size else part

    return read_on


class _Unzipped:
    """Members of a gzip file, one after the other."""

    def __init__(self, read: Read, location: Location) -> None:
        self._read, self._location = read, location
        self._member = zlib.decompressobj(_GZIP)
        self._waiting = b""
        self._is_begun = False

    def read(self, size: int) -> bytes:
        """Return decompressed bytes, fewer only at the end.

        raises    DataFault if it is no gzip file, or ends too early
        """
        parts: list[bytes] = []
        while size:
            if not self._waiting and not self._fill():
                break
            part = self._unzip(size)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _fill(self) -> bool:
        """Fill the buffer; return False at the end."""
        self._waiting = self._read(_PIECE)
        if not self._waiting and self._is_begun:
            raise DataFault(f"ClientError: {self._location}: The gzip file is truncated.")
        return bool(self._waiting)

    def _unzip(self, size: int) -> bytes:
        self._is_begun = True
        try:
            part = self._member.decompress(self._waiting, size)
        except zlib.error as error:
            raise DataFault(
                f"ClientError: {self._location}: CompressionType is Gzip, but this is not a gzip "
                f"file: {error}."
            ) from error
        self._waiting = self._member.unconsumed_tail
        if self._member.eof:
            self._waiting = self._member.unused_data.lstrip(b"\0")
            self._member, self._is_begun = zlib.decompressobj(_GZIP), False
        return part

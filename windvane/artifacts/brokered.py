"""Artifacts of a process that has no key and no network: it asks a broker (artifacts/broker.py) over a socket that it was
given, one request at a time.

A request is one frame, whose body is empty except for ALL_TO_ALL; a file that it is about is named by its path below the task's
folder: a descriptor on its way would count against every process of the user. The answer is one frame: a header with "ok", or
with "error", the name of an error's class, and "text".
"""

from __future__ import annotations

import io
import json
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from windvane.artifacts.base import Location, ObjectInfo
from windvane.errors import AccessDenied, InvalidRequest, MemberLost
from windvane.executor.parts import pack_parts, parts_of
from windvane.process.frames import FrameBuffer, pack

ALL_TO_ALL = "all_to_all"
"""The only request with a body: a part for each of the members that do the task together."""

MOST_READ = 1 << 20
"""Bytes of one answer."""

_PIECE = 1 << 18

ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        FileNotFoundError,
        PermissionError,
        OSError,
        AccessDenied,
        InvalidRequest,
        MemberLost,
    )
}
"""What a broker may answer with; whatever else goes wrong is an OSError."""


Parts = list[bytes]
"""A part from each of the members that do a task together, by rank."""


class BrokeredArtifacts:
    """Keeps the contract within its reach; beyond it everything is refused with AccessDenied. For any thread.

    channel    of the broker; it stays its owner's
    folder     the task's own: files that come and go lie below it
    """

    def __init__(self, channel: socket.socket, folder: Path) -> None:
        self._channel, self._folder = channel, folder
        self._answers = FrameBuffer()
        self._turn = threading.Lock()

    def bucket_exists(self, bucket: str) -> bool:
        return bool(self._ask("bucket_exists", Location(bucket, ""))[0]["ok"])

    def ensure_bucket(self, bucket: str) -> None:
        """Check that a bucket exists.

        raises    PermissionError if there is no such bucket: none is made from here
        """
        if not self.bucket_exists(bucket):
            raise PermissionError(f"a task makes no buckets, and there is no '{bucket}'")

    def folders(self, prefix: Location) -> Iterator[Location]:
        """Refuse to list folders.

        raises    AccessDenied: what a task may list it lists whole
        """
        raise AccessDenied(f"a task lists no folders, and {prefix} is one")

    def of(self, account: str) -> BrokeredArtifacts:
        """Refuse to choose an account.

        raises    AccessDenied: the broker knows whose the job is
        """
        raise AccessDenied(f"a task chooses no account; {account} is not for it to name")

    def encrypted_under(self, key: str) -> BrokeredArtifacts:
        """Refuse to choose a key.

        raises    AccessDenied: the broker knows the key of the job, and takes no other
        """
        raise AccessDenied(f"a task names no key; {key} is not for it to choose")

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        handle = self._ask("list", prefix)[0]["ok"]
        while True:
            header, body = self._ask("page", handle=handle)
            for key, size, etag in json.loads(body):
                yield ObjectInfo(Location(prefix.bucket, key), size, etag)
            if not header["ok"]:
                return

    def info(self, location: Location) -> ObjectInfo | None:
        found = self._ask("info", location)[0]["ok"]
        return None if found is None else ObjectInfo(location, found["size"], found["etag"])

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        handle = self._ask("open", location, start=start)[0]["ok"]
        return cast("BinaryIO", io.BufferedReader(_Stream(self, handle), MOST_READ))

    def read(self, location: Location) -> bytes:
        with self.open(location) as stream:
            return stream.read()

    def write(self, location: Location, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:
            file.write(data)
            file.flush()
            self._ask("write", location, file=Path(file.name))

    def upload(self, location: Location, path: Path) -> None:
        self._ask("upload", location, file=path)

    def download(self, location: Location, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(b"")
            self._ask("download", location, file=part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def delete(self, location: Location) -> None:
        self._ask("delete", location)

    def read_on(self, handle: int, size: int) -> bytes:
        """Return some more bytes of an open object; none at its end."""
        return self._ask("read", handle=handle, size=min(size, MOST_READ))[1]

    def close(self, handle: int) -> None:
        """Let go of an open object."""
        self._ask("close", handle=handle)

    def all_to_all(self, parts: Sequence[bytes]) -> Parts:
        """Give each of the members that do the task together its part, by rank, and return what each has given to this one.

        raises    MemberLost if one of them is gone
        """
        with self._turn:
            self._channel.sendall(pack_parts({"do": ALL_TO_ALL}, parts))
            frame = self._answer()
        _check(frame[0])
        return parts_of(frame, len(parts))

    def _ask(
        self,
        what: str,
        location: Location | None = None,
        *,
        file: Path | None = None,
        **numbers: int,
    ) -> tuple[dict[str, Any], bytes]:
        asked: dict[str, Any] = {"do": what, **numbers}
        if location is not None:
            asked |= {"bucket": location.bucket, "key": location.key}
        if file is not None:
            asked["file"] = str(file.relative_to(self._folder))
        with self._turn:
            self._channel.sendall(pack(asked))
            header, body = self._answer()
        _check(header)
        return header, body

    def _answer(self) -> tuple[dict[str, Any], bytes]:
        while (frame := self._answers.next_frame()) is None:
            received = self._channel.recv(_PIECE)
            if not received:
                raise OSError("The broker of artefacts is gone.")
            self._answers.feed(received)
        return frame


def _check(header: dict[str, Any]) -> None:
    """Raise what a broker answers if it could not do what was asked."""
    if (error := header.get("error")) is not None:
        raise ERRORS.get(error, OSError)(header["text"])


class _Stream(io.RawIOBase):
    def __init__(self, artifacts: BrokeredArtifacts, handle: int) -> None:
        self._artifacts, self._handle = artifacts, handle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._artifacts.read_on(self._handle, len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._artifacts.close(self._handle)

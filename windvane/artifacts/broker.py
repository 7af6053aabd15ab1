"""The broker of artefacts: does what one task asks for, within its reach, with the rights of the server.

The process at the other end may be anybody's by now. What it asks is checked before anything is done; a request that
is none ends the connection.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from windvane.artifacts.base import MAX_KEY_BYTES, Artifacts, Location, ObjectInfo
from windvane.artifacts.brokered import ALL_TO_ALL, ERRORS, MOST_READ
from windvane.artifacts.reach import Reach
from windvane.errors import AccessDenied, CallerFault, InvalidRequest, MemberLost
from windvane.executor.parts import Communicator, pack_parts, parts_of
from windvane.process.beneath import is_hollow, open_beneath
from windvane.process.frames import MAX_BODY, BadFrame, Frame, FrameBuffer, pack

_LOG = logging.getLogger(__name__)

_MOST_OPEN = 64

_MOST_ASKED = 8 * MAX_KEY_BYTES * 6
"""Of a request: a key whose every character is escaped, the path of a file, and the rest."""

_MOST_ASKED_VALUES = 5000
"""Of a request, commas and brackets of its key included."""

_MOST_WRITTEN = 1 << 28
"""Bytes of an object that is written at once; larger ones are uploaded."""

_LEAST_CHARGED = 1 << 16
"""Bytes that an object counts as at least, of what an attempt may leave for other tasks."""

_PAGE = 1000
_MOST_TEXT = 4000

_Answer = tuple[Any, bytes]


@dataclass(frozen=True)
class _Listing:
    """Objects below a prefix that are still to be told."""

    prefix: Location
    rest: Iterator[ObjectInfo]

    def close(self) -> None:
        close = getattr(self.rest, "close", None)
        if close is not None:
            close()


class Broker:
    """Reads and writes objects for one task, in one thread, until the other end is closed.

    channel    closed at the end
    artifacts     those of the server, as the job's account's
    folder        the task's own: files that requests are about lie below it
    exchange      artifacts of the server, for where tasks of the job exchange data; None if the reach has no such place
    communicator  of this member of several that do the task together; None if it is done by one process
    """

    def __init__(
        self,
        channel: socket.socket,
        artifacts: Artifacts,
        reach: Reach,
        folder: Path,
        exchange: Artifacts | None = None,
        communicator: Communicator | None = None,
    ) -> None:
        self._channel, self._artifacts, self._reach = channel, artifacts, reach
        self._folder, self._exchange = folder, exchange
        self._left = 0 if reach.exchange is None else reach.exchange.most_bytes
        self._communicator = communicator
        most_body = 0 if communicator is None else MAX_BODY
        self._requests = FrameBuffer(_MOST_ASKED, most_body, _MOST_ASKED_VALUES)
        self._open: dict[int, BinaryIO | _Listing] = {}
        self._opened = 0
        self._do: dict[str, Callable[[dict[str, Any]], _Answer]] = {
            "bucket_exists": self._bucket_exists,
            "list": self._list,
            "page": self._page,
            "info": self._info,
            "open": self._start,
            "read": self._read,
            "close": self._close,
            "download": self._download,
            "write": self._write,
            "upload": self._upload,
            "delete": self._delete,
        }

    def serve(self) -> None:
        """Answer until there is nobody to answer to."""
        try:
            with self._channel, suppress(ConnectionError):
                while self._receive():
                    while (request := self._requests.next_frame()) is not None:
                        self._channel.sendall(self._answered(request))
        except BadFrame as error:
            _LOG.warning("A task did not keep to the broker's protocol: %s", error)
        finally:
            for handle in list(self._open):
                self._let_go(handle)

    def end(self) -> None:
        """End it though the other end may be held open. From any thread."""
        with suppress(OSError):  # it has ended by itself
            self._channel.shutdown(socket.SHUT_RDWR)

    def _receive(self) -> bool:
        data = self._channel.recv(1 << 16)
        if data:
            self._requests.feed(data)
        return bool(data)

    def _answered(self, request: Frame) -> bytes:
        """Answer one request of the task.

        raises    BadFrame
        """
        asked = request[0]
        if asked.get("do") == ALL_TO_ALL and self._communicator is not None:
            return self._from_all(self._communicator, request)
        do = self._do.get(str(asked.get("do")))
        if do is None:
            raise BadFrame("A request asks for nothing that is known.")
        try:
            ok, body = do(asked)
        except BadFrame:
            raise
        except Exception as error:  # noqa: BLE001 - the end of a request: whoever asked is told
            return pack(_error_answer(error))
        return pack({"ok": ok}, body)

    def _from_all(self, communicator: Communicator, request: Frame) -> bytes:
        """Give the other members their parts, and return theirs.

        raises    BadFrame
        """
        parts = parts_of(request, communicator.size)
        try:
            return pack_parts({"ok": True}, communicator.all_to_all(parts))
        except MemberLost as error:
            return pack(_error_answer(error))

    def _bucket_exists(self, asked: dict[str, Any]) -> _Answer:
        bucket = _location(asked).bucket
        if not self._reach.may_ask_for(bucket):
            raise _beyond(bucket)
        return self._artifacts.bucket_exists(bucket), b""

    def _list(self, asked: dict[str, Any]) -> _Answer:
        prefix = _location(asked)
        if not self._reach.may_list(prefix):
            raise _beyond(prefix)
        return self._keep(lambda: _Listing(prefix, iter(self._at(prefix).list(prefix)))), b""

    def _page(self, asked: dict[str, Any]) -> _Answer:
        """Return some of the objects of an open listing, and whether there may be more. A store pages on by the
        bucket's name, and the bucket may be another account's by now: it is asked for each page, before it is read and
        before it is told.
        """
        handle = asked.get("handle")
        listing = self._open.get(handle) if isinstance(handle, int) else None
        if not isinstance(handle, int) or not isinstance(listing, _Listing):
            raise BadFrame("A page is asked of what is no listing.")
        self._check_listing(handle, listing)
        page = [(one.location.key, one.size, one.etag) for one in islice(listing.rest, _PAGE)]
        self._check_listing(handle, listing)
        if len(page) < _PAGE:
            self._let_go(handle)
        return len(page) == _PAGE, json.dumps(page).encode()

    def _check_listing(self, handle: int, listing: _Listing) -> None:
        """Ask again whether the listing may go on; close it if not.

        raises    AccessDenied
        """
        if not self._reach.may_list(listing.prefix):
            self._let_go(handle)
            raise _beyond(listing.prefix)

    def _info(self, asked: dict[str, Any]) -> _Answer:
        location = self._readable(asked)
        found = self._at(location).info(location)
        return (None if found is None else {"size": found.size, "etag": found.etag}), b""

    def _start(self, asked: dict[str, Any]) -> _Answer:
        start = asked.get("start")
        if not isinstance(start, int) or start < 0:
            raise BadFrame("An object is opened at no place.")
        location = self._readable(asked)
        return self._keep(lambda: self._at(location).open(location, start)), b""

    def _read(self, asked: dict[str, Any]) -> _Answer:
        handle, size = asked.get("handle"), asked.get("size")
        stream = self._open.get(handle) if isinstance(handle, int) else None
        if stream is None or isinstance(stream, _Listing):
            raise BadFrame("Bytes are asked of what is no open object.")
        if not isinstance(size, int) or not 0 <= size <= MOST_READ:
            raise BadFrame("More bytes are asked for than are sent at once.")
        return True, stream.read(size)

    def _close(self, asked: dict[str, Any]) -> _Answer:
        handle = asked.get("handle")
        if isinstance(handle, int):
            self._let_go(handle)
        return True, b""

    def _download(self, asked: dict[str, Any]) -> _Answer:
        """Into a file that is there."""
        location = self._readable(asked)
        descriptor = self._file(asked, os.O_WRONLY)
        with os.fdopen(descriptor, "wb") as target, self._at(location).open(location) as stream:
            while chunk := stream.read(MOST_READ):
                target.write(chunk)
        return True, b""

    def _write(self, asked: dict[str, Any]) -> _Answer:
        location = self._writable(asked)
        with os.fdopen(self._file(asked, os.O_RDONLY), "rb") as file:
            data = file.read(_MOST_WRITTEN + 1)
        if len(data) > _MOST_WRITTEN:
            raise BadFrame("More bytes are to be written than are written at once.")
        self._charge(location, len(data))
        self._at(location).write(location, data)
        return True, b""

    def _upload(self, asked: dict[str, Any]) -> _Answer:
        location = self._writable(asked)
        descriptor = self._file(asked, os.O_RDONLY)
        size = os.fstat(descriptor).st_size
        try:
            self._charge(location, size)
            self._at(location).upload(location, Path(f"/proc/self/fd/{descriptor}"))
            if (grown := os.fstat(descriptor).st_size - size) > 0:
                self._charge(location, grown)
        finally:
            os.close(descriptor)
        return True, b""

    def _delete(self, asked: dict[str, Any]) -> _Answer:
        location = self._writable(asked)
        self._at(location).delete(location)
        return True, b""

    def _at(self, location: Location) -> Artifacts:
        """Return the artifacts in which a place is: what tasks exchange is in a bucket that no account has."""
        if self._exchange is not None and self._reach.is_exchanged(location):
            return self._exchange
        return self._artifacts

    def _charge(self, location: Location, n_bytes: int) -> None:
        """Deduct the bytes of a write from what the attempt may still leave for other tasks.

        raises    AccessDenied if this attempt has left more for other tasks than it may
        """
        if not self._reach.is_exchanged(location):
            return
        self._left -= max(n_bytes, _LEAST_CHARGED)
        if self._left < 0:
            raise AccessDenied("The task has left more data for other tasks than any of ours does.")

    def _readable(self, asked: dict[str, Any]) -> Location:
        location = _location(asked)
        if not self._reach.may_read(location):
            raise _beyond(location)
        return location

    def _writable(self, asked: dict[str, Any]) -> Location:
        location = _location(asked)
        if not self._reach.may_write(location):
            raise AccessDenied(
                f"{location} is not below the output of this job, or its role may not write it."
            )
        return location

    def _file(self, asked: dict[str, Any], flags: int) -> int:
        """Return the regular file that a request names; the caller closes it. One that has a second name may be
        somebody else's; one that is all hole would be uploaded for hours, long after its task has ended.

        raises    BadFrame if the request names none; OSError if there is none
        """
        path = asked.get("file")
        if not isinstance(path, str):
            raise BadFrame("A request lacks the file that it is about.")
        descriptor = open_beneath(self._folder, path, flags)
        if os.fstat(descriptor).st_nlink != 1 or is_hollow(descriptor):
            os.close(descriptor)
            raise FileNotFoundError(f"{path} has another name, or is one hole")
        return descriptor

    def _keep(self, begin: Callable[[], BinaryIO | _Listing]) -> int:
        if len(self._open) >= _MOST_OPEN:
            raise BadFrame(f"More than {_MOST_OPEN} objects and listings are open.")
        self._opened += 1
        self._open[self._opened] = begin()
        return self._opened

    def _let_go(self, handle: int) -> None:
        found = self._open.pop(handle, None)
        if found is not None:
            with suppress(Exception):  # an object that cannot be closed is gone already
                found.close()


def _location(asked: dict[str, Any]) -> Location:
    bucket, key = asked.get("bucket"), asked.get("key")
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise BadFrame("A request names no place.")
    return Location(bucket, key)


def _beyond(place: Location | str) -> AccessDenied:
    return AccessDenied(f"{place} is not of this job: neither its input nor below its output.")


def _error_answer(error: Exception) -> dict[str, str]:
    if isinstance(error, CallerFault) and not isinstance(error, AccessDenied | InvalidRequest):
        error = AccessDenied(str(error))  # of a key: it is disabled, missing or to be deleted
    kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in ERRORS), "")
    if not kind:
        _LOG.warning("The broker of artefacts could not do what was asked: %r", error)
    text = str(error) if kind else f"{type(error).__name__}: {error}"
    if isinstance(error, BotoCoreError | ClientError):
        text = f"The S3 store does not do what is asked of it, or is not there: {error}"
    return {"error": kind or "OSError", "text": text[:_MOST_TEXT]}

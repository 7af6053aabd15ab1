"""A look at a table before a job is started on it: permissions here, its data in a process of its own."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from windvane.artifacts.base import Artifacts, Location, ObjectInfo
from windvane.control.inputs import readable_objects
from windvane.control.preview_process import USUAL, Bounds, look
from windvane.control.roles import Roles
from windvane.domain.datasource import DataSource
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import InvalidRequest, NoObjects, Throttled
from windvane.process.beneath import remove_beneath
from windvane.process.sandbox import Sandbox
from windvane.wire.call import Caller

_LOG = logging.getLogger(__name__)

AT_ONCE = 2
"""Of different accounts: whoever looks at a table that takes long keeps nobody else waiting."""

_WAIT_S = 30.0
_MOST_OBJECTS = 1000
_TOO_MANY = "Too many previews are being made. Try again in a moment."


@dataclass(frozen=True)
class PreviewView:
    """The preview of a table.

    seen               as dataclasses.asdict of engine.preview.records.SeenTable
    shown              the object that was looked at: the first of those that the URI stands for
    n_objects          of them, counted up to a bound; n_bytes of those counted
    """

    seen: Mapping[str, Any]
    shown: ObjectInfo
    n_objects: int
    n_bytes: int
    has_more_objects: bool


class Previews:
    """The operation on previews."""

    def __init__(
        self,
        artifacts: Artifacts,
        roles: Roles,
        bounds: Bounds = USUAL,
        sandbox: Sandbox | None = None,
    ) -> None:
        """Read previews in processes of their own.

        sandbox    confines the processes; None leaves them as they are
        """
        self._artifacts = artifacts
        self._sandbox = sandbox
        self._roles = roles
        self._bounds = bounds
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._turn_of: dict[str, threading.Lock] = {}

    def preview(
        self,
        caller: Caller,
        role_arn: str,
        source: DataSource,
        asked: PreviewRequest,
    ) -> PreviewView:
        """Return what is seen of the beginning of a table.

        role_arn   whose permissions hold; "" for those of the caller
        asked      its name and its size are filled in

        raises     AccessDenied if the caller may not pass the role; InvalidRequest if the role may not read it, nothing
                   is there, or it is no table; Throttled
        """
        grant = self._roles.passed(caller, role_arn) if role_arn else self._roles.of_caller(caller)
        artifacts = self._artifacts.of(caller.account)  # the turn may be long in coming
        objects = list(islice(readable_objects(artifacts, grant, source), _MOST_OBJECTS + 1))
        if not objects:
            raise NoObjects(f'No S3 objects found under S3 URL "{source.uri}".')
        counted = objects[:_MOST_OBJECTS]
        first = next((info for info in counted if info.size), counted[0])
        asked = replace(asked, name=str(first.location), n_bytes=first.size)
        with self._turn(caller.account):
            seen = self._look(artifacts, first, asked)
        return PreviewView(
            seen,
            first,
            len(counted),
            sum(info.size for info in counted),
            len(objects) > len(counted),
        )

    def _look(
        self, artifacts: Artifacts, info: ObjectInfo, asked: PreviewRequest
    ) -> Mapping[str, Any]:
        try:
            with (
                tempfile.TemporaryDirectory(prefix="windvane-preview-") as scratch,
                closing(_Bytes(artifacts, info.location)) as data,
            ):
                try:
                    return look(asked, Path(scratch), data, self._bounds, self._sandbox)
                finally:
                    remove_beneath(Path(scratch))  # however deep it goes by now
        except FileNotFoundError as error:
            raise InvalidRequest(
                f"The object {info.location} was deleted while it was read."
            ) from error

    @contextmanager
    def _turn(self, account: str) -> Iterator[None]:
        """Wait for one of the turns in which previews are made.

        raises    Throttled if it does not come soon
        """
        until = time.monotonic() + _WAIT_S
        own = self._turn_of.setdefault(account, threading.Lock())
        if not own.acquire(timeout=_WAIT_S):
            raise Throttled(_TOO_MANY)
        try:
            if not self._turns.acquire(timeout=max(0.0, until - time.monotonic())):
                raise Throttled(_TOO_MANY)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            own.release()


class _Bytes:
    """An object read here and there; a stream is kept open for whoever reads on."""

    def __init__(self, artifacts: Artifacts, location: Location) -> None:
        self._artifacts, self._location = artifacts, location
        self._stream: BinaryIO | None = None
        self._at = 0

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def read(self, start: int, length: int) -> bytes:
        """Read bytes of the object; it is opened once if they follow each other.

        raises    FileNotFoundError if it was deleted meanwhile
        """
        if self._stream is None or self._at != start:
            self.close()
            self._stream = self._artifacts.open(self._location, start)
        data = b"".join(_parts(self._stream, length))
        self._at = start + len(data)
        return data


def _parts(stream: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (part := stream.read(length)):
        length -= len(part)
        yield part

"""A look at a table before a job is started on it: permissions here, its data in a process of its own."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from windvane.artifacts.base import Artifacts, Location, ObjectInfo, parse_location
from windvane.control.inputs import input_objects
from windvane.control.roles import Action, Grant, Roles
from windvane.engine.preview.asked import Asked
from windvane.errors import InvalidRequest, Throttled
from windvane.process import leash
from windvane.wire.call import Caller

_LOG = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "windvane.engine.preview.process")
AT_ONCE = 2
_WAIT_S = 30.0
_MOST_OBJECTS = 1000
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve a gigabyte that would count as used
}


@dataclass(frozen=True)
class Bounds:
    """Of the process that makes a preview."""

    time_s: float = 60.0
    memory_mb: int = 1024


@dataclass(frozen=True)
class PreviewView:
    """seen               as dataclasses.asdict of engine.preview.asked.SeenTable
    shown              the object that was looked at: the first of those that the URI stands for
    n_objects          of them, counted up to a bound; n_bytes of those counted
    """

    seen: Mapping[str, Any]
    shown: ObjectInfo
    n_objects: int
    n_bytes: int
    has_more_objects: bool


class Previews:
    """What the operation on previews means."""

    def __init__(self, artifacts: Artifacts, roles: Roles, bounds: Bounds = Bounds()) -> None:
        self._artifacts = artifacts
        self._roles = roles
        self._bounds = bounds
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def preview(
        self,
        caller: Caller,
        role_arn: str,
        source: Mapping[str, Any],
        asked: Asked,
    ) -> PreviewView:
        """role_arn   whose permissions hold; "" for those of the caller
        source     an S3DataSource
        asked      its name and its size are filled in

        raises     AccessDenied if the caller may not pass the role; InvalidRequest if the role may not read it, nothing
                   is there, or it is no table; Throttled
        """
        grant = self._roles.passed(caller, role_arn) if role_arn else self._roles.of_caller(caller)
        _check_readable(grant, parse_location(source["S3Uri"]))
        objects = list(islice(input_objects(self._artifacts, source), _MOST_OBJECTS + 1))
        if not objects:
            raise InvalidRequest(f'No S3 objects found under S3 URL "{source["S3Uri"]}".')
        for bucket in sorted({info.location.bucket for info in objects}):
            grant.require(Action.GET, bucket)
        counted = objects[:_MOST_OBJECTS]
        first = next((info for info in counted if info.size), counted[0])
        seen = self._look(first, replace(asked, name=str(first.location), n_bytes=first.size))
        return PreviewView(
            seen,
            first,
            len(counted),
            sum(info.size for info in counted),
            len(objects) > len(counted),
        )

    def _look(self, info: ObjectInfo, asked: Asked) -> Mapping[str, Any]:
        if not self._turns.acquire(timeout=_WAIT_S):
            raise Throttled("Too many previews are being made. Try again in a moment.")
        try:
            with (
                tempfile.TemporaryDirectory(prefix="windvane-preview-") as scratch,
                closing(_Bytes(self._artifacts, info.location)) as data,
            ):
                return _run(asked, Path(scratch), data, self._bounds)
        except FileNotFoundError as error:
            raise InvalidRequest(
                f"The object {info.location} was deleted while it was read."
            ) from error
        finally:
            self._turns.release()


def _check_readable(grant: Grant, location: Location) -> None:
    grant.require(Action.LIST, location.bucket)
    grant.require(Action.GET, location.bucket)


class Readable(Protocol):
    def read(self, start: int, length: int) -> bytes: ...


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
        """raises    FileNotFoundError if it was deleted meanwhile"""
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


def _run(asked: Asked, scratch: Path, data: Readable, bounds: Bounds) -> Mapping[str, Any]:
    """raises    InvalidRequest with what the process found at fault, or if it had to be ended"""
    with (scratch / "log").open("wb") as log:
        child = subprocess.Popen(
            leash.command(PROGRAM),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **_ENVIRONMENT},
        )
    overdue = threading.Timer(bounds.time_s, _kill, [child])
    overdue.start()
    try:
        told = {"asked": asdict(asked), "scratch": str(scratch), "memory_mb": bounds.memory_mb}
        last = _serve(child, told, data)
    finally:
        is_overdue = not overdue.is_alive()
        overdue.cancel()
        _kill(child)
        child.communicate()
    if "seen" in last:
        seen: Mapping[str, Any] = last["seen"]
        return seen
    if "fault" in last:
        raise InvalidRequest(last["fault"])
    if not is_overdue:
        _LOG.error("A preview failed: %s", (scratch / "log").read_text(errors="replace")[-4000:])
    why = f"it took more than {bounds.time_s:g} seconds" if is_overdue else "its process broke off"
    raise InvalidRequest(
        f"There is no preview of {asked.name}: {why}. A job can use it nevertheless."
    )


def _serve(child: subprocess.Popen[bytes], told: dict[str, Any], data: Readable) -> dict[str, Any]:
    """The last thing the process says; it gets the bytes that it asks for before."""
    pipes = child.stdin, child.stdout
    if pipes[0] is None or pipes[1] is None:
        raise AssertionError("The process was started without pipes.")
    last: dict[str, Any] = {}
    with suppress(BrokenPipeError):
        _send(pipes[0], json.dumps(told).encode() + b"\n")
        for line in pipes[1]:
            last = json.loads(line)
            if "read" in last:
                found = data.read(*last["read"])
                _send(pipes[0], f"{len(found)}\n".encode() + found)
    return last


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(data)
    pipe.flush()


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    # Just started, it leads no group yet.
    child.kill()

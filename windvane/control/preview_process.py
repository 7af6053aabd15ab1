"""The process that makes a preview (engine/preview/process.py), as its parent sees it.

It holds foreign data: nothing that it says is believed, and what it may ask for is bounded here.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from windvane.engine.preview.process import MOST_BYTES
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import InvalidRequest
from windvane.jsonsize import count_values
from windvane.process import parent_death
from windvane.process.confinement import clean_environment
from windvane.process.memory import MARGIN, ended_above
from windvane.process.ownership import give
from windvane.process.sandbox import Limits, Sandbox
from windvane.process.standard_error import shown

_LOG = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "windvane.engine.preview.process")
_MOST_SAID = 1 << 25
"""Bytes that it says in all: each line of them stops whoever else needs the interpreter while it is read."""

_MOST_VALUES = 1_000_000
"""Of a line, those of its texts included: 20 cells of 10,000 columns, and as much again about each column."""

_MOST_LINES = 1000
"""Of those that ask for nothing: it has one to say."""

_OWN_MB = 256
"""Of the process itself, before it has data."""

_MOST_FAULT = 2000
_LIMITS = Limits(max_processes=64, max_file_bytes=1 << 30, max_open_files=256)
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve a gigabyte that would count as used
}


@dataclass(frozen=True)
class Bounds:
    """Limits of the process that makes a preview."""

    time_s: float = 60.0
    memory_mb: int = 1024


USUAL = Bounds()


class Readable(Protocol):
    def read(self, start: int, length: int) -> bytes: ...


def look(
    asked: PreviewRequest, scratch: Path, data: Readable, bounds: Bounds, sandbox: Sandbox | None
) -> Mapping[str, Any]:
    """Return what engine.preview.records.SeenTable tells of a table.

    scratch    an empty folder, for the process
    raises     InvalidRequest with what the process found at fault, or if it had to be ended
    """
    told = {"asked": asdict(asked), "scratch": str(scratch), "memory_mb": bounds.memory_mb}
    if sandbox is not None:
        owner = str(scratch)
        give(scratch, sandbox.user_of(owner))
        told["confinement"] = sandbox.confinement(owner, (), (scratch,), _LIMITS).to_dict()
    with tempfile.TemporaryFile() as log:
        last, is_overdue = _run(told, log, data, bounds)
        if isinstance(seen := last.get("seen"), dict):
            return seen
        if "fault" in last:
            raise InvalidRequest(str(last["fault"])[:_MOST_FAULT])
        if not is_overdue:
            log.seek(0)
            _LOG.error("A preview failed:\n%s", shown(log.read(1 << 20)[-4000:]))
    why = f"it took more than {bounds.time_s:g} seconds" if is_overdue else "its process broke off"
    raise InvalidRequest(
        f"There is no preview of {asked.name}: {why}. A job can use it nevertheless."
    )


def _run(
    told: dict[str, Any], log: IO[bytes], data: Readable, bounds: Bounds
) -> tuple[dict[str, Any], bool]:
    """Return the last thing the process says, and whether its time was over."""
    child = subprocess.Popen(
        parent_death.command(PROGRAM),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=clean_environment(os.environ, _ENVIRONMENT),
    )
    overdue = threading.Timer(bounds.time_s, _kill, [child])
    overdue.start()
    try:
        with ended_above(child.pid, MARGIN * bounds.memory_mb + _OWN_MB):
            last = _serve(child, told, data, told["asked"]["n_bytes"])
    finally:
        is_overdue = not overdue.is_alive()
        overdue.cancel()
        _kill(child)
        child.communicate()
    return last, is_overdue


def _serve(
    child: subprocess.Popen[bytes], told: dict[str, Any], data: Readable, size: int
) -> dict[str, Any]:
    """Return the last thing the process says; it gets the bytes that it asks for before.

    size    of the object
    """
    pipes = child.stdin, child.stdout
    if pipes[0] is None or pipes[1] is None:
        raise AssertionError("The process was started without pipes.")
    last: dict[str, Any] = {}
    left, left_to_say, lines_left = MOST_BYTES, _MOST_SAID, _MOST_LINES
    with suppress(BrokenPipeError):
        _send(pipes[0], json.dumps(told).encode() + b"\n")
        while left_to_say > 0 and lines_left and (line := pipes[1].readline(left_to_say)):
            left_to_say -= len(line)
            last = _said(line)
            if "read" not in last:
                lines_left -= 1
                continue
            start, length = _range(last["read"], size)
            left -= length
            if length <= 0 or left < 0:
                return {}
            found = data.read(start, length)
            _send(pipes[0], f"{len(found)}\n".encode() + found)
    return last


def _said(line: bytes) -> dict[str, Any]:
    if count_values(line) > _MOST_VALUES:
        return {}
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _range(asked: Any, size: int) -> tuple[int, int]:
    """Return what is to be read; of no length if that is no part of the object."""
    if not isinstance(asked, list) or len(asked) != 2 or not all(type(n) is int for n in asked):
        return 0, 0
    start, length = asked
    return (start, length) if start >= 0 and 0 < length <= size - start else (0, 0)


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(data)
    pipe.flush()


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    # Just started, it leads no group yet.
    child.kill()

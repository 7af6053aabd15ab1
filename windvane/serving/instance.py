"""One model process: loads a model, then answers one request at a time on a socket it was given.

    python -m windvane.serving.instance --channel FD --spec FILE

The spec is JSON: {"containers": [{"environment": {...}, "folder": "..."}], "memory_mb": N}; a container may have a
"name". A "confinement" (process/confinement.py) is put on before anything of the model is read. The first frame sent says {"ready": true} or {"failed": "why"}; then each request frame gets one answer frame,
in order. A request whose header is {"describe": true} is answered with what the model takes and gives, as JSON. One whose header has a
"traceparent" is answered with "times", when it was begun and ended, in nanoseconds since 1970.
Exits when the other end of the socket is closed.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import resource
import socket
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from windvane.engine.packages.package import load_predictor
from windvane.errors import AcceptRefused, ContentTypeRefused, InvalidRequest, WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.notes.sentences import sentence
from windvane.process.confinement import confine, confinement_from
from windvane.process.frames import Frame, FrameBuffer, pack
from windvane.process.linux import forbids_callbacks
from windvane.process.log_lines import log_to
from windvane.serving.content_types import (
    DESCRIBE,
    JSON,
    MOST_ANSWER_BYTES,
    MOST_MESSAGE,
    TIMES,
    TRACEPARENT,
    too_large,
)
from windvane.serving.model import Load, LocalContainer
from windvane.serving.served import Served, load_served
from windvane.tracing.context import read_traceparent, within

_LOG = logging.getLogger("windvane.serving.instance")

_PIECE = 1 << 16
_LOAD_FAILED = 3

_STATUS: tuple[tuple[type[WindvaneError], int], ...] = (
    (AcceptRefused, 406),
    (ContentTypeRefused, 415),
    (InvalidRequest, 400),
)
"""HTTP status of a request that is at fault; the first that fits."""


def run(channel: socket.socket, spec: dict[str, Any], load: Load = load_predictor) -> int:
    """Return the life of a model process; returns its exit code."""
    cap_memory(spec)
    try:
        model = load_served(containers_of(spec), load)
    except WindvaneError as error:
        channel.sendall(pack({"failed": str(error)[:MOST_MESSAGE]}))
        return _LOAD_FAILED
    except MemoryError:
        channel.sendall(pack({"failed": _why_no_memory(spec)}))
        return _LOAD_FAILED
    gc.collect()
    gc.freeze()
    channel.sendall(pack({"ready": True}))
    _answer_all(channel, model)
    return 0


def _why_no_memory(spec: dict[str, Any]) -> str:
    """Return why a model could not be loaded that raised MemoryError."""
    if forbids_callbacks():
        return sentence(Note(NoteCode.CALLBACKS_FORBIDDEN))
    return f"It needs more than {spec['memory_mb']} MB of memory."


def confine_as(spec: dict[str, Any], *keep: int) -> None:
    """Confine this process: it can do what it needs and no more, if the spec says what that is.

    keep    descriptors that stay open
    """
    if (told := spec.get("confinement")) is not None:
        confine(confinement_from(told), keep)


def cap_memory(spec: dict[str, Any]) -> None:
    """Limit the memory of this process: it can have no more than the spec allows."""
    limit = int(spec["memory_mb"]) * 1024**2
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def containers_of(spec: dict[str, Any]) -> list[LocalContainer]:
    return [
        LocalContainer(c["environment"], Path(c["folder"]), c.get("name", ""))
        for c in spec["containers"]
    ]


def _answer_all(channel: socket.socket, model: Served) -> None:
    buffer = FrameBuffer()
    while data := channel.recv(_PIECE):
        buffer.feed(data)
        while (request := buffer.next_frame()) is not None:
            channel.sendall(_answer(model, request))


def _answer(model: Served, request: Frame) -> bytes:
    traceparent = request[0].get(TRACEPARENT)
    if traceparent is None:
        return pack(*_answered(model, request))
    began_ns = time.time_ns()
    with within(read_traceparent(traceparent)):
        header, body = _answered(model, request)
    return pack({**header, TIMES: [began_ns, time.time_ns()]}, body)


def _answered(model: Served, request: Frame) -> Frame:
    header, body = request
    reads, predicts, writes = model.container_names
    try:
        if DESCRIBE in header:
            answer, media = json.dumps(model.describe()).encode(), JSON
        else:
            answer, media = model.answer(body, header["content_type"], header["accept"])
    except InvalidRequest as error:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return _fault(status, writes if isinstance(error, AcceptRefused) else reads, str(error))
    except MemoryError:
        _LOG.exception("A request needed more memory than there is.")
        return _fault(500, predicts, "The model ran out of memory; send fewer rows at once.")
    except Exception as error:  # noqa: BLE001 - the end of a request: the process must answer the next one
        _LOG.error("The model failed.\n%s", trace_of(error))
        return _fault(500, predicts, f"The model failed: {type(error).__name__}.")
    if len(answer) > MOST_ANSWER_BYTES:
        return _fault(400, writes, too_large(len(answer)))
    return {"status": 200, "content_type": media}, answer


def _fault(status: int, container: str, message: str) -> Frame:
    return {"status": status, "container": container, "message": message[:MOST_MESSAGE]}, b""


def trace_of(error: Exception) -> str:
    """Return where it happened, without the error's own text, which may hold values of the request."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__


def main(argv: Sequence[str] | None = None, load: Load = load_predictor) -> int:
    parser = argparse.ArgumentParser(prog="windvane.serving.instance")
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--spec", type=Path, required=True)
    arguments = parser.parse_args(argv)
    log_to("%(asctime)s %(levelname)s %(message)s")
    spec = json.loads(arguments.spec.read_text())
    confine_as(spec, arguments.channel)
    with socket.socket(fileno=arguments.channel) as channel:
        return run(channel, spec, load)


if __name__ == "__main__":
    raise SystemExit(main())

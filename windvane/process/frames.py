"""Frames: how the server and its processes talk over a stream socket.

A frame is two lengths (unsigned 32 bits, big-endian), a header in JSON, and a body of bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from windvane.jsonsize import count_values

_LENGTHS = struct.Struct("!II")

Frame = tuple[dict[str, Any], bytes]
"""Header and body."""

MAX_HEAD, MAX_BODY = 1 << 20, 1 << 28
"""Bytes; more is not waited for."""


class BadFrame(Exception):
    """The bytes received are no frame, or a larger one than is taken."""


def pack(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    head = json.dumps(header, separators=(",", ":")).encode()
    return _LENGTHS.pack(len(head), len(body)) + head + body


class LargeFrame(BadFrame):
    """A frame is larger than is taken."""


class FrameBuffer:
    """Bytes as they arrive, in pieces of any size, to whole frames.

    max_values    of a header; to be given where the other end may be anybody's
    """

    def __init__(
        self, max_head: int = MAX_HEAD, max_body: int = MAX_BODY, max_values: int | None = None
    ) -> None:
        self._received = bytearray()
        self._max_head, self._max_body, self._max_values = max_head, max_body, max_values

    def feed(self, data: bytes) -> None:
        self._received += data

    def next_frame(self) -> Frame | None:
        """Return the oldest frame, removed; None until it is there whole.

        raises    BadFrame
        """
        received = self._received
        if len(received) < _LENGTHS.size:
            return None
        head_size, body_size = _LENGTHS.unpack_from(received)
        if head_size > self._max_head or body_size > self._max_body:
            raise LargeFrame(f"A frame of {head_size} and {body_size} bytes is more than is taken.")
        head_end = _LENGTHS.size + head_size
        end = head_end + body_size
        if len(received) < end:
            return None
        head = bytes(received[_LENGTHS.size : head_end])
        most = self._max_values
        if most is not None and head_size > most and count_values(head) > most:
            raise BadFrame(f"The header of a frame holds more than {most} values.")
        header = _header(head)
        body = bytes(received[head_end:end])
        del received[:end]
        return header, body


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadFrame("The header of a frame is not JSON.") from error
    if not isinstance(header, dict):
        raise BadFrame("The header of a frame is no JSON object.")
    return header

"""What the members of a gang (executor/gang.py) exchange: each gives every other one a part, bytes of any length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from windvane.process.frames import BadFrame, Frame, pack


class Communicator(Protocol):
    """The connection of one member to the others. To be used by one thread, but for `close`."""

    @property
    def size(self) -> int:
        """The number of members."""

    def all_to_all(self, parts: Sequence[bytes]) -> list[bytes]:
        """Give each member its part, and return what each has given to this one; waits for all of them.

        raises    MemberLost if one of them is gone
        """

    def close(self) -> None:
        """Leave: the others then have lost a member."""


def pack_parts(header: dict[str, Any], parts: Sequence[bytes]) -> bytes:
    """Return a frame with a part for each member, or of each."""
    return pack({**header, "sizes": [len(part) for part in parts]}, b"".join(parts))


def parts_of(frame: Frame, size: int) -> list[bytes]:
    """Return the parts of a frame.

    size      how many there must be
    raises    BadFrame
    """
    sizes, body = frame[0].get("sizes"), frame[1]
    if not isinstance(sizes, list) or len(sizes) != size:
        raise BadFrame("A frame has not a part for each member.")
    if not all(type(one) is int and one >= 0 for one in sizes) or sum(sizes) != len(body):
        raise BadFrame("The parts of a frame are not as long as it says.")
    parts, start = [], 0
    for one in sizes:
        parts.append(body[start : start + one])
        start += one
    return parts

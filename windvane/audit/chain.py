"""Lines of the audit log, chained: each carries its number, the hash of the line before it, and an authentication code.

A line that is changed, taken out, put in or moved breaks the chain; who makes a new chain lacks the key. What was cut
off at the end is shown by the head, which is kept elsewhere (the store, and a file beside the log).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from windvane.errors import WindvaneError

FIRST = "0" * 64
"""What the first line of all has in place of the hash of the one before it."""


class BrokenChain(WindvaneError):
    """The audit log is not what was written; the text says where."""


@dataclass(frozen=True)
class Head:
    """The end of a chain.

    number    of the last line, 0 for none
    digest    SHA-256 of its bytes without the end of the line, in hexadecimal
    """

    number: int = 0
    digest: str = FIRST


@dataclass(frozen=True)
class Line:
    """One line that was read."""

    number: int
    previous: str
    event: dict[str, Any]
    code: str
    digest: str

    @property
    def head(self) -> Head:
        return Head(self.number, self.digest)


def write_line(event: dict[str, Any], before: Head, key: bytes) -> tuple[bytes, Head]:
    """Return the line of an event (with its end), and the head behind it."""
    number = before.number + 1
    text = _canonical(event)
    code = _code(number, before.digest, text, key)
    line = b'{"n":%d,"prev":"%b","mac":"%b","event":%b}' % (
        number,
        before.digest.encode(),
        code.encode(),
        text,
    )
    return line + b"\n", Head(number, hashlib.sha256(line).hexdigest())


def read_line(raw: bytes) -> Line:
    """Return a line as it stands there, nothing of it verified.

    raw       without the end of the line
    raises    BrokenChain if it is none
    """
    try:
        found = json.loads(raw)
        return Line(
            int(found["n"]),
            str(found["prev"]),
            dict(found["event"]),
            str(found["mac"]),
            hashlib.sha256(raw).hexdigest(),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenChain(f"A line of the audit log cannot be read: {error}.") from error


def check_line(line: Line, before: Head | None, key: bytes) -> None:
    """Compare a line with its code and with the line before it (None if that one was deleted by age).

    raises    BrokenChain
    """
    expected = _code(line.number, line.previous, _canonical(line.event), key)
    if not hmac.compare_digest(expected.encode(), line.code.encode()):
        raise BrokenChain(f"Line {line.number} of the audit log was changed.")
    if before is not None and (line.number, line.previous) != (before.number + 1, before.digest):
        raise BrokenChain(
            f"Line {line.number} of the audit log does not follow line {before.number}: lines are missing, or moved."
        )


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)


def _canonical(event: dict[str, Any]) -> bytes:
    return _ENCODER.encode(event).encode()


def _code(number: int, previous: str, text: bytes, key: bytes) -> str:
    return hmac.digest(key, b"%d %b " % (number, previous.encode()) + text, "sha256").hex()

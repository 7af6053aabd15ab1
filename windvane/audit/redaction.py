"""Parameters of a request as the audit log may hold them: no secrets, no data, and never large."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""CloudTrail's own words."""

MOST_CHARACTERS = 1024
MOST_ENTRIES = 64
MOST_DEPTH = 8
MOST_BYTES = 1 << 15
"""Of all of them together: a line of the log stays well below what is read of its end at a start."""

_SECRET = re.compile(
    r"secret|password|plaintext|ciphertext|privatekey|sessiontoken|securitytoken|webidentitytoken"
    r"|samlassertion|authorization|customerkey|^token$|^body$|^inputs?$|^row$|^label$|keymaterial",
    re.IGNORECASE,
)


def redacted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call with secrets and bodies left out, and what is long cut short."""
    if not parameters:
        return {}
    found = {cut(str(name)): _member(str(name), value, 1) for name, value in _first(parameters)}
    size = len(json.dumps(found))
    return found if size <= MOST_BYTES else {"omitted": f"({size} bytes)"}


def _member(name: str, value: Any, depth: int) -> Any:
    return HIDDEN if _SECRET.search(name) else _value(value, depth)


def _value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return cut(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    if depth >= MOST_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {
            cut(str(name)): _member(str(name), inner, depth + 1) for name, inner in _first(value)
        }
    if isinstance(value, list | tuple):
        kept = [_value(inner, depth + 1) for inner in value[:MOST_ENTRIES]]
        return [*kept, "..."] if len(value) > MOST_ENTRIES else kept
    return f"({type(value).__name__})"


def cut(text: str) -> str:
    """Return a text of at most `MOST_CHARACTERS`, and what shows that it was longer."""
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "..."


def _first(members: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(members.items())[:MOST_ENTRIES]

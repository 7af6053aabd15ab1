"""What members of requests do that are accepted, as effects.toml has it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("effects.toml")


@dataclass(frozen=True)
class Effect:
    """operation    service and name
    paths       of members; what is below one of them is meant, too
    test        of what they do; "" for those that change nothing
    why         they change nothing, as a sentence without a point; "" for the others
    """

    operation: str
    paths: tuple[str, ...]
    test: str = ""
    why: str = ""

    def covers(self, path: str) -> bool:
        return any(
            path == one or path.startswith((f"{one}.", f"{one}[", f"{one}{{")) for one in self.paths
        )


@cache
def effects() -> tuple[Effect, ...]:
    table = tomllib.loads(_FILE.read_text())
    return tuple(
        Effect(operation, tuple(entry["members"]), entry.get("test", ""), entry.get("why", ""))
        for entry in (*table["without"], *table["shown"])
        for operation in entry["operations"]
    )


def effect_of(operation: str, path: str) -> Effect | None:
    """What is known of a member; `operation` is service and name."""
    known = (one for one in effects() if one.operation == operation and one.covers(path))
    return next(known, None)

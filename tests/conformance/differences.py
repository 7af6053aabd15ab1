"""What is not as on AWS, as differences.toml has it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("differences.toml")


@dataclass(frozen=True)
class Difference:
    """test      that shows it, "" if none does
    absent    members that an answer may lack though the service model demands them: operation and name
    """

    what: str
    why: str
    test: str
    absent: tuple[tuple[str, str], ...]


@cache
def differences() -> tuple[Difference, ...]:
    return tuple(
        Difference(
            entry["what"],
            entry["why"],
            entry.get("test", ""),
            tuple(tuple(one.split()) for one in entry.get("absent", ())),
        )
        for entry in tomllib.loads(_FILE.read_text())["difference"]
    )


@cache
def may_be_absent() -> frozenset[tuple[str, str]]:
    return frozenset(one for entry in differences() for one in entry.absent)

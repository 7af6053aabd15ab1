"""What `windvane doctor` finds out about the machine and the configuration: each check with what would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    found             what is so
    remedy            what to do about it, in sentences; "" if it is as it should be
    prevents_start    whether the server refuses to start before that is done
    """

    name: str
    found: str
    remedy: str = ""
    prevents_start: bool = False


def lines_of(checks: Iterable[Check]) -> Iterator[str]:
    """Yield the checks as lines for people."""
    checks = list(checks)
    width = max(len(one.name) for one in checks)
    for one in checks:
        sign = "NO " if one.prevents_start else "!  " if one.remedy else "yes"
        yield f"  {sign}  {one.name:{width}}  {one.found}"
        if one.remedy:
            yield f"       {'':{width}}  {one.remedy}"

"""Conditions and ranges of reads.

source    RFC 9110, sections 13.2.2 and 14.2
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from windvane.wire.s3.refusals import S3Refusal, refused

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class ReadConditions:
    """The conditions of a reader on an object; None for what it does not ask."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: datetime | None = None
    if_unmodified_since: datetime | None = None

    def unmet(self, etag: str, modified: datetime) -> tuple[int, str] | None:
        """Return 304 or 412 and the condition that does not hold, None if all hold.

        etag    without quotes
        """
        modified = modified.replace(microsecond=0)
        if self.if_match is not None:
            if not names(self.if_match, etag):
                return 412, "If-Match"
        elif self.if_unmodified_since is not None and modified > self.if_unmodified_since:
            return 412, "If-Unmodified-Since"
        if self.if_none_match is not None:
            return (304, "If-None-Match") if names(self.if_none_match, etag) else None
        if self.if_modified_since is not None and modified <= self.if_modified_since:
            return 304, "If-Modified-Since"
        return None


def names(tags: str, etag: str) -> bool:
    """Return whether a list of entity tags names this one."""
    return tags.strip() == "*" or etag in {
        tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")
    }


def precondition_failed(condition: str) -> S3Refusal:
    return refused("PreconditionFailed", details={"Condition": condition})


def read_range(text: str, size: int) -> tuple[int, int, int]:
    """Return start and end of the bytes asked for, and the status; what is no range of one part asks for all.

    raises    S3Refusal for a range behind the end
    """
    match = _RANGE.fullmatch(text)
    if match is None or match.groups() == ("", ""):
        return 0, size, 200
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return 0, size, 200
    if start >= end:
        raise S3Refusal(
            "InvalidRange",
            416,
            "The requested range is not satisfiable",
            {"RangeRequested": text, "ActualObjectSize": str(size)},
            {"content-range": f"bytes */{size}"},
        )
    return start, end, 206

"""Lifecycle rules of buckets: when objects, old versions, delete markers and unfinished uploads go.

source    "Lifecycle configuration elements" in S3's user guide
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_NEVER = datetime.max.replace(tzinfo=UTC)
"""What lies behind the last year that a date can have."""


@dataclass(frozen=True)
class LifecycleFilter:
    """Which objects a rule is for: those that satisfy all of it (objects/rule_index.py compares). A delete marker has no tags
    and no size: a filter that asks for any is not for it.

    size_greater_than, size_less_than   bytes, both exclusive
    """

    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    size_greater_than: int | None = None
    size_less_than: int | None = None


@dataclass(frozen=True)
class LifecycleRule:
    """One rule; a part that is None does nothing.

    Days are counted from midnight UTC after the day on which the object was written (or became noncurrent).

    expire_days, expire_date        of the newest version; in a bucket with versions it gets a delete marker
    expire_lone_markers             delete markers of which no version is left
    noncurrent_days                 versions that have been replaced for so long, but for
    noncurrent_kept                 the newest so many of them
    abort_days                      uploads begun so long ago (by `filter.prefix` alone)
    """

    name: str
    enabled: bool
    filter: LifecycleFilter = field(default_factory=LifecycleFilter)
    expire_days: int | None = None
    expire_date: datetime | None = None
    expire_lone_markers: bool = False
    noncurrent_days: int | None = None
    noncurrent_kept: int | None = None
    abort_days: int | None = None


def days_over(since: datetime, days: int) -> datetime:
    """Return the moment at which so many days are over: a midnight, UTC, or the last moment there is.

    source    "Lifecycle rules based on an object's age" in S3's user guide: rounded up to the next day's midnight
    """
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return day + timedelta(days=days + 1)
    except OverflowError:
        return _NEVER

"""Lifecycle rules of buckets: when objects, old versions, delete markers and unfinished uploads go.

source    "Lifecycle configuration elements" in S3's user guide
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from windvane.objects.records import Version

_NEVER = datetime.max.replace(tzinfo=UTC)
"""What lies behind the last year that a date can have."""


@dataclass(frozen=True)
class LifecycleFilter:
    """Which objects a rule is for: those that satisfy all of it.

    size_greater_than, size_less_than   bytes, both exclusive
    """

    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    size_greater_than: int | None = None
    size_less_than: int | None = None

    def takes(self, version: Version) -> bool:
        """Whether the rule is for this version (of its key, tags and size; a delete marker has the key alone)."""
        if not version.key.startswith(self.prefix):
            return False
        if version.is_delete_marker:
            return not self.tags and self.size_greater_than is None and self.size_less_than is None
        tags = version.attributes.tags
        if any(tags.get(name) != value for name, value in self.tags.items()):
            return False
        if self.size_greater_than is not None and version.size <= self.size_greater_than:
            return False
        return self.size_less_than is None or version.size < self.size_less_than


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


def expiry_of(
    version: Version, rules: Iterable[LifecycleRule]
) -> tuple[datetime, LifecycleRule] | None:
    """Return when a newest version expires, and by which rule (the earliest); None if by none."""
    found = [
        (moment, rule)
        for rule in rules
        if rule.enabled and rule.filter.takes(version)
        for moment in _moments(version, rule)
    ]
    return min(found, key=lambda pair: pair[0], default=None)


def _moments(version: Version, rule: LifecycleRule) -> Iterable[datetime]:
    if rule.expire_days is not None:
        yield days_over(version.modified, rule.expire_days)
    if rule.expire_date is not None:
        yield rule.expire_date


def is_noncurrent_over(
    version: Version, since: datetime, n_newer: int, rules: Iterable[LifecycleRule], now: datetime
) -> bool:
    """Whether a version that was replaced is to go.

    since     when it was replaced
    n_newer   noncurrent versions of its key that are newer
    """
    return any(
        rule.enabled
        and rule.noncurrent_days is not None
        and rule.filter.takes(version)
        and n_newer >= (rule.noncurrent_kept or 0)
        and days_over(since, rule.noncurrent_days) <= now
        for rule in rules
    )

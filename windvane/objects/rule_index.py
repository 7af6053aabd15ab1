"""The lifecycle rules of a bucket by what they are for, so that a version is compared with few of them, however many there are."""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from windvane.objects.lifecycle import LifecycleFilter, LifecycleRule, days_over
from windvane.objects.records import Version
from windvane.objects.rows import rules_from_json

_KEPT_BYTES = 8 << 20
"""Of rules as they are stored: a thousand short ones are 250 KB."""

_Sizes = tuple[float, float]
"""Both exclusive."""

_ANY_SIZE = (-math.inf, math.inf)


@dataclass
class _Actions:
    """The joint effect of all rules of one filter.

    days, date     the least of them, the place of its rule among all, and the rule
    noncurrent     least days by how many newer versions are kept
    """

    days: tuple[int, int, LifecycleRule] | None = None
    date: tuple[datetime, int, LifecycleRule] | None = None
    removes_lone_markers: bool = False
    noncurrent: dict[int, int] = field(default_factory=dict)
    abort_days: float = math.inf

    def add(self, place: int, rule: LifecycleRule) -> None:
        if rule.expire_days is not None and (self.days is None or rule.expire_days < self.days[0]):
            self.days = rule.expire_days, place, rule
        if rule.expire_date is not None and (self.date is None or rule.expire_date < self.date[0]):
            self.date = rule.expire_date, place, rule
        self.removes_lone_markers |= rule.expire_lone_markers
        if rule.noncurrent_days is not None:
            kept = rule.noncurrent_kept or 0
            least = self.noncurrent.get(kept, rule.noncurrent_days)
            self.noncurrent[kept] = min(least, rule.noncurrent_days)
        if rule.abort_days is not None:
            self.abort_days = min(self.abort_days, rule.abort_days)


@dataclass
class _Prefix:
    """The rules for keys that begin with `text`.

    within    the longest other prefix that this one begins with
    any       of what has any tags and any size, delete markers too
    sized     by size alone
    tagged    by the first tag that is asked for: the others, sizes, and actions
    """

    text: str
    within: _Prefix | None
    any: _Actions | None = None
    sized: dict[_Sizes, _Actions] = field(default_factory=dict)
    tagged: dict[tuple[str, str], dict[tuple[frozenset[tuple[str, str]], _Sizes], _Actions]] = (
        field(default_factory=dict)
    )

    def actions(self, asked: LifecycleFilter) -> _Actions:
        """Return those of a filter, which are made the first time."""
        low, high = asked.size_greater_than, asked.size_less_than
        sizes = (-math.inf if low is None else low, math.inf if high is None else high)
        if asked.tags:
            first = min(asked.tags.items())
            rest = frozenset(asked.tags.items()) - {first}
            return self.tagged.setdefault(first, {}).setdefault((rest, sizes), _Actions())
        if sizes != _ANY_SIZE:
            return self.sized.setdefault(sizes, _Actions())
        self.any = self.any or _Actions()
        return self.any

    def for_content(self, size: int, tags: Mapping[str, str]) -> Iterator[_Actions]:
        """Yield those of filters by size or tags."""
        for (low, high), actions in self.sized.items():
            if low < size < high:
                yield actions
        for first in tags.items() if self.tagged else ():
            for (rest, (low, high)), actions in self.tagged.get(first, {}).items():
                if low < size < high and rest <= tags.items():
                    yield actions


class RuleIndex:
    """The enabled rules of a bucket."""

    def __init__(self, rules: Iterable[LifecycleRule]) -> None:
        given = [rule for rule in rules if rule.enabled]
        self._texts = sorted({rule.filter.prefix for rule in given})
        self._prefixes: list[_Prefix] = []
        within: _Prefix | None = None
        for text in self._texts:
            while within is not None and not text.startswith(within.text):
                within = within.within
            within = _Prefix(text, within)
            self._prefixes.append(within)
        by_text = dict(zip(self._texts, self._prefixes, strict=True))
        for place, rule in enumerate(given):
            by_text[rule.filter.prefix].actions(rule.filter).add(place, rule)
        self.aborts_uploads = any(rule.abort_days is not None for rule in given)

    def expiry_of(self, version: Version) -> tuple[datetime, LifecycleRule] | None:
        """Return when a newest version expires, and by which rule (the earliest); None if by none."""
        actions = list(self._for(version))
        found: list[tuple[datetime, int, LifecycleRule]] = []
        if days := min((one.days for one in actions if one.days is not None), default=None):
            found.append((days_over(version.modified, days[0]), *days[1:]))
        if date := min((one.date for one in actions if one.date is not None), default=None):
            found.append(date)
        first = min(found, default=None)
        return None if first is None else (first[0], first[2])

    def is_noncurrent_over(
        self, version: Version, since: datetime, n_newer: int, now: datetime
    ) -> bool:
        """Return whether a version that was replaced is to go.

        since     when it was replaced
        n_newer   noncurrent versions of its key that are newer
        """
        days = min(
            (
                days
                for actions in self._for(version)
                for kept, days in actions.noncurrent.items()
                if n_newer >= kept
            ),
            default=None,
        )
        return days is not None and days_over(since, days) <= now

    def removes_lone_marker(self, version: Version) -> bool:
        """Return whether a delete marker goes that is all that is left of its key."""
        return any(actions.removes_lone_markers for actions in self._for(version))

    def abort_days(self, key: str) -> int | None:
        """Return the days after which an upload of a key is aborted; None for never."""
        days = min(
            (one.any.abort_days for one in self._prefixes_of(key) if one.any is not None),
            default=math.inf,
        )
        return None if days == math.inf else int(days)

    def _for(self, version: Version) -> Iterator[_Actions]:
        """Yield the actions of all rules for a version (of its key, tags and size; a delete marker has the key alone)."""
        tags = version.attributes.tags
        for prefix in self._prefixes_of(version.key):
            if prefix.any is not None:
                yield prefix.any
            if (prefix.sized or prefix.tagged) and not version.is_delete_marker:
                yield from prefix.for_content(version.size, tags)

    def _prefixes_of(self, key: str) -> Iterator[_Prefix]:
        place = bisect_right(self._texts, key)
        prefix = self._prefixes[place - 1] if place else None
        while prefix is not None and not key.startswith(prefix.text):
            prefix = prefix.within
        while prefix is not None:
            yield prefix
            prefix = prefix.within


class KeptIndexes:
    """The indexes of buckets that were asked for last, so that not each request reads all rules of its bucket anew."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[str, RuleIndex]] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()

    def get(self, bucket: int, text: str) -> RuleIndex:
        """Return the index of a bucket's rules, made anew only if they have changed.

        text    the bucket's rules as they are stored now
        """
        with self._lock:
            known = self._kept.get(bucket)
            if known is not None and known[0] == text:
                self._kept.move_to_end(bucket)
                return known[1]
        made = RuleIndex(rules_from_json(text))
        with self._lock:
            before, _ = self._kept.pop(bucket, ("", None))
            self._kept[bucket] = text, made
            self._n_bytes += len(text) - len(before)
            while self._n_bytes > _KEPT_BYTES:
                _, (gone, _) = self._kept.popitem(last=False)
                self._n_bytes -= len(gone)
        return made

"""Requests of variants, period by period, from counts that only grow. They live in memory: after a restart they begin anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from windvane.control.scaling.deciding import PERIODS_IN, PERIODS_OUT, Point

VariantKey = tuple[str, datetime]
"""ARN of a scalable target, and when it was registered."""

_LATE = 3
"""Periods: after a longer silence nobody knows what was when."""


@dataclass(frozen=True)
class Count:
    """The number of requests that a variant had served at one moment.

    requests    since the server started, or the endpoint was created
    instances   that answer now, 1 or more
    """

    requests: int
    instances: int


K = TypeVar("K")


class Totals(Generic[K]):
    """Counts of several servers, added up from when each was first heard of. A server that is gone takes none of them with it."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, K], int] = {}
        self._totals: dict[K, int] = {}

    def of(self, counts: Mapping[str, Mapping[K, int]]) -> Mapping[K, int]:
        """Return the totals, given what each server counts now, by its id; what nobody counts any more is forgotten."""
        now = {(server, key): n for server, some in counts.items() for key, n in some.items()}
        keys = {key for _, key in now}
        totals = {key: self._totals.get(key, 0) for key in keys}
        for (server, key), n in now.items():
            totals[key] += max(0, n - self._last.get((server, key), n))
        self._last, self._totals = now, totals
        return totals


@dataclass
class _Series:
    requests: int
    since: datetime
    points: deque[Point] = field(default_factory=lambda: deque(maxlen=max(PERIODS_IN, PERIODS_OUT)))


class Measurements:
    """Belongs to the autoscaler's thread.

    period_s    how long a period is, in seconds
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._series: dict[VariantKey, _Series] = {}

    def observe(self, counts: Mapping[VariantKey, Count], at: datetime) -> set[VariantKey]:
        """Take over what is counted now, as often as one likes: a point is made once a period is over. What is not counted
        any more is forgotten. Return those of which there is a new point."""
        self._series = {key: self._continued(key, count, at) for key, count in counts.items()}
        newest = {key: series.points[-1] for key, series in self._series.items() if series.points}
        return {key for key, point in newest.items() if point.at == at}

    def points(self, key: VariantKey) -> tuple[Point, ...]:
        """Return the newest points of a variant, oldest first."""
        series = self._series.get(key)
        return () if series is None else tuple(series.points)

    def _continued(self, key: VariantKey, count: Count, at: datetime) -> _Series:
        series = self._series.get(key)
        if series is None:
            return _Series(count.requests, at)
        seconds = (at - series.since).total_seconds()
        is_broken = seconds < 0 or seconds > _LATE * self._period_s
        if is_broken or count.requests < series.requests:
            return _Series(count.requests, at)
        if seconds >= self._period_s:
            per_minute = 60 * (count.requests - series.requests) / seconds
            series.points.append(Point(at, per_minute, count.instances))
            series.requests, series.since = count.requests, at
        return series

"""Metrics of a variant as CloudWatch has them, from what tally.py has counted of its requests.

A latency is known by the bucket that it falls into: it is told as the middle of it, the true value times 2 ** (1 / 16) at
most, either way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from windvane.domain.alarms import PERCENTILE, Metric
from windvane.serving.readings import MIDDLES_S, Snapshot, added_up
from windvane.serving.tally import N_OUTCOMES, N_SLOTS, SLOT_S, Outcome

_Counts = NDArray[np.int64]
_MICROSECONDS = 1e6
_COUNTED: Mapping[Metric, tuple[Outcome, ...]] = {
    Metric.INVOCATIONS: tuple(Outcome),
    Metric.CLIENT_ERRORS: (Outcome.CLIENT_ERROR,),
    Metric.SERVER_ERRORS: (Outcome.MODEL_ERROR,),
    Metric.MODEL_ERRORS: (Outcome.CLIENT_ERROR, Outcome.MODEL_ERROR),
}
"""The outcomes for which a request counts 1 in a metric, and otherwise 0."""


@dataclass
class Capacities:
    """The numbers of instances that a variant had, by slot of ten seconds, where they were noted."""

    by_slot: dict[int, int] = field(default_factory=dict)

    def note(self, at: datetime, instances: int) -> None:
        """Keep how many there are now; what is older than the ring is forgotten."""
        slot = int(at.timestamp()) // SLOT_S
        self.by_slot[slot] = instances
        for old in [one for one in self.by_slot if one <= slot - N_SLOTS]:
            del self.by_slot[old]


@dataclass(frozen=True)
class Requests:
    """The requests of one variant over the last hour.

    first    slot of the first row
    slots    (N_SLOTS, WIDTH) counts
    since    when counting began
    """

    first: int
    slots: _Counts
    since: datetime

    def counts(self, begin: datetime, seconds: int) -> _Counts:
        """Return (WIDTH,) what was counted over a period; nothing of what lies beyond the hour."""
        row: _Counts = self._rows(begin, seconds).sum(axis=0)
        return row

    def per_instance(self, begin: datetime, seconds: int, capacities: Capacities) -> float | None:
        """Return the requests of a period, each divided by the instances that there were; None if there were none, or
        nobody knows how many instances."""
        rows = self._rows(begin, seconds)[:, :N_OUTCOMES].sum(axis=1)
        slot = int(begin.timestamp()) // SLOT_S
        total, is_any = 0.0, False
        for position, requests in enumerate(rows):
            if not requests:
                continue
            instances = capacities.by_slot.get(max(slot, self.first) + position, 0)
            if not instances:
                return None
            total, is_any = total + float(requests) / instances, True
        return total if is_any else None

    def knows(self, begin: datetime) -> bool:
        """Return whether all that began then was counted."""
        return begin >= self.since and int(begin.timestamp()) // SLOT_S >= self.first

    def _rows(self, begin: datetime, seconds: int) -> _Counts:
        slot = int(begin.timestamp()) // SLOT_S
        return self.slots[max(0, slot - self.first) : max(0, slot - self.first + seconds // SLOT_S)]


def requests_of(snapshot: Snapshot, variant: str) -> Requests:
    """Return the requests of a variant, as far as they are known."""
    slot = int(snapshot.at) // SLOT_S
    sent = snapshot.variants.get(variant)
    slots = added_up([] if sent is None else [sent], slot)
    return Requests(slot - N_SLOTS + 1, slots, datetime.fromtimestamp(snapshot.since, UTC))


def value_of(counts: _Counts, metric: Metric, statistic: str) -> float | None:
    """Return the value of a metric over what was counted; None if there was nothing to measure.

    counts       (WIDTH,)
    statistic    one that the metric has
    """
    if metric is Metric.LATENCY:
        return _latency(counts[N_OUTCOMES:], statistic)
    n = int(counts[:N_OUTCOMES].sum())
    if not n:
        return None
    counted = float(sum(int(counts[outcome]) for outcome in _COUNTED[metric]))
    return {
        "Sum": counted,
        "SampleCount": float(n),
        "Average": counted / n,
        "Minimum": float(counted == n),
        "Maximum": float(counted > 0),
    }[statistic]


def _latency(histogram: _Counts, statistic: str) -> float | None:
    n = int(histogram.sum())
    if not n:
        return None
    found = np.flatnonzero(histogram)
    if (percentile := PERCENTILE.fullmatch(statistic)) is not None:
        rank = max(1, math.ceil(float(percentile[1]) / 100 * n))
        place = int(np.searchsorted(np.cumsum(histogram), rank))
        return float(MIDDLES_S[place]) * _MICROSECONDS
    total = float(histogram @ MIDDLES_S) * _MICROSECONDS
    return {
        "Sum": total,
        "SampleCount": float(n),
        "Average": total / n,
        "Minimum": float(MIDDLES_S[found[0]]) * _MICROSECONDS,
        "Maximum": float(MIDDLES_S[found[-1]]) * _MICROSECONDS,
    }[statistic]

"""Figures of requests over time, from what tally.py has counted."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.serving.comparing import Compared, compared_from_json, together
from windvane.serving.tally import (
    BUCKETS_PER_OCTAVE,
    FIRST_OCTAVE,
    LAST,
    N_BUCKETS,
    N_OUTCOMES,
    N_SLOTS,
    SLOT_S,
    WIDTH,
    Ended,
    Outcome,
)

WINDOWS_MIN = (1, 5, 60)
POINTS = 60
"""Of a series, at most."""

_Counts = NDArray[np.int64]
MIDDLES_S = 2.0 ** (FIRST_OCTAVE + (np.arange(N_BUCKETS) + 0.5) / BUCKETS_PER_OCTAVE)
"""Of the buckets of times, in seconds."""


@dataclass(frozen=True)
class Sent:
    """The position of one variant's ring.

    counts     as Tally.counts gives them
    n_up       processes that could be asked
    n_waiting  requests that waited for one
    """

    newest: int = 0
    counts: bytes = b""
    n_up: int = 0
    n_waiting: int = 0


@dataclass(frozen=True)
class Snapshot:
    """The known figures of an endpoint's requests at a time, in seconds since the epoch.

    since      when counting began
    variants   those that the endpoint has
    gone       those that it had
    last       the newest requests, newest first
    compared   answers of its shadow variant; None if it has none
    """

    at: float
    since: float
    variants: Mapping[str, Sent]
    gone: tuple[Sent, ...]
    last: tuple[Ended, ...]
    compared: Compared | None = None


def snapshot_to_json(snapshot: Snapshot) -> str:
    """Return it as another server is told of it."""

    def told(sent: Sent) -> list[Any]:
        return [sent.newest, base64.b64encode(sent.counts).decode(), sent.n_up, sent.n_waiting]

    variants = {name: told(sent) for name, sent in snapshot.variants.items()}
    gone = [told(sent) for sent in snapshot.gone]
    compared = [] if snapshot.compared is None else [snapshot.compared.to_json()]
    return json.dumps([snapshot.at, snapshot.since, variants, gone, snapshot.last, *compared])


def snapshot_from_json(text: bytes) -> Snapshot:
    at, since, variants, gone, last, *compared = json.loads(text)

    def sent(told: list[Any]) -> Sent:
        newest, counts, n_up, n_waiting = told
        return Sent(newest, base64.b64decode(counts), n_up, n_waiting)

    return Snapshot(
        at,
        since,
        {name: sent(told) for name, told in variants.items()},
        tuple(sent(told) for told in gone),
        tuple(
            Ended(moment, variant, Outcome(outcome), *rest)
            for moment, variant, outcome, *rest in last
        ),
        compared_from_json(compared[0]) if compared else None,
    )


def merged(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return what several servers know together, each of its own requests."""
    first = snapshots[0]
    names = {name: None for snapshot in snapshots for name in snapshot.variants}
    last = sorted((one for snapshot in snapshots for one in snapshot.last), reverse=True)
    return Snapshot(
        first.at,
        min(snapshot.since for snapshot in snapshots),
        {
            name: _together([one.variants[name] for one in snapshots if name in one.variants])
            for name in names
        },
        tuple(sent for snapshot in snapshots for sent in snapshot.gone),
        tuple(last[:LAST]),
        together(snapshot.compared for snapshot in snapshots),
    )


def _together(sent: Sequence[Sent]) -> Sent:
    """Return rings added up as one, which stands where the newest of them does."""
    newest = max(one.newest for one in sent)
    counts = b""
    if newest:
        by_age = added_up(sent, newest)
        ring = np.empty((N_SLOTS, WIDTH), dtype=np.uint32)
        ring[np.arange(newest - N_SLOTS + 1, newest + 1) % N_SLOTS] = by_age
        counts = ring.tobytes()
    n_up, n_waiting = sum(one.n_up for one in sent), sum(one.n_waiting for one in sent)
    return Sent(newest, counts, n_up, n_waiting)


@dataclass(frozen=True)
class Reading:
    """The outcomes of requests in a stretch of time.

    start        seconds since the epoch
    seconds      how long it was, or has been so far
    p50 p95 p99  seconds from when a request was handed to a variant to its end, waiting included, of all but those
                 turned away: the true value times 2 ** (1 / 16) at most, either way; None if there were none
    """

    start: float
    seconds: float
    answered: int
    client_errors: int
    model_errors: int
    turned_away: int
    p50: float | None
    p95: float | None
    p99: float | None

    @property
    def requests(self) -> int:
        return self.answered + self.client_errors + self.model_errors + self.turned_away

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Readings:
    """The readings of one variant, or in all.

    windows      by their length in minutes; they end now and begin with a slot, so each is up to a slot longer
    ten_seconds  a reading for each ten seconds of the last ten minutes, oldest first, the last one unfinished
    minutes      a reading for each minute of the last hour, likewise
    """

    windows: Mapping[int, Reading]
    ten_seconds: tuple[Reading, ...]
    minutes: tuple[Reading, ...]


def read(snapshot: Snapshot, sent: Iterable[Sent]) -> Readings:
    """Return the requests of these variants together."""
    slot = int(snapshot.at) // SLOT_S
    slots = added_up(sent, slot)
    reader = _Reader(snapshot, slots, slot - N_SLOTS + 1)
    per_minute = 60 // SLOT_S
    this_minute = slot - slot % per_minute
    return Readings(
        {minutes: reader.reading(slot - minutes * per_minute, slot) for minutes in WINDOWS_MIN},
        tuple(reader.series(slot - POINTS + 1, slot, 1)),
        tuple(reader.series(this_minute - (POINTS - 1) * per_minute, slot, per_minute)),
    )


def added_up(sent: Iterable[Sent], slot: int) -> _Counts:
    """Return (N_SLOTS, WIDTH) counts, oldest slot first, `slot` last."""
    total = np.zeros((N_SLOTS, WIDTH), dtype=np.int64)
    wanted = np.arange(slot - N_SLOTS + 1, slot + 1)
    for one in sent:
        if one.counts:
            ring = np.frombuffer(one.counts, dtype=np.uint32).reshape(N_SLOTS, WIDTH)
            known = (wanted <= one.newest) & (wanted > one.newest - N_SLOTS)
            total[known] += ring[wanted[known] % N_SLOTS]
    return total


@dataclass(frozen=True)
class _Reader:
    """Sums up the counts of a stretch of time.

    first    the slot of the first row of `slots`
    """

    snapshot: Snapshot
    slots: _Counts
    first: int

    def reading(self, begin: int, last: int) -> Reading:
        """Return the reading of the slots from `begin` to `last`, both included."""
        row = self.slots[begin - self.first : last + 1 - self.first].sum(axis=0)
        start = max(float(begin * SLOT_S), self.snapshot.since)
        end = min(float((last + 1) * SLOT_S), self.snapshot.at)
        counts = [int(count) for count in row[:N_OUTCOMES]]
        return Reading(start, max(0.0, end - start), *counts, *_percentiles(row[N_OUTCOMES:]))

    def series(self, begin: int, last: int, step: int) -> Iterator[Reading]:
        """Readings of `step` slots each, without those that were over before counting began."""
        for slot in range(begin, last + 1, step):
            if (slot + step) * SLOT_S > self.snapshot.since:
                yield self.reading(slot, min(slot + step - 1, last))


def _percentiles(histogram: _Counts) -> Sequence[float | None]:
    """p50, p95 and p99: the middle of the bucket in which the request of that rank stands."""
    reached = np.cumsum(histogram)
    if not reached[-1]:
        return (None, None, None)
    ranks = np.ceil(np.array([0.5, 0.95, 0.99]) * reached[-1])
    places = np.searchsorted(reached, ranks)
    return [float(middle) for middle in MIDDLES_S[places]]

"""What becomes of an endpoint's requests, counted as they end; readings.py makes figures of it.

A variant has a ring of slots of ten seconds each. A slot holds how many requests ended in which way, and a histogram of
how long they took whose bounds grow by 2 ** (1 / 8). A ring of counts rather than of requests: it takes the same memory
and the same time to read whether one request an hour comes or a thousand a second, and counts of slots and variants add
up, which percentiles do not.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class Outcome(IntEnum):
    """The outcomes of a request that reached a variant; also its place in a slot.

    CLIENT_ERROR    the model refused it with 4xx
    MODEL_ERROR     the model failed, died with it, or did not answer in time
    TURNED_AWAY     no instance took it
    """

    ANSWERED = 0
    CLIENT_ERROR = 1
    MODEL_ERROR = 2
    TURNED_AWAY = 3


SLOT_S = 10
N_SLOTS = 361
"""An hour, and the slot that is not over yet."""

N_BUCKETS = 160
BUCKETS_PER_OCTAVE = 8
FIRST_OCTAVE = -14
"""The histogram reaches from 2 ** -14 s (61 us) to 2 ** 6 s; what is beyond is in its first or last bucket."""

N_OUTCOMES = len(Outcome)
WIDTH = N_OUTCOMES + N_BUCKETS
"""Numbers of a slot: requests by outcome, then by how long they took. Those turned away have no time."""

_SHORTEST_S = 2.0**FIRST_OCTAVE
_EMPTY = array("I", bytes(4 * WIDTH))
_STEADY_SLOTS = 6
"""A clock that goes back by no more is taken to stand still; by more, to have been wrong."""

_MOST_GONE = 10
LAST = 100


class Ended(NamedTuple):
    """One request after its end; nothing of what it said. A tuple because one is made for every request.

    at       seconds since the epoch
    status   the model's; 0 if it did not answer in time, 429 if turned away
    seconds  from when it was handed to the variant, waiting included
    """

    at: float
    variant: str
    outcome: Outcome
    status: int
    seconds: float
    bytes_in: int
    bytes_out: int


class Tally:
    """The ring of one variant. Slot s, counted from the epoch, is at s % N_SLOTS.

    newest    the slot that was written to last; 0 before the first request, until which no memory is taken
    """

    def __init__(self) -> None:
        self.newest = 0
        self._counts = array("I")
        self._base = 0

    def note(self, at: float, outcome: Outcome, seconds: float) -> None:
        slot = int(at) // SLOT_S
        if slot != self.newest:
            self._turn(slot)
        self._counts[self._base + outcome] += 1
        if outcome is not Outcome.TURNED_AWAY:
            self._counts[self._base + N_OUTCOMES + bucket(seconds)] += 1

    def counts(self) -> bytes:
        """Return (N_SLOTS, WIDTH) unsigned integers of four bytes; b"" before the first request."""
        return self._counts.tobytes()

    def _turn(self, slot: int) -> None:
        if not self._counts:
            self._counts = _EMPTY * N_SLOTS
            self.newest = slot
        ahead = slot - self.newest
        if -_STEADY_SLOTS <= ahead < 0:
            return
        first = self.newest + 1 if 0 <= ahead < N_SLOTS else slot - N_SLOTS + 1
        for passed in range(first, slot + 1):
            base = passed % N_SLOTS * WIDTH
            self._counts[base : base + WIDTH] = _EMPTY
        self.newest = slot
        self._base = slot % N_SLOTS * WIDTH


def bucket(seconds: float) -> int:
    """Return where in the histogram a time stands."""
    if seconds <= _SHORTEST_S:
        return 0
    place = int((math.log2(seconds) - FIRST_OCTAVE) * BUCKETS_PER_OCTAVE)
    return place if place < N_BUCKETS else N_BUCKETS - 1


@dataclass
class Activity:
    """The requests of one endpoint since `since`, in seconds since the epoch. Lives on the event loop.

    last    the newest ones, oldest first
    arrived requests that came to each variant, whether they have ended or not
    """

    since: float
    arrived: dict[str, int] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    last: deque[Ended] = field(default_factory=lambda: deque(maxlen=LAST))

    def note(self, ended: Ended) -> None:
        tally = self.tallies.get(ended.variant)
        if tally is None:
            tally = self.tallies[ended.variant] = Tally()
        tally.note(ended.at, ended.outcome, ended.seconds)
        self.last.append(ended)

    def forget(self, variant: str) -> None:
        """Forget what was counted of a variant that answered nobody: it does not count in all."""
        self.tallies.pop(variant, None)

    def keep(self, served: Iterable[str]) -> None:
        """Keep the counts of variants that are served. Of variants that are not served any more, those asked last are
        kept: they count in all."""
        names = set(served)
        gone = [name for name in self.tallies if name not in names]
        self.arrived = {name: n for name, n in self.arrived.items() if name in names}
        gone.sort(key=lambda name: self.tallies[name].newest)
        for name in gone[:-_MOST_GONE]:
            del self.tallies[name]

"""Wrong keys, wrong signatures and failed sign-ins: counted by peer and by access key, logged, and throttled.

Nobody is locked out. A secret has 240 random bits, so guessing is hopeless whatever its speed; what a flood of failures
costs is work, and what it hides is an attack. So beyond a limit a failure is answered as throttling, which tells nothing
more and makes clients wait, and fewer bodies are read for its peer at once; a right signature from the same address
(a NAT has many users) is served as ever.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.addresses import peer_of
from windvane.errors import (
    BadSignature,
    IncompleteSignature,
    Throttled,
    Unauthenticated,
    UnknownKey,
)
from windvane.wire.call import RequestRecord

HALF_LIFE_S = 60.0
"""A failure counts half after so long. At a limit of 30, about one failure every three seconds is told as it is."""

KEPT = 10_000
"""Peers, and keys, that are remembered: 2 MB. The one that failed longest ago is forgotten first."""

MOST_TOLD = 200
"""Peers, and keys, that other servers are told of, those with most failures."""

_TOLD_FROM = 0.125
"""Of the limit: with fewer failures nobody needs to be known elsewhere."""

LOGGED_EVERY_S = 60.0
_COUNTED = (UnknownKey, BadSignature, IncompleteSignature)

_log = logging.getLogger(__name__)


@dataclass
class _Score:
    """The number of recent failures of a peer or an access key.

    failures   with exponential forgetting, as of `at`
    unlogged   since the last line that the log has of it
    """

    failures: float = 0.0
    at: float = 0.0
    unlogged: int = 0
    logged_at: float = float("-inf")


_Told = dict[str, tuple[float, float]]
"""What was told of a peer or key: how many failures, and when."""


class FailureCounter:
    """Counts failures to prove who calls; those at other servers that share the store are known a few seconds late.

    limit    failures of one peer, or with one access key, that are told as what they are
    clock    seconds, monotonic
    """

    def __init__(self, limit: int = 30, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._peers: OrderedDict[str, _Score] = OrderedDict()
        self._keys: OrderedDict[str, _Score] = OrderedDict()
        self._other_peers: _Told = {}
        self._other_keys: _Told = {}

    def told(self, record: RequestRecord, error: Exception) -> Exception:
        """Return what a caller is told who failed with `error`: the error itself, or Throttled after too many.

        Errors that are no failure to prove who calls are not counted."""
        if not isinstance(error, _COUNTED):
            return error
        self.note(record.source_ip, record.access_key, error)
        if self.is_excessive(record.source_ip, record.access_key):
            return Throttled("Rate exceeded")
        return error

    def note(self, peer: str, access_key: str, error: Exception) -> None:
        """Count a failure. A key that is not known counts for its peer alone: anybody can invent more of them."""
        now = self._clock()
        score = self._add(self._peers, peer_of(peer), now)
        if access_key and not isinstance(error, UnknownKey):
            self._add(self._keys, access_key, now)
        self._log(score, peer, access_key, error, now)

    def is_excessive(self, peer: str, access_key: str) -> bool:
        """Return whether there were too many failures of late from this peer, or with this key."""
        if not self._peers and not self._other_peers:
            return False
        now, peer = self._clock(), peer_of(peer)
        return (
            self._sum(self._peers, self._other_peers, peer, now) > self._limit
            or self._sum(self._keys, self._other_keys, access_key, now) > self._limit
        )

    def told_others(self) -> dict[str, dict[str, float]]:
        """Return the peers and keys with many failures here, for the other servers."""
        now = self._clock()
        return {"peers": self._most(self._peers, now), "keys": self._most(self._keys, now)}

    def hear(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Take in what each other server tells of its failures."""
        now = self._clock()
        peers, keys = ([one.get(name, {}) for one in told] for name in ("peers", "keys"))
        self._other_peers, self._other_keys = _summed(peers, now), _summed(keys, now)

    def _sum(self, own: Mapping[str, _Score], others: _Told, name: str, now: float) -> float:
        here = own.get(name)
        failures = 0.0 if here is None else _faded(here, now)
        if (told := others.get(name)) is not None:
            failures += _faded(_Score(*told), now)
        return failures

    def _most(self, known: Mapping[str, _Score], now: float) -> dict[str, float]:
        least = _TOLD_FROM * self._limit
        found = [
            (failures, name)
            for name, one in list(known.items())
            if (failures := _faded(one, now)) >= least
        ]
        return {name: round(failures, 2) for failures, name in sorted(found)[-MOST_TOLD:]}

    def _add(self, known: OrderedDict[str, _Score], name: str, now: float) -> _Score:
        score = known.setdefault(name, _Score(at=now))
        known.move_to_end(name)
        if len(known) > KEPT:
            known.popitem(last=False)
        score.failures, score.at = _faded(score, now) + 1, now
        return score

    def _log(self, score: _Score, peer: str, access_key: str, error: Exception, now: float) -> None:
        """Log one line a minute for each peer, however many failures there are."""
        score.unlogged += 1
        if now - score.logged_at < LOGGED_EVERY_S:
            return
        _log.warning(
            "%d request(s) or sign-in(s) from %s could not prove who calls; the last: %s, access key %s",
            score.unlogged,
            peer or "an unknown address",
            type(error).__name__,
            access_key or "none",
        )
        score.unlogged, score.logged_at = 0, now


def _summed(told: Sequence[Mapping[str, float]], now: float) -> _Told:
    summed: dict[str, float] = {}
    for one in told:
        for name, failures in one.items():
            summed[name] = summed.get(name, 0.0) + failures
    return {name: (failures, now) for name, failures in summed.items()}


def _faded(score: _Score, now: float) -> float:
    return float(score.failures * 0.5 ** ((now - score.at) / HALF_LIFE_S))


def failed_sign_in(*, is_known: bool) -> Unauthenticated:
    """Return what a failed sign-in with an access key and a secret counts as.

    is_known    whether there is such an access key
    """
    if not is_known:
        return UnknownKey("There is no such access key.")
    return BadSignature("The access key and the secret key do not go together.")

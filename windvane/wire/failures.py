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
from collections.abc import Callable
from dataclasses import dataclass

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

LOGGED_EVERY_S = 60.0
_COUNTED = (UnknownKey, BadSignature, IncompleteSignature)

_log = logging.getLogger(__name__)


@dataclass
class _Score:
    """failures   with exponential forgetting, as of `at`
    unlogged   since the last line that the log has of it
    """

    failures: float = 0.0
    at: float = 0.0
    unlogged: int = 0
    logged_at: float = float("-inf")


class FailureCounter:
    """Counts failures to prove who calls.

    limit    failures of one peer, or with one access key, that are told as what they are
    clock    seconds, monotonic
    """

    def __init__(self, limit: int = 30, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._peers: OrderedDict[str, _Score] = OrderedDict()
        self._keys: OrderedDict[str, _Score] = OrderedDict()

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
        if not self._peers:
            return False
        now = self._clock()
        return any(
            (score := known.get(name)) is not None and _faded(score, now) > self._limit
            for known, name in ((self._peers, peer_of(peer)), (self._keys, access_key))
        )

    def _add(self, known: OrderedDict[str, _Score], name: str, now: float) -> _Score:
        score = known.setdefault(name, _Score(at=now))
        known.move_to_end(name)
        if len(known) > KEPT:
            known.popitem(last=False)
        score.failures, score.at = _faded(score, now) + 1, now
        return score

    def _log(self, score: _Score, peer: str, access_key: str, error: Exception, now: float) -> None:
        """One line a minute for each peer, however many failures there are."""
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


def _faded(score: _Score, now: float) -> float:
    return float(score.failures * 0.5 ** ((now - score.at) / HALF_LIFE_S))


def failed_sign_in(*, is_known: bool) -> Unauthenticated:
    """Return what a failed sign-in with an access key and a secret counts as.

    is_known    whether there is such an access key
    """
    if not is_known:
        return UnknownKey("There is no such access key.")
    return BadSignature("The access key and the secret key do not go together.")

"""Requests of one account in a second, to all servers that share a store together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from windvane.errors import Throttled

MOST_TOLD = 200
"""Accounts that other servers are told of, those with most requests."""


class AccountRates:
    """Lets each account make so many requests a second, and twice as many at once; more are throttled. What others make
    elsewhere is known a few seconds late, and an account has its share of each server in any case.

    per_s    0 means no limit
    """

    def __init__(self, per_s: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._admitted: Counter[str] = Counter()
        self._told_at = clock()
        self._elsewhere: Mapping[str, float] = {}
        self._n_servers = 1

    def admit(self, account: str) -> None:
        """Count a request whose signature was verified, so that nobody uses up another's rate.

        raises    Throttled
        """
        if not self._per_s:
            return
        now, per_s = self._clock(), self._here(account)
        most = 2.0 * per_s
        left, at = self._left.get(account, (most, now))
        left = min(most, left + (now - at) * per_s)
        if left < 1:
            self._left[account] = left, now
            raise Throttled("Rate exceeded")
        self._left[account] = left - 1, now
        self._admitted[account] += 1

    def told_others(self) -> dict[str, float]:
        """Return the requests a second of each account since this was asked last, for the other servers."""
        now, admitted = self._clock(), self._admitted
        seconds, self._told_at = max(now - self._told_at, 0.001), now
        self._admitted = Counter()
        return {account: n / seconds for account, n in admitted.most_common(MOST_TOLD)}

    def hear(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Take in what each other server tells of its requests."""
        elsewhere: Counter[str] = Counter()
        for one in told:
            for account, per_s in one.items():
                elsewhere[account] += per_s
        self._elsewhere, self._n_servers = elsewhere, len(told) + 1

    def _here(self, account: str) -> float:
        """Return the rate that an account has at this server: what it leaves elsewhere, and its share at least."""
        left = self._per_s - self._elsewhere.get(account, 0.0)
        return max(self._per_s / self._n_servers, left)

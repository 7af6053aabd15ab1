"""Requests of one account in a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from windvane.errors import Throttled


class AccountRates:
    """Lets each account make so many requests a second, and twice as many at once; more are throttled.

    per_s    0 means no limit
    """

    def __init__(self, per_s: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def admit(self, account: str) -> None:
        """Count a request whose signature was proved, so that nobody uses up another's rate.

        raises    Throttled
        """
        if not self._per_s:
            return
        now, most = self._clock(), 2.0 * self._per_s
        left, at = self._left.get(account, (most, now))
        left = min(most, left + (now - at) * self._per_s)
        if left < 1:
            self._left[account] = left, now
            raise Throttled("Rate exceeded")
        self._left[account] = left - 1, now

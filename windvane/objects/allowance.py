"""What accounts may have on its way into the store at once: it takes room on the disk before it counts as stored."""

from __future__ import annotations

import threading
from collections import Counter

from windvane.objects.errors import QuotaExceeded

_MORE = 1 << 16
"""Bytes: encryption adds a little to what counts in the end."""


class Allowance:
    """Bytes of uploads that are not acknowledged yet, by account.

    limit_bytes    of each account's together, as many as it may store; 0 means any
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._most = limit_bytes + limit_bytes // 1024 + _MORE
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, account: str | None, n_bytes: int) -> None:
        """raises    QuotaExceeded, and nothing is counted"""
        if not self._limit or account is None:
            return
        with self._lock:
            held = self._held[account]
            if held + n_bytes > self._most:
                raise QuotaExceeded(account, self._limit, held, n_bytes)
            self._held[account] = held + n_bytes

    def give_back(self, account: str | None, n_bytes: int) -> None:
        """Say that they are stored, or dropped."""
        if not self._limit or account is None:
            return
        with self._lock:
            self._held[account] -= n_bytes
            if not self._held[account]:
                del self._held[account]

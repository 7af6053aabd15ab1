"""What accounts may have on its way into the store at once: it takes room on the disk before it counts as stored."""

from __future__ import annotations

import threading
from collections import Counter

from windvane.objects.errors import QuotaExceeded

_MORE = 1 << 16
"""Bytes: encryption adds a little to what counts in the end."""


class Allowance:
    """Bytes of uploads that are not acknowledged yet, and of files that are of nothing any more and yet there, by account.

    limit_bytes    of each account's together, as many as it may store; 0 means any
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._most = limit_bytes + limit_bytes // 1024 + _MORE
        self._held: Counter[str] = Counter()
        self._left: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def take(self, account: str | None, n_bytes: int) -> None:
        """Count bytes that are about to be written, if the account may still store them.

        raises    QuotaExceeded, and nothing is counted
        """
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
            self._drop(account, n_bytes)

    def leave(self, account: str | None, name: str, n_bytes: int) -> None:
        """Say that a data file could not be removed when what it was of was: a backup or a reader holds it."""
        if not self._limit or account is None:
            return
        with self._lock:
            self._left[name] = account, n_bytes
            self._held[account] += n_bytes

    def left(self, account: str | None) -> list[str]:
        """Return the names of such files of an account."""
        with self._lock:
            return [name for name, (owner, _) in self._left.items() if owner == account]

    def removed(self, name: str) -> None:
        """Say that a data file is gone now."""
        with self._lock:
            if name in self._left:
                self._drop(*self._left.pop(name))

    def _drop(self, account: str, n_bytes: int) -> None:
        self._held[account] -= n_bytes
        if not self._held[account]:
            del self._held[account]

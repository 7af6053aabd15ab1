"""One-time links and ended sessions of the console: what is good once, and whether it still is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from windvane.store.base import Store


class OneTimeTokens:
    """Remembers what was used until it would have expired anyway."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def use(self, token: str, expires: datetime) -> bool:
        """Return whether it was still good."""
        with self._store.transaction() as tx:
            return tx.use_token(token, expires, self._clock())

    def is_used(self, token: str) -> bool:
        with self._store.snapshot() as tx:
            return tx.is_token_used(token)

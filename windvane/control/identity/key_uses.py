"""When keys of users were used last, to a quarter of an hour: no request waits for it to be written."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from windvane.store.base import Store
from windvane.store.identity_book import KeyUse
from windvane.wire.call import Caller

_COARSE = timedelta(minutes=15)
_MOST = 20_000


class KeyUses:
    """Keeps what is noted until it is written; a key that was noted a short while ago is not noted again."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._noted: dict[str, datetime] = {}
        self._waiting: dict[str, KeyUse] = {}
        self._lock = threading.Lock()

    def note(self, caller: Caller, action: str, now: datetime) -> None:
        """Note that an access key was used.

        action    such as s3:GetObject; a session counts as a use of the key it comes from
        """
        access_key = caller.credential.parent_key or caller.credential.access_key
        before = self._noted.get(access_key)
        if self._store is None or (before is not None and now - before < _COARSE):
            return
        with self._lock:
            if len(self._noted) >= _MOST:
                self._noted.clear()
            self._noted[access_key] = now
            self._waiting[access_key] = KeyUse(now, action.partition(":")[0], caller.region)

    def write(self) -> None:
        """Write what was noted since; to be called every second or so."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if self._store is None or not waiting:
            return
        with self._store.transaction() as tx:
            for access_key, use in waiting.items():
                tx.note_key_use(access_key, use)

"""Tells whoever waits that there are new events: one look at the store for all of them, and none while nobody waits."""

from __future__ import annotations

import asyncio
import logging
from typing import Self

from windvane.store.base import Store

_LOG = logging.getLogger(__name__)

LOOK_S = 0.3
_AFTER_A_FAULT_S = 5.0


class EventPoller:
    """Polls the store for new events, for one event loop. Whoever wants to wait enters and leaves it (`with`), and
    waits inside.

    look_s    between two looks
    """

    def __init__(self, store: Store, look_s: float = LOOK_S) -> None:
        self._store = store
        self._look_s = look_s
        self._newest = 0
        self._changed = asyncio.Condition()
        self._n_waiting = 0
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._n_waiting += 1
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._look())
        return self

    def __exit__(self, *_: object) -> None:
        self._n_waiting -= 1
        if self._n_waiting == 0 and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    @property
    def newest(self) -> int:
        """Sequence of the newest event that was seen."""
        return self._newest

    async def beyond(self, sequence: int, timeout_s: float) -> bool:
        """Return whether there is an event after this one; waits for it as long as that."""
        if self._newest > sequence:
            return True
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self._newest > sequence)
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        while True:
            try:
                newest = await asyncio.to_thread(_newest, self._store)
            except Exception:  # noqa: BLE001 - the end of a look: events are there when the store is again
                _LOG.exception("Looking for new events failed; it is tried again.")
                await asyncio.sleep(_AFTER_A_FAULT_S)
            else:
                await self._risen(newest)
                await asyncio.sleep(self._look_s)

    async def _risen(self, newest: int) -> None:
        if newest > self._newest:
            async with self._changed:
                self._newest = newest
                self._changed.notify_all()


def _newest(store: Store) -> int:
    with store.snapshot() as tx:
        return tx.last_event()

"""What a server does by the clock: objects and keys that are due are removed, changed keys and policies are read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from windvane.api.key_watch import KeyWatch
from windvane.api.shared_keys import SharedKeys
from windvane.control.identity.authorizer import Authorizer
from windvane.control.kms.service import KeyService
from windvane.objects.base import ObjectStore
from windvane.store.leadership import UNDISPUTED, Leadership

_LOG = logging.getLogger(__name__)
_OBJECT_SWEEP_S = 3600.0
_KEY_SWEEP_S = 60.0
_IDENTITY_WATCH_S = 0.5


class Upkeep:
    """Removes what is due and follows what others changed, again and again, until it is stopped.

    objects    the embedded store; None if there is none
    shared     keys that servers of the store have in common; None if it serves one alone
    leadership of the server: the one that leads removes and rotates keys for all
    """

    def __init__(
        self,
        objects: ObjectStore | None,
        kms: KeyService,
        authorizer: Authorizer,
        keys: KeyWatch,
        clock: Callable[[], datetime],
        leadership: Leadership = UNDISPUTED,
        shared: SharedKeys | None = None,
    ) -> None:
        self._shared = shared
        self._leadership = leadership
        self._objects, self._kms, self._clock = objects, kms, clock
        self._authorizer, self._keys = authorizer, keys
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, on the event loop."""
        ways = (self._sweep_objects, self._sweep_keys, self._follow_identities)
        self._tasks = [asyncio.create_task(way()) for way in ways]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _sweep_objects(self) -> None:
        while self._objects is not None:
            try:
                await asyncio.to_thread(self._objects.sweep, self._clock())
            except Exception:  # noqa: BLE001 - it is all that removes what no row refers to, and goes on
                _LOG.exception("Objects that are due could not be removed; tried again later.")
            await asyncio.sleep(_OBJECT_SWEEP_S)

    async def _sweep_keys(self) -> None:
        while True:
            try:
                if self._leadership.lead() is not None:
                    await asyncio.to_thread(self._kms.sweep)
            except Exception:  # noqa: BLE001 - it is all that destroys and rotates them, and goes on
                _LOG.exception(
                    "Keys that are due could not be destroyed or rotated; tried again soon."
                )
            await asyncio.sleep(_KEY_SWEEP_S)

    async def _follow_identities(self) -> None:
        """Take over what other servers and `windvane keys` change."""
        authorizer = self._authorizer
        steps: tuple[Callable[[], object], ...]
        steps = (self._keys.look, authorizer.directory.refresh, authorizer.uses.write)
        if self._shared is not None:
            steps = (self._shared.look, *steps)
        while True:
            for step in steps:
                try:
                    await asyncio.to_thread(step)
                except Exception:  # noqa: BLE001 - nothing else takes back what was revoked; the others go on
                    _LOG.exception("Changed keys and policies could not be read; tried again soon.")
            await asyncio.sleep(_IDENTITY_WATCH_S)

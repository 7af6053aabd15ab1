"""The removal of what jobs have left behind that have ended, beside whatever else a worker does: a task may have left any number
of files, and of objects for other tasks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from windvane.domain.job import AutoMLJob
from windvane.errors import WindvaneError
from windvane.store.base import Store
from windvane.work.workers import stepjobs
from windvane.work.workers.exchanges import Exchanges, Job
from windvane.work.workers.reconciler import UNFINISHED
from windvane.work.workspace import Workspace

_LOG = logging.getLogger(__name__)

_PREFIXES_S = 30.0


class Clearing:
    """Belongs to one thread; what is to go is removed in another one, which ends with the process."""

    def __init__(self, store: Store, exchanges: Exchanges) -> None:
        self._store, self._exchanges = store, exchanges
        self._thread: threading.Thread | None = None
        self._next_prefixes = 0.0

    def begin(self, workspaces: Sequence[Workspace], *, leads: bool) -> None:
        """Remove these, and now and then the prefixes of jobs that have ended, unless those of an earlier call are being removed
        still: they are to be named again.

        leads    whether this server does what one server does for all: prefixes are of all of them
        """
        if self._thread is not None and self._thread.is_alive():
            return
        has_prefixes = (
            leads and self._exchanges.stored is not None and self._next_prefixes <= time.monotonic()
        )
        if workspaces or has_prefixes:
            self._thread = threading.Thread(
                target=self._clear,
                args=(tuple(workspaces), has_prefixes),
                name="clearing",
                daemon=True,
            )
            self._thread.start()

    def _clear(self, workspaces: Sequence[Workspace], has_prefixes: bool) -> None:
        for workspace in workspaces:
            workspace.remove()
        if has_prefixes:
            try:
                remove_prefixes(self._store, self._exchanges)
            except (WindvaneError, OSError, BotoCoreError, ClientError) as error:
                _LOG.warning("What tasks of jobs that have ended left stays for now: %s", error)
            self._next_prefixes = time.monotonic() + _PREFIXES_S


def remove_prefixes(store: Store, exchanges: Exchanges) -> None:
    """Delete what the tasks of jobs have left for each other that have ended. Prefixes are listed before jobs: one that is seen
    belongs to a job that is seen, or has ended. What a task leaves that was cut off, and comes back, is deleted the next time."""
    stored = exchanges.stored
    if stored is None:
        return
    present = stored.prefixes()
    with store.snapshot() as tx:
        going: list[Job] = [*tx.every(AutoMLJob, UNFINISHED), *stepjobs.unfinished(tx)]
        kept = {stored.root_of(exchanges.data_dir, job) for job in going}
    stored.remove(present - kept)

"""The removal of workspaces, beside whatever else a worker does: a task may have left any number of files."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from windvane.work.workspace import Workspace


class Clearing:
    """Belongs to one thread; workspaces are removed in another one, which ends with the process."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin(self, workspaces: Sequence[Workspace]) -> None:
        """Remove these, unless those of an earlier call are being removed still: they are to be named again."""
        is_busy = self._thread is not None and self._thread.is_alive()
        if workspaces and not is_busy:
            self._thread = threading.Thread(
                target=_remove, args=(tuple(workspaces),), name="clearing", daemon=True
            )
            self._thread.start()


def _remove(workspaces: Sequence[Workspace]) -> None:
    for workspace in workspaces:
        workspace.remove()

"""The removal of models' folders, beside the hosting thread: one may hold thousands of files, and take a minute."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from windvane.process.beneath import remove_beneath

Folders = tuple[Path, ...]


class Removal:
    """Removes folders, for each account one after the other, in threads that end with the process: what is left then
    goes at the next start of the server. So does what could not be removed.

    wake    called when a folder has been removed, from any thread
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._over: dict[Folders, bool] = {}
        self._waiting: dict[str, deque[Folders]] = {}

    def is_over(self, account: str, *folders: Path) -> bool:
        """Return whether they have been removed, which begins when this is asked first. Once it was told, it is
        forgotten."""
        with self._lock:
            if folders in self._over:
                return self._over[folders] and self._over.pop(folders)
            self._over[folders] = False
            is_new = account not in self._waiting
            self._waiting.setdefault(account, deque()).append(folders)
        if is_new:
            threading.Thread(
                target=self._remove_all, args=(account,), name="removal", daemon=True
            ).start()
        return False

    def _remove_all(self, account: str) -> None:
        while (folders := self._next(account)) is not None:
            for folder in folders:
                remove_beneath(folder)
            with self._lock:
                self._over[folders] = True
            self._wake()

    def _next(self, account: str) -> Folders | None:
        with self._lock:
            if waiting := self._waiting[account]:
                return waiting.popleft()
            del self._waiting[account]
            return None

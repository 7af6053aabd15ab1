"""Follows keys.json while the server runs: keys that are rotated or retired beside it are so at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from windvane.api.key_file import FILE_NAME, KeyFile, read_keys

_Mark = tuple[int, int, int]


class KeyWatch:
    """Tells of another content of the file; to be asked every second or so.

    changed    is told of the new keys
    """

    def __init__(self, data_dir: Path, account: str, changed: Callable[[KeyFile], None]) -> None:
        self._path = data_dir / FILE_NAME
        self._data_dir, self._account = data_dir, account
        self._changed = changed
        self._seen: _Mark | None = None  # so that the first look tells what is there

    def look(self) -> None:
        """Read the file of keys if it has changed since the last look, and pass its keys on.

        raises    UnusableKeys for a file that is damaged, or gone by now: what was known goes on, and none is made
        """
        mark = self._mark()
        if mark is None or mark == self._seen:
            return
        keys = read_keys(self._data_dir, self._account)
        self._changed(keys)
        self._seen = mark

    def _mark(self) -> _Mark | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

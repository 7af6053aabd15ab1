"""Where repairs put what they take away: DATA_DIR/lost+found. Nothing is ever deleted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "lost+found"


class LostAndFound:
    """A folder for one run of a check, made when it is first needed."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.folder = data_dir / FOLDER / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")

    def take(self, path: Path) -> None:
        """Move a file or folder here, under its path in the data folder."""
        target = self.folder / path.relative_to(self._data_dir)
        self._make(target.parent)
        path.rename(target)

    def taking(self, path: Path) -> Callable[[], None]:
        return lambda: self.take(path)

    def write_down(self, table: str, row: str) -> None:
        """Keep a row (JSON) of a table, on the disk when this returns."""
        self._make(self.folder)
        descriptor = os.open(
            self.folder / "rows.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps({"table": table, "row": json.loads(row)}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _make(self, folder: Path) -> None:
        for each in reversed([folder, *folder.parents]):
            if each.is_relative_to(self._data_dir) and each != self._data_dir:
                each.mkdir(exist_ok=True, mode=0o700)

"""An empty database of the newest schema: migrated once in each process of tests, and copied."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from windvane.store.open import FILE_NAME, open_store
from windvane.store.sql import SqlStore


@cache
def migrated_database() -> bytes:
    """Return the file; migrating takes longer than most tests."""
    with TemporaryDirectory() as name:
        store = open_store("", Path(name))
        store.migrate()
        store.close()
        return (Path(name) / FILE_NAME).read_bytes()


def migrated_store(folder: Path) -> SqlStore:
    """Open a new store in a folder that has none, as it is after `migrate()`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / FILE_NAME
    file.touch(mode=0o600)
    file.write_bytes(migrated_database())
    return open_store("", folder)

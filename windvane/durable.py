"""Files that are on the disk when a call returns, and there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write a file of mode 0600. Readers see the old one or the new one, never a part."""
    with _written_beside(path, text) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, text: str) -> None:
    """Write a file of mode 0600 unless there is one: of several processes, the first one wins."""
    with _written_beside(path, text) as temporary, suppress(FileExistsError):
        os.link(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names that were created in a folder, or removed from it, to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _written_beside(path: Path, text: str) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)

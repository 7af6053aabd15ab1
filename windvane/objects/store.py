"""The embedded object store: an index and data files in one folder of mode 0700.

index.sqlite     every bucket, version, upload and part, and the bytes of small objects
data/            the bytes of the others
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from windvane.objects.base import ObjectStore
from windvane.objects.checking import Damage, damages
from windvane.objects.disk import Disk
from windvane.objects.expiry import Expiry
from windvane.objects.files import DataFiles
from windvane.objects.index import Index
from windvane.objects.snapshot import DATA_NAME, INDEX_NAME, take_snapshot

_CHUNK = 500


class EmbeddedObjects(Expiry):
    """The one kind of ObjectStore."""

    def sweep(self, now: datetime) -> None:
        self._expire(now)
        for name in self.orphans():
            if self._files.remove_orphan(name, self._has_row):
                self._allowance.removed(name)

    def close(self) -> None:
        self._index.close()

    def orphans(self) -> Iterator[str]:
        """Yield names of data files without a row: FILE, FOLDER or FOLDER/PART; also those that are being written just now."""
        for names in self._files.names():
            for start in range(0, len(names), _CHUNK):
                chunk = names[start : start + _CHUNK]
                known = self._known(chunk)
                yield from (name for name in chunk if name not in known)
                for folder in filter(self._files.is_folder, known):
                    yield from self._orphans_in(folder)

    def damages(self) -> Iterator[Damage]:
        """Read every byte and name what is missing or not as it was written."""
        return damages(self._index, self._files)

    def snapshot(self, target: Path) -> None:
        """Make `target`, which must not exist, a store of its own: this one as of one moment, durable.

        Data files are hard links where that is possible, as they never change; other processes go on writing.
        """
        take_snapshot(self._index, self._files, target)

    def _known(self, names: Sequence[str]) -> set[str]:
        marks = ", ".join("?" * len(names))
        with self._index.read() as db:
            rows = db.execute(f"SELECT file FROM contents WHERE file IN ({marks})", names)
            return {file for (file,) in rows}

    def _orphans_in(self, folder: str) -> Iterator[str]:
        parts = self._files.parts(folder)
        with self._index.read() as db:
            rows = db.execute(
                "SELECT file FROM parts WHERE content = (SELECT id FROM contents WHERE file = ?)",
                (folder,),
            )
            known = {file for (file,) in rows}
        return (f"{folder}/{part}" for part in parts if part not in known)

    def _has_row(self, name: str) -> bool:
        folder, _, part = name.partition("/")
        with self._index.read() as db:
            if not part:
                found = db.execute("SELECT 1 FROM contents WHERE file = ?", (name,))
            else:
                found = db.execute(
                    "SELECT 1 FROM parts WHERE file = ? AND content = "
                    "(SELECT id FROM contents WHERE file = ?)",
                    (part, folder),
                )
            return found.fetchone() is not None


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_objects(
    folder: Path,
    clock: Callable[[], datetime] = utc_now,
    disk: Disk | None = None,
    limit_bytes: int = 0,
) -> EmbeddedObjects:
    """Open the store in `folder`, which is made if it is not there; several processes may.

    limit_bytes    that each account may come to store by what is written here; 0 means any

    raises    StoreUnusable if it was written by a newer version
    """
    files_disk = disk or Disk()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    files = DataFiles(folder / DATA_NAME, files_disk)
    return EmbeddedObjects(Index(folder / INDEX_NAME), files, clock, limit_bytes)


def _keeps_contract(store: EmbeddedObjects) -> ObjectStore:
    return store

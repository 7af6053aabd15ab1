"""A backup of a data folder as of one moment, while its server serves or not."""

from __future__ import annotations

import hashlib
import io
import itertools
import shutil
from dataclasses import replace
from pathlib import Path

from windvane import __version__
from windvane.maintenance.manifest import (
    CONFIG,
    FORMAT,
    MANIFEST,
    SUMS,
    BackupFault,
    Manifest,
    is_safe,
    sums_to_bytes,
)
from windvane.maintenance.old_folder import require_imported
from windvane.maintenance.pinned import PinnedDatabase, store_schema
from windvane.maintenance.sinks import Earlier, HashingReader, Sink, new_sink
from windvane.maintenance.snapshot import OBJECTS, KeptFile, Snapshot, hold_snapshot
from windvane.objects.snapshot import INDEX_NAME
from windvane.process.beneath import is_hollow
from windvane.store.open import FILE_NAME


def back_up(
    data_dir: Path,
    target: Path,
    config: Path | None = None,
    previous: Path | None = None,
    *,
    has_objects: bool = True,
) -> Manifest:
    """Write a backup and return what it says of itself.

    target      a new or empty folder; with the suffix .tar a new file
    config      the server's configuration file, of which a copy is kept
    previous    an earlier backup, a folder on the same file system: objects that it holds are not copied again but get
                a second name
    has_objects whether the server's objects are in the embedded store
    raises      BackupFault, StoreUnusable, NotImported
    """
    target = target.absolute()
    if target.is_relative_to(data_dir.absolute()):
        raise BackupFault(
            f"{target} lies in the data folder; a backup belongs elsewhere, best on another disk."
        )
    if not (data_dir / FILE_NAME).is_file():
        raise BackupFault(f"{data_dir} has no {FILE_NAME}: no server has run on it yet.")
    if has_objects:
        require_imported(data_dir)
    earlier = Earlier(previous) if previous is not None else None
    with (
        new_sink(target, earlier) as sink,
        hold_snapshot(data_dir, has_objects=has_objects) as snapshot,
    ):
        return _write(sink, snapshot, config)


def _write(sink: Sink, snapshot: Snapshot, config: Path | None) -> Manifest:
    files = [_copied(snapshot.store, FILE_NAME, snapshot.scratch), *snapshot.files]
    if config is not None:
        files.append(KeptFile(CONFIG, config, config.stat().st_size))
    if snapshot.index is not None:
        files.append(_copied(snapshot.index, f"{OBJECTS}/{INDEX_NAME}", snapshot.scratch))
    sums, n_bytes = {}, 0
    for kept in itertools.chain(files, snapshot.data_files()):
        file = _settled(kept, snapshot.scratch) if kept.is_of_task else kept
        if file is None:
            continue
        sums[file.name] = _add(sink, file)
        n_bytes += file.size
    return _finish(sink, snapshot, sums, n_bytes)


def _copied(database: PinnedDatabase, name: str, scratch: Path) -> KeptFile:
    path = scratch / name.replace("/", "-")
    database.write_to(path)
    return KeptFile(name, path, path.stat().st_size)


def _settled(file: KeptFile, scratch: Path) -> KeptFile | None:
    """Return a copy that no task can change while it is read: a file that becomes shorter would stop the backup.

    None for one that the task made so that nobody may read it, or so that it is nearly all hole."""
    path = scratch / "settled"
    try:
        stream = file.path.open("rb")
    except PermissionError:
        return None
    with stream as source, path.open("wb") as target:
        if is_hollow(source.fileno()):
            return None
        shutil.copyfileobj(HashingReader(source, file.size), target)
    return replace(file, path=path, size=path.stat().st_size)


def _add(sink: Sink, file: KeptFile) -> str:
    if not is_safe(file.name):
        raise BackupFault(
            f"A file of the data folder has a name that cannot be kept: {file.name!r}."
        )
    if file.never_changes and (digest := sink.link(file.name, file.size)) is not None:
        return digest
    with file.path.open("rb") as stream:
        return sink.add(file.name, stream, file.size)


def _finish(sink: Sink, snapshot: Snapshot, sums: dict[str, str], n_bytes: int) -> Manifest:
    listed = sums_to_bytes(sums)
    manifest = Manifest(
        FORMAT,
        __version__,
        snapshot.at,
        store_schema(snapshot.store),
        objects=snapshot.index is not None,
        n_files=len(sums),
        n_bytes=n_bytes,
        sums=hashlib.sha256(listed).hexdigest(),
    )
    for name, data in ((SUMS, listed), (MANIFEST, manifest.to_bytes())):
        sink.add(name, io.BytesIO(data), len(data))
    return manifest

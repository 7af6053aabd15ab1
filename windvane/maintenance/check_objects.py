"""What may be wrong with the embedded object store: bytes that are missing or changed, files without an object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from windvane.errors import StoreUnusable
from windvane.maintenance.check_store import check_database
from windvane.maintenance.findings import Finding, Kind
from windvane.maintenance.lost_and_found import LostAndFound
from windvane.objects.disk import Disk
from windvane.objects.files import DataFiles
from windvane.objects.snapshot import DATA_NAME, INDEX_NAME
from windvane.objects.store import EmbeddedObjects

FOLDER = "s3"


def check_objects(
    objects: EmbeddedObjects, data_dir: Path, lost: LostAndFound, *, is_served: bool
) -> Iterator[Finding]:
    """Reads every byte of every object.

    is_served    files without an object may be uploads just now: they are not told
    """
    index = data_dir / FOLDER / INDEX_NAME
    damaged = [
        Finding(Kind.INDEX_DAMAGED, finding.where, finding.detail)
        for finding in check_database(index)
    ]
    yield from damaged
    if damaged:
        return
    try:
        yield from _damages(objects)
        if not is_served:
            yield from _orphans(objects, data_dir, lost)
    except StoreUnusable as error:
        yield Finding(Kind.INDEX_DAMAGED, str(index), str(error))


def _damages(objects: EmbeddedObjects) -> Iterator[Finding]:
    for damage in objects.damages():
        is_missing = damage.file is not None and "missing" in damage.reason
        kind = Kind.OBJECT_WITHOUT_FILE if is_missing else Kind.OBJECT_DAMAGED
        for uri in damage.objects:
            where = f" ({damage.file})" if damage.file else ""
            yield Finding(kind, uri, f"{damage.reason}{where}")


def _orphans(objects: EmbeddedObjects, data_dir: Path, lost: LostAndFound) -> Iterator[Finding]:
    files = DataFiles(data_dir / FOLDER / DATA_NAME, Disk())
    for name in sorted(objects.orphans()):
        path = files.path(name)
        yield Finding(Kind.FILE_WITHOUT_OBJECT, str(path), mend=lost.taking(path))

"""Everything that a check looks at, in an order in which what comes first may make the rest pointless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from windvane.maintenance.check_folder import check_keys, check_leftovers, check_modes
from windvane.maintenance.check_objects import check_objects
from windvane.maintenance.check_store import (
    Exists,
    OpenKey,
    check_database,
    check_key_material,
    check_named_objects,
    check_records,
    check_rows,
    check_schema,
    check_workspaces,
)
from windvane.maintenance.findings import Finding, Kind
from windvane.maintenance.lost_and_found import LostAndFound
from windvane.objects.store import EmbeddedObjects
from windvane.store.open import FILE_NAME
from windvane.store.sql import SqlStore

_POINTLESS_AFTER = (Kind.DATABASE_DAMAGED, Kind.SCHEMA_NEWER)


@dataclass(frozen=True)
class Checked:
    """The files and records to check.

    data_dir      the data folder
    store         the record of truth
    key_readers   of key files by path; each raises WindvaneError if its file cannot be used
    open_key      opens the material of an encryption key; raises WindvaneError
    objects       the embedded object store; None where objects are elsewhere
    exists        whether an object is in the object store; None if that cannot be asked
    is_served     a server runs on it: what it is in the middle of is no finding
    """

    data_dir: Path
    store: SqlStore
    key_readers: dict[str, Callable[[], object]]
    open_key: OpenKey
    objects: EmbeddedObjects | None
    exists: Exists | None
    is_served: bool


def check(what: Checked, lost: LostAndFound) -> Iterator[Finding]:
    """Look at everything and tell what is not as it should be."""
    yield from check_keys(what.key_readers)
    yield from check_modes(what.data_dir)
    if not what.is_served:
        yield from check_leftovers(what.data_dir, lost)
    store_findings = list(_check_store(what, lost))
    yield from store_findings
    if what.objects is not None:
        yield from check_objects(what.objects, what.data_dir, lost, is_served=what.is_served)
    if what.exists is not None and not _is_pointless(store_findings):
        yield from check_named_objects(what.store, what.exists)


def _check_store(what: Checked, lost: LostAndFound) -> Iterator[Finding]:
    path = what.data_dir / FILE_NAME
    first = list(check_database(path)) if path.exists() else []
    if not first:
        first = list(check_schema(what.store, str(path) if path.exists() else "PostgreSQL"))
    yield from first
    if not _is_pointless(first):
        yield from check_rows(what.store, lost)
        yield from check_records(what.store)
        yield from check_key_material(what.store, what.open_key)
        yield from check_workspaces(what.store, what.data_dir, lost)


def _is_pointless(findings: list[Finding]) -> bool:
    return any(finding.kind in _POINTLESS_AFTER for finding in findings)

"""What may be wrong with the store: the database itself, rows without an owner, records, and what these name in S3."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from windvane.artifacts.base import Location, parse_location
from windvane.domain.alarms import Alarm
from windvane.domain.candidate import Candidate, Container, ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint, EndpointConfig, Model
from windvane.domain.job import AutoMLJob
from windvane.domain.keys import Key, KeyAlias
from windvane.domain.resource import Resource
from windvane.domain.scaling import ScalableTarget, ScalingActivity, ScalingPolicy
from windvane.errors import InvalidRequest, WindvaneError
from windvane.maintenance.findings import Finding, Kind
from windvane.maintenance.lost_and_found import LostAndFound
from windvane.store.inspection import Dangling, DanglingKind, Reading
from windvane.store.migrations.upgrade import known_revisions
from windvane.store.sql import SqlStore
from windvane.work.workspace import workspace_of, workspaces

R = TypeVar("R", bound=Resource)

_KINDS: tuple[type[Resource], ...] = (
    AutoMLJob,
    Candidate,
    ProcessingJob,
    TrainingJob,
    TransformJob,
    Model,
    EndpointConfig,
    Endpoint,
    Key,
    KeyAlias,
    ScalableTarget,
    ScalingPolicy,
    ScalingActivity,
    Alarm,
)
_OF_ROWS = {
    DanglingKind.TASK: Kind.TASK_WITHOUT_JOB,
    DanglingKind.TAG: Kind.TAG_WITHOUT_RESOURCE,
    DanglingKind.CHILD: Kind.RECORD_WITHOUT_PARENT,
}
_WORKED_ON: tuple[type[AutoMLJob | ProcessingJob], ...] = (
    AutoMLJob,
    ProcessingJob,
    TrainingJob,
    TransformJob,
)

Exists = Callable[[Location], bool]
"""Whether an object is in the object store."""

OpenKey = Callable[[Key], None]
"""Opens a key's material; raises WindvaneError if that cannot be."""


def check_database(path: Path) -> Iterator[Finding]:
    """Yield the SQLite file itself."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        faults = [str(error)]
    if faults != ["ok"]:
        yield Finding(Kind.DATABASE_DAMAGED, str(path), "; ".join(faults))


def check_schema(store: SqlStore, name: str) -> Iterator[Finding]:
    """Check that the store has the schema of this version.

    name    of the store, as it is told
    """
    with store.snapshot() as tx:
        current = tx.schema_version()
    known = known_revisions()
    if current not in known:
        yield Finding(Kind.SCHEMA_NEWER, name, f"schema {current}; this version knows {known[-1]}")
    elif current != known[-1]:
        yield Finding(Kind.SCHEMA_OLDER, name, f"schema {current}; this version's is {known[-1]}")


def check_rows(store: SqlStore, lost: LostAndFound) -> Iterator[Finding]:
    with store.snapshot() as tx:
        dangling = tx.dangling()
    for row in dangling:
        yield Finding(_OF_ROWS[row.kind], row.owner, mend=_dropping(store, row, lost))


def _dropping(store: SqlStore, row: Dangling, lost: LostAndFound) -> Callable[[], None]:
    def drop() -> None:
        lost.write_down(row.kind.value, row.row)
        with store.transaction() as tx:
            tx.drop_dangling([row])

    return drop


def check_records(store: SqlStore) -> Iterator[Finding]:
    """Check that every record can be read by this version."""
    with store.snapshot() as tx:
        readings = [reading for kind in _KINDS for reading in tx.readings(kind)]
    for reading in readings:
        if reading.record is None:
            yield Finding(Kind.RECORD_UNREADABLE, reading.arn, reading.fault)


def check_key_material(store: SqlStore, open_key: OpenKey) -> Iterator[Finding]:
    """Check that every encryption key can be opened with the master keys that the server would have."""
    with store.snapshot() as tx:
        keys = _records(tx.readings(Key))
    for key in keys:
        try:
            open_key(key)
        except WindvaneError as error:
            yield Finding(Kind.KEY_SEALED, key.arn, str(error))


def check_workspaces(store: SqlStore, data_dir: Path, lost: LostAndFound) -> Iterator[Finding]:
    """Working folders, listed before the jobs are: one that is seen belongs to a job that is seen, or to none."""
    folders = [workspace.folder for workspace in workspaces(data_dir)]
    present = [folder for folder in folders if folder.is_relative_to(data_dir)]
    with store.snapshot() as tx:
        readings = [reading for kind in _WORKED_ON for reading in tx.readings(kind)]
    if any(reading.record is None for reading in readings):
        return  # whose folder is whose cannot be told
    kept = {workspace_of(data_dir, r.record).folder for r in readings if r.record is not None}
    for folder in present:
        if folder.with_name(folder.name.partition(".")[0]) not in kept:
            yield Finding(Kind.WORKSPACE_WITHOUT_JOB, str(folder), mend=lost.taking(folder))


def check_named_objects(store: SqlStore, exists: Exists) -> Iterator[Finding]:
    """Check that what endpoints and models need, and what records of jobs name, is in the object store."""
    with store.snapshot() as tx:
        endpoints = _records(tx.readings(Endpoint))
        models = _records(tx.readings(Model))
        candidates = _records(tx.readings(Candidate))
        jobs = _records(tx.readings(AutoMLJob))
    for endpoint in endpoints:
        deployed = (*endpoint.desired, *endpoint.running)
        uris = _urls([container for each in deployed for container in each.containers])
        yield from _missing(Kind.MODEL_MISSING, endpoint.arn, uris, exists)
    for model in models:
        yield from _missing(Kind.MODEL_MISSING, model.arn, _urls(model.containers), exists)
    for candidate in candidates:
        uris = _urls(candidate.containers)
        yield from _missing(Kind.ARTEFACT_MISSING, candidate.arn, uris, exists)
    for job in jobs:
        uris = [uri for uri in (job.exploration, job.definitions) if uri]
        yield from _missing(Kind.ARTEFACT_MISSING, job.arn, uris, exists)


def _records(readings: Sequence[Reading[R]]) -> list[R]:
    return [reading.record for reading in readings if reading.record is not None]


def _urls(containers: Sequence[Container]) -> list[str]:
    return list(dict.fromkeys(c.model_data_url for c in containers if c.model_data_url))


def _missing(kind: Kind, arn: str, uris: Sequence[str], exists: Exists) -> Iterator[Finding]:
    for uri in uris:
        try:
            is_there = exists(parse_location(uri))
        except InvalidRequest:
            is_there = False
        if not is_there:
            yield Finding(kind, arn, f"{uri} is not there")

"""Which version the body of a record has, and how one of an earlier version becomes one of the next.

A body is the JSON of a record (store/records.py) and its version. It is migrated whenever it is read, and written anew when
its record is updated: a database is never rewritten as a whole. Fields that were added and say nothing are not written
(added.py).

Whoever changes the fields of a record adds a migration here, and the new fingerprint to tests/unit/store/fingerprints.json.
Migrations are not changed once they were released, and know nothing of the records of today.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from windvane.domain.candidate import Candidate, ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint, EndpointConfig
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Resource
from windvane.domain.scaling import ScalableTarget, ScalingActivity, ScalingPolicy
from windvane.errors import NewerRecord
from windvane.store.bodies.added import AddedFields
from windvane.store.bodies.automl_job import with_analysis_time, with_spec
from windvane.store.bodies.failures import with_failure
from windvane.store.bodies.forecasts import with_backtests, with_forecasts, with_texts
from windvane.store.records import decoded, encoded

R = TypeVar("R", bound=Resource)

Migration = Callable[[dict[str, Any]], dict[str, Any]]
"""From a body, without its version, to that of the next version."""

_TRACED = AddedFields({"traceparent": ""})

MIGRATIONS: Mapping[type[Resource], tuple[Migration, ...]] = {
    AutoMLJob: (
        with_spec,
        with_failure,
        with_analysis_time,
        with_forecasts,
        with_texts,
        _TRACED,
    ),
    Candidate: (with_failure, with_backtests),
    Endpoint: (with_failure, AddedFields({"desired_shadow": "", "running_shadow": ""})),
    EndpointConfig: (AddedFields({"shadow": ""}),),
    ProcessingJob: (with_failure, _TRACED),
    ScalableTarget: (AddedFields({"scaled_out_from": 0}),),
    ScalingActivity: (AddedFields({"alarm": "", "before": 0}),),
    ScalingPolicy: (AddedFields({"steps": None}),),
    TrainingJob: (with_failure, with_forecasts, _TRACED),
    TransformJob: (with_failure, _TRACED),
}
"""Of each kind of record: from version 1 to 2, from 2 to 3, and so on. What is not named is at version 1."""

_VERSION = "_version"


def version_of(kind: type[Resource]) -> int:
    """Return the newest version of bodies of this kind."""
    return 1 + len(MIGRATIONS.get(kind, ()))


def to_body(record: Resource) -> str:
    """Return the body of a record, in the oldest version that can hold it.

    raises    TypeError, naming the field, for a value that is not what its hint says or not JSON
    """
    fields, version = encoded(record), version_of(type(record))
    for migration in reversed(MIGRATIONS.get(type(record), ())):
        earlier = migration.without(fields) if isinstance(migration, AddedFields) else None
        if earlier is None:
            break
        fields, version = earlier, version - 1
    return json.dumps({_VERSION: version, **fields}, separators=(",", ":"))


def from_body(kind: type[R], text: str) -> R:
    """Return the record that a body of any version stands for.

    raises    NewerRecord if a newer version of Windvane wrote it; TypeError if it is no such record
    """
    body: dict[str, Any] = json.loads(text)
    version = body.pop(_VERSION, 1)
    if version > version_of(kind):
        raise NewerRecord(
            f"The database has a {kind.__name__} of version {version}; this version of Windvane reads up to "
            f"{version_of(kind)}."
        )
    for migration in MIGRATIONS.get(kind, ())[version - 1 :]:
        body = migration(body)
    return decoded(kind, body)

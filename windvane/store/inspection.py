"""What a check asks of a store: its schema, rows that belong to something which is gone, records that cannot be read.

No operation leaves such rows; a fault, or a hand in the database, can.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    delete,
    exists,
    func,
    inspect,
    select,
    text,
    true,
)

from windvane.domain.resource import Resource
from windvane.errors import StoreUnusable
from windvane.store.bodies.versions import from_body
from windvane.store.rows import Rows
from windvane.store.schema import FIRST_WITH_SUPPORT, RESOURCES, SUPPORT, TAGS, TASKS

R = TypeVar("R", bound=Resource)

_SAGEMAKER = "arn:aws:sagemaker:%"
"""Tags of other services' resources are in other tables' charge."""


class DanglingKind(Enum):
    """Which rows, and what they lack."""

    TASK = "tasks"
    TAG = "tags"
    CHILD = "resources"


@dataclass(frozen=True)
class Dangling:
    """One such row.

    owner    the ARN that it names and that is not there
    row      the whole row, JSON, so that it can be written down before it is dropped
    """

    kind: DanglingKind
    owner: str
    row: str


_OWNERS = RESOURCES.alias("owners")


@dataclass(frozen=True)
class _Search:
    """Rows of `table` that pass `among` and whose `owner` is to be the ARN of a resource."""

    kind: DanglingKind
    table: Table
    owner: Column[str]
    among: ColumnElement[bool]


_SEARCHES = (
    _Search(DanglingKind.TASK, TASKS, TASKS.c.job_arn, true()),
    _Search(DanglingKind.TAG, TAGS, TAGS.c.arn, TAGS.c.arn.like(_SAGEMAKER)),
    _Search(DanglingKind.CHILD, RESOURCES, RESOURCES.c.parent, RESOURCES.c.parent != ""),
)
_TABLES = {search.kind: search.table for search in _SEARCHES}


@dataclass(frozen=True)
class Reading(Generic[R]):
    """A record as it was read.

    record    None if this version cannot read it; `fault` says why
    """

    arn: str
    record: R | None
    fault: str = ""


class InspectionRows(Rows):
    """The part of a transaction that is about the store's own health."""

    def schema_version(self) -> str:
        """Return the name of the last migration, "" before the first."""
        if not inspect(self._connection).has_table("alembic_version"):
            return ""
        of_last = text("SELECT version_num FROM alembic_version")
        return self._connection.execute(of_last).scalar() or ""

    def oldest_schema(self) -> str:
        """Return the oldest version of the schema whose servers may work with the one that there is."""
        version = self.schema_version()
        if version < FIRST_WITH_SUPPORT:
            return version
        return str(self._connection.execute(select(SUPPORT.c.oldest)).scalar_one())

    def bucket_owners(self) -> dict[str, str]:
        """Return the account of every bucket that was claimed; the schema may be that of an earlier version."""
        owned = text("SELECT bucket, account FROM buckets")
        return {row.bucket: row.account for row in self._connection.execute(owned)}

    def readings(self, kind: type[R]) -> list[Reading[R]]:
        """Return every record of a kind, those that cannot be read among them."""
        found = select(RESOURCES.c.arn, RESOURCES.c.body).where(RESOURCES.c.kind == kind.kind.value)
        return [_reading(kind, arn, body) for arn, body in self._connection.execute(found)]

    def dangling(self) -> list[Dangling]:
        """Return tasks of missing jobs, tags of missing resources, and what belongs to a missing parent."""
        found: list[Dangling] = []
        for search in _SEARCHES:
            is_owned = exists().where(_OWNERS.c.arn == func.lower(search.owner))
            query = select(search.table).where(search.among, ~is_owned)
            found += [
                Dangling(search.kind, row[search.owner.name], json.dumps(dict(row)))
                for row in self._connection.execute(query).mappings()
            ]
        return found

    def drop_dangling(self, rows: Iterable[Dangling]) -> None:
        """Delete these rows."""
        for dangling in rows:
            table, row = _TABLES[dangling.kind], json.loads(dangling.row)
            is_it = and_(*(column == row[column.name] for column in table.primary_key))
            self._connection.execute(delete(table).where(is_it))


def _reading(kind: type[R], arn: str, body: str) -> Reading[R]:
    try:
        return Reading(arn, from_body(kind, body))
    except (StoreUnusable, TypeError, ValueError, KeyError, AttributeError) as error:
        return Reading(arn, None, f"{type(error).__name__}: {error}")

"""Resources in their table: written, found, counted, removed. Lists are in paging.py."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from windvane.domain.candidate import Candidate
from windvane.domain.events import state_of
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Resource
from windvane.domain.transitions import check_transition
from windvane.errors import NewerRecord
from windvane.names import Scope
from windvane.store.base import Page, Query
from windvane.store.bodies.versions import from_body, to_body
from windvane.store.event_rows import EventRows
from windvane.store.paging import page_after, page_query, total_query
from windvane.store.schema import INSTANCES, PLACEMENTS, RESOURCES, TAGS, TASKS
from windvane.store.times import to_micros

R = TypeVar("R", bound=Resource)

_BODY = select(RESOURCES.c.body)
_BODY_AND_ARN = select(RESOURCES.c.body, RESOURCES.c.arn)
_OLDEST_FIRST = (RESOURCES.c.created, RESOURCES.c.id)


class ResourceRows(EventRows):
    """The part of a Transaction that is about resources. What changes the state of one also writes the event."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._left_alone: set[str] = set()

    @property
    def left_alone(self) -> frozenset[str]:
        return frozenset(self._left_alone)

    def insert(self, record: Resource) -> bool:
        taken = select(RESOURCES.c.id).where(_is_named(type(record), record.scope, record.name))
        if self._connection.execute(taken).first() is not None:
            return False
        self._connection.execute(insert(RESOURCES).values(**_identity(record), **_content(record)))
        self._tell(record, before="")
        return True

    def update(self, record: Resource) -> None:
        before = self.find(type(record), record.scope, record.name)
        if before is None:
            raise KeyError(record.arn)
        check_transition(before, record)
        named = _is_named(type(record), record.scope, record.name)
        self._connection.execute(update(RESOURCES).where(named).values(**_content(record)))
        self._tell(record, before=state_of(before))

    def delete(self, record: Resource) -> None:
        named = _is_named(type(record), record.scope, record.name)
        removed = self._connection.execute(delete(RESOURCES).where(named))
        if removed.rowcount:
            self._remove_what_belongs_to(record.arn.lower())
            for table in (PLACEMENTS, INSTANCES):
                self._connection.execute(delete(table).where(table.c.arn == record.arn.lower()))
            if state_of(record):
                self._write_event(record, self._job_of(record), is_gone=True)

    def find(self, kind: type[R], scope: Scope, name: str) -> R | None:
        return self._first(kind, _BODY.where(_is_named(kind, scope, name)))

    def by_arn(self, kind: type[R], arn: str) -> R | None:
        return self._first(
            kind, _BODY.where(RESOURCES.c.arn == arn.lower(), RESOURCES.c.kind == _name(kind))
        )

    def named(self, kind: type[R], scope: Scope, names: Iterable[str]) -> list[R]:
        keys = sorted({name.lower() for name in names})
        columns = RESOURCES.c
        found = select(columns.created, columns.id, columns.body).where(
            columns.kind == _name(kind), _is_in(scope), columns.name_key.in_(keys)
        )
        # Sorted here: asked for an order, SQLite walks the index that has it, through all records of the scope.
        rows = sorted(self._connection.execute(found), key=lambda row: (row.created, row.id))
        return [from_body(kind, row.body) for row in rows]

    def page(self, kind: type[R], query: Query) -> Page[R]:
        rows = self._connection.execute(page_query(_name(kind), query)).all()
        shown = rows[: query.limit]
        records = tuple(self._known(kind, shown))
        return Page(records, page_after(shown[-1]) if len(rows) > query.limit else None)

    def total(self, kind: type[R], query: Query, at_most: int | None = None) -> int:
        wanted = total_query(_name(kind), query, at_most)
        counted: int = self._connection.execute(wanted).scalar_one()
        return counted

    def children(self, kind: type[R], parent: str) -> list[R]:
        return self._all(
            kind,
            _BODY.where(RESOURCES.c.parent == parent.lower(), RESOURCES.c.kind == _name(kind)),
        )

    def child_counts(self, kind: type[R], parents: Iterable[str]) -> dict[str, dict[str, int]]:
        asked_for = {parent.lower(): parent for parent in parents}
        columns = RESOURCES.c
        counted = (
            select(columns.parent, columns.status, func.count())
            .where(columns.parent.in_(sorted(asked_for)), columns.kind == _name(kind))
            .group_by(columns.parent, columns.status)
            .order_by(columns.parent, columns.status)
        )
        counts: dict[str, dict[str, int]] = {}
        for parent, status, n in self._connection.execute(counted):
            counts.setdefault(asked_for[parent], {})[status] = n
        return counts

    def every(self, kind: type[R], statuses: Sequence[str], account: str | None = None) -> list[R]:
        found = _BODY_AND_ARN.where(_is_in_status(kind, statuses))
        if account is not None:
            found = found.where(RESOURCES.c.account == account)
        rows = self._connection.execute(found.order_by(*_OLDEST_FIRST)).all()
        return list(self._known(kind, rows))

    def count(
        self,
        kind: type[R],
        statuses: Sequence[str],
        scope: Scope | None = None,
        account: str | None = None,
    ) -> int:
        counted = select(func.count()).where(_is_in_status(kind, statuses))
        if scope is not None:
            counted = counted.where(_is_in(scope))
        if account is not None:
            counted = counted.where(RESOURCES.c.account == account)
        return self._connection.execute(counted).scalar_one()

    def counts_by_status(self, kind: type[R]) -> dict[str, int]:
        counts = (
            select(RESOURCES.c.status, func.count())
            .where(RESOURCES.c.kind == _name(kind))
            .group_by(RESOURCES.c.status)
            .order_by(RESOURCES.c.status)
        )
        return dict(self._connection.execute(counts).all())

    def _tell(self, record: Resource, before: str) -> None:
        if state_of(record) != before:
            self._write_event(record, self._job_of(record))

    def _job_of(self, record: Resource) -> AutoMLJob | None:
        is_candidate = isinstance(record, Candidate) and record.parent
        return self.by_arn(AutoMLJob, record.parent) if is_candidate else None

    def _first(self, kind: type[R], query: Select[str]) -> R | None:
        body = self._connection.execute(query).scalar()
        return None if body is None else from_body(kind, body)

    def _all(self, kind: type[R], query: Select[str]) -> list[R]:
        bodies = self._connection.execute(query.order_by(*_OLDEST_FIRST)).scalars()
        return [from_body(kind, body) for body in bodies]

    def _known(self, kind: type[R], rows: Iterable[Any]) -> Iterator[R]:
        """Yield the records of rows, less those that a newer version has written."""
        for row in rows:
            try:
                yield from_body(kind, row.body)
            except NewerRecord:
                self._left_alone.add(row.arn)

    def _remove_what_belongs_to(self, arn: str) -> None:
        """Remove its tags and tasks, and what is below it with theirs, in as many statements however much that is."""
        child = select(RESOURCES.c.id, RESOURCES.c.arn)
        below = child.where(RESOURCES.c.parent == arn).cte("below", recursive=True)
        below = below.union(child.join(below, RESOURCES.c.parent == below.c.arn))
        for table, owner in ((TAGS, TAGS.c.arn), (TASKS, TASKS.c.job_arn)):
            self._connection.execute(delete(table).where(owner == arn))
            self._connection.execute(delete(table).where(owner.in_(select(below.c.arn))))
        self._connection.execute(delete(RESOURCES).where(RESOURCES.c.id.in_(select(below.c.id))))


def _name(kind: type[Resource]) -> str:
    return str(kind.kind)


def _is_in(scope: Scope) -> ColumnElement[bool]:
    return and_(RESOURCES.c.account == scope.account, RESOURCES.c.region == scope.region)


def _is_named(kind: type[Resource], scope: Scope, name: str) -> ColumnElement[bool]:
    return and_(
        RESOURCES.c.kind == _name(kind), _is_in(scope), RESOURCES.c.name_key == name.lower()
    )


def _is_in_status(kind: type[Resource], statuses: Sequence[str]) -> ColumnElement[bool]:
    return and_(RESOURCES.c.kind == _name(kind), RESOURCES.c.status.in_([str(s) for s in statuses]))


def _identity(record: Resource) -> dict[str, Any]:
    """Return the columns that stay as long as the record is there."""
    return {
        "kind": _name(type(record)),
        "account": record.scope.account,
        "region": record.scope.region,
        "name_key": record.name.lower(),
        "arn": record.arn.lower(),
    }


def _content(record: Resource) -> dict[str, Any]:
    """Return the columns that a changed record brings along."""
    score: float | None = getattr(record, "score", None)
    return {
        "name": record.name,
        "parent": record.parent.lower(),
        "status": str(getattr(record, "status", "")),
        "score": None if score is None or math.isnan(score) else float(score),
        "created": to_micros(record.created),
        "modified": to_micros(record.modified),
        "body": to_body(record),
    }

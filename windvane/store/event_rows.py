"""Events in their table, and how far their subscribers are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, func, insert, select

from windvane.domain.events import Event, detail_type_of, document_of, owner_of
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Resource
from windvane.names import Scope
from windvane.store.outbox import Subscriber
from windvane.store.rows import Rows
from windvane.store.schema import EVENTS, SUBSCRIBERS
from windvane.store.times import from_micros, to_micros


class EventRows(Rows):
    """The part of a Transaction that is about events."""

    def events(
        self, *, after: int, limit: int, scope: Scope | None = None, owner: str = ""
    ) -> list[Event]:
        found = select(EVENTS).where(EVENTS.c.id > after)
        if scope is not None:
            found = found.where(EVENTS.c.account == scope.account, EVENTS.c.region == scope.region)
        if owner:
            found = found.where(EVENTS.c.owner == owner.lower())
        rows = self._connection.execute(found.order_by(EVENTS.c.id).limit(limit))
        return [_event(row) for row in rows]

    def last_event(self) -> int:
        return self._connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0

    def subscriber(self, key: str) -> Subscriber | None:
        row = self._connection.execute(select(SUBSCRIBERS).where(SUBSCRIBERS.c.key == key)).first()
        return None if row is None else Subscriber(row.key, row.position, row.skipped)

    def put_subscriber(self, subscriber: Subscriber) -> None:
        self._connection.execute(delete(SUBSCRIBERS).where(SUBSCRIBERS.c.key == subscriber.key))
        self._connection.execute(
            insert(SUBSCRIBERS).values(
                key=subscriber.key, position=subscriber.position, skipped=subscriber.n_skipped
            )
        )

    def forget_events(self, before: datetime, at_most: int) -> int:
        oldest = select(EVENTS.c.id, EVENTS.c.time).order_by(EVENTS.c.id).limit(at_most)
        rows = self._connection.execute(oldest).all()
        old = [row.id for row in rows if row.time < to_micros(before)]
        self._connection.execute(delete(EVENTS).where(EVENTS.c.id.in_(old)))
        return len(old)

    def _write_event(
        self, record: Resource, job: AutoMLJob | None, *, is_gone: bool = False
    ) -> None:
        event_id = str(uuid4())
        self._connection.execute(
            insert(EVENTS).values(
                event_id=event_id,
                account=record.scope.account,
                region=record.scope.region,
                owner=owner_of(record).lower(),
                detail_type=detail_type_of(record),
                time=to_micros(record.modified),
                document=document_of(record, event_id, job, is_gone=is_gone),
            )
        )


def _event(row: Row[Any]) -> Event:
    return Event(
        sequence=row.id,
        id=row.event_id,
        scope=Scope(row.account, row.region),
        owner=row.owner,
        detail_type=row.detail_type,
        time=from_micros(row.time),
        document=row.document,
    )

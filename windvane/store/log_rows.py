"""Logs in their tables: groups, streams, lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from windvane.domain.logs import (
    LONGEST_MESSAGE,
    LogEvent,
    LogGroup,
    LogLine,
    LogPlace,
    LogStream,
    clean,
)
from windvane.names import Scope
from windvane.notes.note import Note, note_to_json
from windvane.store.logbook import LineQuery, StreamQuery
from windvane.store.rows import Rows
from windvane.store.schema import LOG_GROUPS, LOG_LINES, LOG_STREAMS
from windvane.store.times import from_micros, to_micros

_BYTES_OF_GROUP = (
    select(func.coalesce(func.sum(LOG_STREAMS.c.bytes), 0))
    .where(LOG_STREAMS.c.group_id == LOG_GROUPS.c.id)
    .scalar_subquery()
    .label("bytes")
)
_GROUP = select(LOG_GROUPS, _BYTES_OF_GROUP)


class LogRows(Rows):
    """The part of a Transaction that is about logs."""

    def log(self, place: LogPlace, lines: Sequence[LogLine], now: datetime) -> None:
        if not lines:
            return
        kept = [(clean(line.message), _kept(line.note)) for line in lines]
        written = to_micros(now)
        group_id = self._ensure_group(place, written)
        newest = select(func.max(LOG_LINES.c.time_ms)).where(LOG_LINES.c.group_id == group_id)
        time_ms = max(written // 1000, self._connection.execute(newest).scalar() or 0)
        n_bytes = sum(len(message.encode()) for message, _ in kept)
        stream_id = self._ensure_stream(group_id, place.stream, time_ms, written, n_bytes)
        row = {"group_id": group_id, "stream_id": stream_id, "time_ms": time_ms}
        self._connection.execute(
            insert(LOG_LINES),
            [
                {**row, "ingested": written, "message": message, "note": note}
                for message, note in kept
            ],
        )

    def log_group(self, scope: Scope, name: str) -> LogGroup | None:
        row = self._connection.execute(_GROUP.where(*_named(scope, name))).first()
        return None if row is None else _group(row)

    def log_groups(
        self, scope: Scope, *, prefix: str = "", contains: str = "", after: str = "", limit: int
    ) -> list[LogGroup]:
        columns = LOG_GROUPS.c
        found = _GROUP.where(columns.account == scope.account, columns.region == scope.region)
        found = found.where(columns.name > after, *_begins(columns.name, prefix))
        if contains:
            found = found.where(_holds(columns.name, contains))
        rows = self._connection.execute(found.order_by(columns.name).limit(limit))
        return [_group(row) for row in rows]

    def log_stream(self, scope: Scope, group: str, name: str) -> LogStream | None:
        found = _streams_of(scope, group).where(LOG_STREAMS.c.name == name)
        row = self._connection.execute(found).first()
        return None if row is None else _stream(row)

    def log_streams(self, query: StreamQuery) -> list[LogStream]:
        columns = LOG_STREAMS.c
        order: list[ColumnElement[Any]] = [columns.last_ms] if query.by_time else []
        order.append(columns.name)
        found = _streams_of(query.scope, query.group).where(*_begins(columns.name, query.prefix))
        if query.after is not None:
            last = query.after if query.by_time else [query.after]
            here, there = tuple_(*order), tuple_(*(literal(value) for value in last))
            found = found.where(here < there if query.descending else here > there)
        ordered = [column.desc() if query.descending else column.asc() for column in order]
        rows = self._connection.execute(found.order_by(*ordered).limit(query.limit))
        return [_stream(row) for row in rows]

    def log_lines(self, query: LineQuery) -> list[LogEvent]:
        group_id = self._group_id(query.scope, query.group)
        if group_id is None:
            return []
        columns = LOG_LINES.c
        order = [columns.time_ms, columns.id]
        found = (
            select(LOG_LINES, LOG_STREAMS.c.name.label("stream"))
            .join(LOG_STREAMS, LOG_STREAMS.c.id == columns.stream_id)
            .where(*self._line_filters(query, group_id))
            .order_by(*(column.desc() if query.newest_first else column for column in order))
            .limit(query.limit)
        )
        return [_line(row) for row in self._connection.execute(found)]

    def forget_lines(self, before: datetime, at_most: int) -> int:
        oldest = select(LOG_LINES).order_by(LOG_LINES.c.id).limit(at_most)
        rows = self._connection.execute(oldest).all()
        old = [row for row in rows if row.ingested < to_micros(before)]
        if not old:
            return 0
        self._connection.execute(
            delete(LOG_LINES).where(LOG_LINES.c.id.in_([row.id for row in old]))
        )
        for stream_id in {row.stream_id for row in old}:
            gone = sum(len(row.message.encode()) for row in old if row.stream_id == stream_id)
            self._shrink(stream_id, gone)
        for group_id in {row.group_id for row in old}:
            self._drop_if_empty(group_id)
        return len(old)

    def _line_filters(self, query: LineQuery, group_id: int) -> Iterator[ColumnElement[bool]]:
        columns = LOG_LINES.c
        if query.streams is not None and len(query.streams) == 1:
            # By the stream alone, so that its index serves.
            named = self._stream_id(group_id, query.streams[0])
            yield columns.stream_id == (-1 if named is None else named)
        else:
            yield columns.group_id == group_id
            if query.streams is not None:
                yield LOG_STREAMS.c.name.in_(query.streams)
        yield from _begins(LOG_STREAMS.c.name, query.prefix)
        if query.start_ms is not None:
            yield columns.time_ms >= query.start_ms
        if query.end_ms is not None:
            yield columns.time_ms < query.end_ms
        position = tuple_(columns.time_ms, columns.id)
        if query.after is not None:
            yield position > tuple_(*(literal(value) for value in query.after))
        if query.before is not None:
            yield position < tuple_(*(literal(value) for value in query.before))

    def _ensure_group(self, place: LogPlace, written: int) -> int:
        known = self._group_id(place.scope, place.group)
        if known is not None:
            return known
        made = self._connection.execute(
            insert(LOG_GROUPS).values(
                account=place.scope.account,
                region=place.scope.region,
                name=place.group,
                created=written,
            )
        )
        return _key(made.inserted_primary_key)

    def _group_id(self, scope: Scope, name: str) -> int | None:
        found = select(LOG_GROUPS.c.id).where(*_named(scope, name))
        return self._connection.execute(found).scalar()

    def _ensure_stream(
        self, group_id: int, name: str, time_ms: int, written: int, n_bytes: int
    ) -> int:
        columns = LOG_STREAMS.c
        is_it = (columns.group_id == group_id, columns.name == name)
        stream_id: int | None = self._connection.execute(select(columns.id).where(*is_it)).scalar()
        if stream_id is not None:
            self._connection.execute(
                update(LOG_STREAMS)
                .where(columns.id == stream_id)
                .values(last_ms=time_ms, ingested=written, bytes=columns.bytes + n_bytes)
            )
            return stream_id
        made = self._connection.execute(
            insert(LOG_STREAMS).values(
                group_id=group_id,
                name=name,
                created=written,
                first_ms=time_ms,
                last_ms=time_ms,
                ingested=written,
                bytes=n_bytes,
            )
        )
        return _key(made.inserted_primary_key)

    def _stream_id(self, group_id: int, name: str) -> int | None:
        columns = LOG_STREAMS.c
        found = select(columns.id).where(columns.group_id == group_id, columns.name == name)
        return self._connection.execute(found).scalar()

    def _shrink(self, stream_id: int, n_bytes: int) -> None:
        """A stream whose oldest lines have gone; it goes with its last one."""
        left = select(func.min(LOG_LINES.c.time_ms)).where(LOG_LINES.c.stream_id == stream_id)
        first_ms = self._connection.execute(left).scalar()
        is_it = LOG_STREAMS.c.id == stream_id
        if first_ms is None:
            self._connection.execute(delete(LOG_STREAMS).where(is_it))
            return
        self._connection.execute(
            update(LOG_STREAMS)
            .where(is_it)
            .values(first_ms=first_ms, bytes=LOG_STREAMS.c.bytes - n_bytes)
        )

    def _drop_if_empty(self, group_id: int) -> None:
        streams = select(LOG_STREAMS.c.id).where(LOG_STREAMS.c.group_id == group_id).exists()
        self._connection.execute(delete(LOG_GROUPS).where(LOG_GROUPS.c.id == group_id, ~streams))


def _key(inserted: Any) -> int:
    key: int = inserted[0]
    return key


def _named(scope: Scope, name: str) -> tuple[ColumnElement[bool], ...]:
    columns = LOG_GROUPS.c
    return (columns.account == scope.account, columns.region == scope.region, columns.name == name)


def _streams_of(scope: Scope, group: str) -> Select[Any]:
    joined = LOG_STREAMS.c.group_id == LOG_GROUPS.c.id
    return select(LOG_STREAMS).join(LOG_GROUPS, joined).where(*_named(scope, group))


def _begins(column: ColumnElement[Any], prefix: str) -> Iterator[ColumnElement[bool]]:
    """Yield a range, which an index serves, and whose bounds take notice of case."""
    if prefix:
        yield column >= prefix
        yield column < prefix + chr(0x10FFFF)


def _holds(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    # Not LIKE, which in SQLite takes no notice of case.
    return func.replace(column, text, "") != column


def _group(row: Row[Any]) -> LogGroup:
    created = from_micros(row.created)
    return LogGroup(Scope(row.account, row.region), row.name, created, int(row.bytes))


def _stream(row: Row[Any]) -> LogStream:
    return LogStream(
        name=row.name,
        created=from_micros(row.created),
        first=from_micros(1000 * row.first_ms),
        last=from_micros(1000 * row.last_ms),
        ingested=from_micros(row.ingested),
        n_bytes=row.bytes,
    )


def _line(row: Row[Any]) -> LogEvent:
    return LogEvent(row.id, row.stream, row.time_ms, row.ingested // 1000, row.message, row.note)


def _kept(note: Note | None) -> str | None:
    """Return a note as it is kept; None for one that is longer than a line may be: ten thousand are read at once."""
    text = None if note is None else json.dumps(note_to_json(note), separators=(",", ":"))
    return text if text is not None and len(text) <= LONGEST_MESSAGE else None

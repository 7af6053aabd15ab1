"""One page of a list as a query, and where the next one goes on.

A position is the last record's sort value and id. What comes after it is asked for by value, never by a
count of rows to skip, so records that come and go between two pages shift nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, tuple_

from windvane.store.base import OrderBy, Query
from windvane.store.schema import RESOURCES, TAGS
from windvane.store.times import to_micros

_SORT_COLUMN: dict[OrderBy, ColumnElement[Any]] = {
    OrderBy.NAME: RESOURCES.c.name_key,
    OrderBy.CREATED: RESOURCES.c.created,
    OrderBy.MODIFIED: RESOURCES.c.modified,
    OrderBy.STATUS: RESOURCES.c.status,
    OrderBy.SCORE: RESOURCES.c.score,
}


def page_query(kind: str, query: Query) -> Select[Any]:
    """Return columns body, arn, id and sort_value of the page's rows, and of one more row if the list goes on."""
    # Bodies are fetched for the page alone: what is sorted and left out along the way stays in the indexes.
    listed = (
        select(RESOURCES.c.id, _SORT_COLUMN[query.order].label("sort_value"))
        .where(*_filters(kind, query))
        .order_by(*_order(query, RESOURCES.c.id, _SORT_COLUMN[query.order]))
        .limit(query.limit + 1)
    )
    if query.after is not None:
        listed = listed.where(_comes_after(query))
    page = listed.subquery()
    return (
        select(RESOURCES.c.body, RESOURCES.c.arn, page.c.id, page.c.sort_value)
        .join(page, page.c.id == RESOURCES.c.id)
        .order_by(*_order(query, page.c.id, page.c.sort_value))
    )


def total_query(kind: str, query: Query, at_most: int | None) -> Select[Any]:
    """Return the query of one number: the rows that pass the query's filters, as far as they are counted."""
    passing = select(RESOURCES.c.id).where(*_filters(kind, query)).limit(at_most)
    return select(func.count()).select_from(passing.subquery())


def page_after(row: Row[Any]) -> list[Any]:
    """Return the position (JSON) just after this row of a page."""
    return [row.sort_value, row.id]


def _filters(kind: str, query: Query) -> Iterator[ColumnElement[bool]]:
    columns = RESOURCES.c
    yield columns.kind == kind
    yield columns.account == query.scope.account
    yield columns.region == query.scope.region
    if query.parent is not None:
        yield columns.parent == query.parent.lower()
    if query.status is not None:
        yield columns.status == str(query.status)
    if query.name_equals is not None:
        yield columns.name_key == query.name_equals.lower()
    if query.name_contains is not None:
        yield columns.name_key.contains(query.name_contains.lower(), autoescape=True)
    if query.created_after is not None:
        yield columns.created > to_micros(query.created_after)
    if query.created_before is not None:
        yield columns.created < to_micros(query.created_before)
    if query.modified_after is not None:
        yield columns.modified > to_micros(query.modified_after)
    if query.modified_before is not None:
        yield columns.modified < to_micros(query.modified_before)
    if query.tagged is not None:
        key, value = query.tagged
        yield _has_tag(TAGS.c.key == key, TAGS.c.value == value)
    if query.has_tag is not None:
        yield _has_tag(TAGS.c.key == query.has_tag)
    if query.lacks_tag is not None:
        yield ~_has_tag(TAGS.c.key == query.lacks_tag)


def _has_tag(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(TAGS.c.arn == RESOURCES.c.arn, *conditions).correlate(RESOURCES)


def _order(
    query: Query, row_id: ColumnElement[Any], value: ColumnElement[Any]
) -> Iterator[ColumnElement[Any]]:
    if query.order is OrderBy.SCORE:
        yield value.is_(None)
    for column in (value, row_id):
        yield column.desc() if query.descending else column.asc()


def _comes_after(query: Query) -> ColumnElement[bool]:
    value, row_id = query.after
    if query.order is OrderBy.SCORE:
        return _comes_after_score(value, row_id, query.descending)
    return _beyond(
        tuple_(_SORT_COLUMN[query.order], RESOURCES.c.id),
        tuple_(literal(value), literal(row_id)),
        query.descending,
    )


def _comes_after_score(score: float | None, row_id: int, descending: bool) -> ColumnElement[bool]:
    columns = RESOURCES.c
    further = _beyond(columns.id, literal(row_id), descending)
    if score is None:
        return and_(columns.score.is_(None), further)
    return or_(
        _beyond(columns.score, literal(score), descending),
        and_(columns.score == score, further),
        columns.score.is_(None),
    )


def _beyond(
    left: ColumnElement[Any], right: ColumnElement[Any], descending: bool
) -> ColumnElement[bool]:
    return left < right if descending else left > right

"""What a store owes about lists: filters, orders, and pages that stay together while records come."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windvane.domain.candidate import Candidate
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.names import Scope
from windvane.store.base import OrderBy, Query, Store
from windvane.testing.store_laws.place import HOME, a_candidate, a_job, at

_IN_ORDER = {
    OrderBy.NAME: ["a", "B", "c", "D"],
    OrderBy.CREATED: ["D", "c", "B", "a"],
    OrderBy.MODIFIED: ["B", "a", "D", "c"],
    OrderBy.STATUS: ["a", "c", "B", "D"],
}

_FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"a", "B", "c", "D"}),
    ({"status": JobStatus.IN_PROGRESS}, {"B"}),
    ({"name_equals": "b"}, {"B"}),
    ({"name_contains": "d"}, {"D"}),
    ({"name_contains": "_"}, set()),
    ({"name_contains": "%"}, set()),
    ({"created_after": at(1)}, {"a", "B"}),
    ({"created_before": at(1)}, {"D"}),
    ({"created_after": at(0), "created_before": at(3)}, {"B", "c"}),
    ({"modified_after": at(1)}, {"c", "D"}),
    ({"modified_before": at(1)}, {"B"}),
    ({"parent": "somebody"}, set()),
    ({"scope": Scope(HOME.account, "elsewhere")}, set()),
]

_score = st.none() | st.sampled_from([0.0, 0.5, 1.0, -1.0]) | st.floats(allow_nan=False)


def _insert_four(store: Store) -> None:
    with store.transaction() as tx:
        tx.insert(a_job("a", created_s=3, modified_s=1, status=JobStatus.COMPLETED))
        tx.insert(a_job("B", created_s=2, modified_s=0, status=JobStatus.IN_PROGRESS))
        tx.insert(a_job("c", created_s=1, modified_s=3, status=JobStatus.FAILED))
        tx.insert(a_job("D", created_s=0, modified_s=2, status=JobStatus.STOPPED))


def _names(store: Store, query: Query) -> list[str]:
    return [name for page in _pages(store, query) for name in page]


def _pages(store: Store, query: Query) -> Iterator[list[str]]:
    kind = Candidate if query.order is OrderBy.SCORE else AutoMLJob
    while True:
        with store.snapshot() as tx:
            page = tx.page(kind, query)
        yield [record.name for record in page.records]
        if page.position is None:
            return
        assert page.position != query.after, "the list does not go on"
        query = replace(query, after=json.loads(json.dumps(page.position)))


class PagingLaws:
    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
    @pytest.mark.parametrize("order", list(_IN_ORDER))
    def test_a_list_comes_in_its_order_in_both_directions(
        self, store: Store, order: OrderBy, limit: int
    ) -> None:
        _insert_four(store)
        query = Query(scope=HOME, order=order, limit=limit)
        assert _names(store, replace(query, descending=False)) == _IN_ORDER[order]
        assert _names(store, replace(query, descending=True)) == _IN_ORDER[order][::-1]

    @pytest.mark.parametrize(("filters", "expected"), _FILTERS)
    def test_filters_take_away_what_they_say(
        self, store: Store, filters: dict[str, Any], expected: set[str]
    ) -> None:
        _insert_four(store)
        query = Query(**{"scope": HOME, "limit": 2, **filters})
        assert set(_names(store, query)) == expected
        with store.snapshot() as tx:
            later = replace(query, after=["z", 10**9], order=OrderBy.NAME)
            assert tx.total(AutoMLJob, query) == tx.total(AutoMLJob, later) == len(expected)

    def test_a_page_is_never_longer_than_its_limit_and_the_last_has_no_position(
        self, store: Store
    ) -> None:
        _insert_four(store)
        pages = list(_pages(store, Query(scope=HOME, limit=2)))
        assert [len(page) for page in pages] == [2, 2]

    def test_a_parent_has_only_its_own_in_the_list(self, store: Store) -> None:
        job = a_job()
        with store.transaction() as tx:
            tx.insert(a_candidate("mine", parent=job.arn, score=1))
            tx.insert(a_candidate("other", parent=a_job("other").arn, score=2))
        query = Query(scope=HOME, parent=job.arn, order=OrderBy.SCORE)
        assert _names(store, query) == ["mine"]
        assert _names(store, replace(query, scope=Scope("1", HOME.region))) == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_records_without_a_score_come_last_in_both_directions(
        self, store: Store, limit: int
    ) -> None:
        with store.transaction() as tx:
            for name, score in (("n1", None), ("low", -2.5), ("n2", None), ("high", 0.1)):
                tx.insert(a_candidate(name, score=score))
        query = Query(scope=HOME, order=OrderBy.SCORE, limit=limit)
        assert _names(store, replace(query, descending=False)) == ["low", "high", "n1", "n2"]
        assert _names(store, replace(query, descending=True)) == ["high", "low", "n2", "n1"]

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        scores=st.lists(_score, max_size=12),
        late_scores=st.lists(_score, max_size=6),
        order=st.sampled_from([OrderBy.SCORE, OrderBy.CREATED, OrderBy.NAME, OrderBy.MODIFIED]),
        descending=st.booleans(),
        limit=st.integers(1, 5),
    )
    def test_inserts_between_pages_neither_shift_nor_hide_what_was_there(
        self,
        store: Store,
        scores: list[float | None],
        late_scores: list[float | None],
        order: OrderBy,
        descending: bool,
        limit: int,
    ) -> None:
        scope = Scope("000000000000", uuid.uuid4().hex)
        first = [_candidate_of(scope, i, score) for i, score in enumerate(scores)]
        late = [_candidate_of(scope, 100 + i, score) for i, score in enumerate(late_scores)]
        with store.transaction() as tx:
            for record in first:
                tx.insert(record)
        query: Query | None = Query(scope=scope, order=order, descending=descending, limit=limit)
        seen: list[Candidate] = []
        while query is not None:
            with store.transaction() as tx:
                page = tx.page(Candidate, query)
                assert page.position is None or page.position != query.after
                if late:
                    tx.insert(late.pop())
            seen += page.records
            query = None if page.position is None else replace(query, after=page.position)
        names = [record.name for record in seen]
        assert len(names) == len(set(names))
        assert {record.name for record in first} <= set(names)
        _assert_ordered(seen, order, descending)


def _candidate_of(scope: Scope, number: int, score: float | None) -> Candidate:
    name = f"{number * 7919 % 1009:04}"
    return a_candidate(name, scope=scope, score=score, created_s=number % 3)


def _assert_ordered(seen: list[Candidate], order: OrderBy, descending: bool) -> None:
    values = [getattr(record, order) for record in seen]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=descending)
    assert values == known + [None] * (len(values) - len(known))

"""Lists and look-ups do not slow down with what else is in the store."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from windvane.domain.candidate import Candidate
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.store.base import OrderBy, Query
from windvane.store.sqlite import SqliteStore
from windvane.testing.store_laws.place import HOME, a_candidate, a_job, at

LARGE_REQUEST = {"text": "x" * 6000}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    opened.migrate()
    _add_jobs(opened, range(10))
    with opened.transaction() as tx:
        for number in range(10):
            name = f"candidate-{number}"
            tx.insert(a_candidate(name, parent=a_job("job-1").arn, score=number))
        tx.set_tags(a_job("job-1").arn, {"project": "a"})
    yield opened
    opened.close()


def _add_jobs(store: SqliteStore, numbers: range) -> None:
    with store.transaction() as tx:
        for n in numbers:
            tx.insert(
                a_job(
                    f"job-{n}",
                    created_s=n,
                    modified_s=n,
                    status=JobStatus.COMPLETED,
                    sent=LARGE_REQUEST,
                )
            )


def _find(store: SqliteStore) -> None:
    with store.snapshot() as tx:
        assert tx.find(AutoMLJob, HOME, "job-1") is not None


def _page(query: Query) -> Callable[[SqliteStore], None]:
    def read(store: SqliteStore) -> None:
        with store.snapshot() as tx:
            tx.page(Candidate if query.parent else AutoMLJob, query)

    return read


def _several(store: SqliteStore) -> None:
    with store.snapshot() as tx:
        names = [f"{kind}-{number}" for kind in ("job", "none", "nobody") for number in range(10)]
        assert len(tx.named(AutoMLJob, HOME, names)) == 10


def _count_some(store: SqliteStore) -> None:
    with store.snapshot() as tx:
        assert tx.total(AutoMLJob, Query(scope=HOME, lacks_tag="archived"), 5) == 5


def _values_of_a_tag(store: SqliteStore) -> None:
    with store.snapshot() as tx:
        assert tx.tag_values(AutoMLJob, HOME, "project") == {"a": 1}


_FIRST_PAGES = {
    order.value: _page(Query(scope=HOME, order=order, limit=10))
    for order in OrderBy
    if order is not OrderBy.SCORE
}
_BOUNDED = {
    "find": _find,
    "several-names": _several,
    "count-some": _count_some,
    "values-of-a-tag": _values_of_a_tag,
    **_FIRST_PAGES,
    "status-filter": _page(Query(scope=HOME, status=JobStatus.COMPLETED, limit=10)),
    "candidates-by-score": _page(
        Query(scope=HOME, parent=a_job("job-1").arn, order=OrderBy.SCORE, limit=10)
    ),
}
_GROWING = {
    "name-contains": _page(Query(scope=HOME, name_contains="nowhere", limit=10)),
    "created-after-by-modified": _page(
        Query(scope=HOME, created_after=at(5), order=OrderBy.MODIFIED, limit=10)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("read", _BOUNDED.values(), ids=_BOUNDED.keys())
def test_the_work_of_a_read_does_not_grow_with_the_store(
    store: SqliteStore, read: Callable[[SqliteStore], None]
) -> None:
    few = _steps(store, read)
    _add_jobs(store, range(10, 400))
    assert _steps(store, read) < 2 * few


@pytest.mark.long
def test_10_000_jobs_slow_no_read_tenfold_and_no_scan_fiftyfold(store: SqliteStore) -> None:
    most = {**dict.fromkeys(_BOUNDED, 10), **dict.fromkeys(_GROWING, 50)}
    reads = {**_BOUNDED, **_GROWING}
    before = {name: _median_s(store, read) for name, read in reads.items()}
    _add_jobs(store, range(10, 10_000))
    ratios = {name: _median_s(store, read) / before[name] for name, read in reads.items()}
    assert {name: ratio for name, ratio in ratios.items() if ratio > most[name]} == {}


def _steps(store: SqliteStore, read: Callable[[SqliteStore], None]) -> int:
    """How often SQLite's virtual machine went on by 10 instructions: the same on every machine."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def watch(connection: object, record: object) -> None:
        connection.set_progress_handler(count, 10)  # type: ignore[attr-defined]

    store._engine.dispose()
    event.listen(store._engine, "connect", watch)
    read(store)
    event.remove(store._engine, "connect", watch)
    store._engine.dispose()
    return steps


def _median_s(store: SqliteStore, read: Callable[[SqliteStore], None]) -> float:
    times = []
    for _ in range(21):
        start = time.perf_counter()
        read(store)
        times.append(time.perf_counter() - start)
    return statistics.median(times)

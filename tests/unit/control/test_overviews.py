"""A page of overviews costs the store the same few questions however many jobs and candidates it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from windvane.control import overviews
from windvane.control.lists import Lists
from windvane.control.overviews import OverviewPage, Overviews
from windvane.domain.candidate import CandidateStatus
from windvane.names import PageTokens
from windvane.store.sqlite import SqliteStore
from windvane.testing.store_laws.place import HOME, START, a_candidate, a_job

N_JOBS = 100


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    opened.migrate()
    yield opened
    opened.close()


def _add(store: SqliteStore, name: str, n_candidates: int) -> None:
    job = replace(a_job(name), best_candidate=f"{name}-0", created=START + timedelta(seconds=1))
    with store.transaction() as tx:
        tx.insert(job)
        for number in range(n_candidates):
            candidate = a_candidate(f"{name}-{number}", parent=job.arn, score=number)
            tx.insert(replace(candidate, status=CandidateStatus.COMPLETED))


def _read(store: SqliteStore) -> OverviewPage:
    return Overviews(store, Lists(store, PageTokens(b"k" * 32))).list(HOME, {"MaxResults": 100})


def _asked(store: SqliteStore) -> int:
    """How many statements a page takes."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(store._engine, "before_cursor_execute", note)
    _read(store)
    event.remove(store._engine, "before_cursor_execute", note)
    return len(statements)


@pytest.mark.slow
def test_as_many_questions_for_a_hundred_jobs_as_for_one(store: SqliteStore) -> None:
    _add(store, "first", 1)
    few = _asked(store)
    for number in range(N_JOBS - 1):
        _add(store, f"job-{number}", 3)
    assert _asked(store) == few <= 9


def test_jobs_are_told_with_their_own_candidates(store: SqliteStore) -> None:
    for number in range(3):
        _add(store, f"job-{number}", number + 1)
    page = _read(store)
    assert page.total == 3
    told = {
        one.job.name: (one.best.name if one.best else "", dict(one.counts))
        for one in page.overviews
    }
    assert told == {
        f"job-{n}": (f"job-{n}-0", {CandidateStatus.COMPLETED: n + 1}) for n in range(3)
    }


def test_no_more_jobs_are_counted_than_are_worth_it(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "MOST_COUNTED", 2)
    for number in range(2):
        _add(store, f"job-{number}", 1)
    assert _read(store).total == 2
    _add(store, "job-2", 1)
    page = _read(store)
    assert page.total is None
    assert len(page.overviews) == 3

"""Records that a newer version has written: lists go on without them, and whoever means one of them is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from unit.work.newer import body_of, write_newer

from windvane.domain.job import AutoMLJob, JobStatus
from windvane.errors import NewerRecord
from windvane.store.base import Query
from windvane.store.sqlite import SqliteStore
from windvane.testing.store_laws.place import HOME, a_job


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    opened.migrate()
    yield opened
    opened.close()


def test_lists_go_on_without_them_and_tell_which_were_left_out(store: SqliteStore) -> None:
    known, newer = a_job(), replace(a_job(), name="newer")
    with store.transaction() as tx:
        tx.insert(known)
        tx.insert(newer)
    write_newer(store, newer)
    with store.snapshot() as tx:
        assert tx.left_alone == frozenset()
        assert tx.every(AutoMLJob, tuple(JobStatus)) == [known]
        assert tx.page(AutoMLJob, Query(scope=HOME)).records == (known,)
        assert tx.left_alone == {newer.arn.lower()}


def test_whoever_means_one_is_told_and_it_stays_as_it_is(store: SqliteStore) -> None:
    job = a_job()
    with store.transaction() as tx:
        tx.insert(job)
    newer = write_newer(store, job)
    with store.snapshot() as tx:
        for read in (
            lambda: tx.find(AutoMLJob, HOME, job.name),
            lambda: tx.by_arn(AutoMLJob, job.arn),
            lambda: tx.named(AutoMLJob, HOME, [job.name]),
            lambda: tx.children(AutoMLJob, job.parent),
        ):
            with pytest.raises(NewerRecord, match="version 99; this version of Windvane reads up"):
                read()
    with pytest.raises(NewerRecord), store.transaction() as tx:
        tx.update(replace(job, status=JobStatus.STOPPING))
    assert body_of(store, job) == newer

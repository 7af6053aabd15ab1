from datetime import UTC, datetime
from pathlib import Path

from benchmarks.seeded import SCOPE, fill
from windvane.domain.candidate import Candidate
from windvane.domain.job import AutoMLJob
from windvane.store.base import Query
from windvane.store.open import open_store

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_store_is_filled_from_one_number_of_jobs_to_the_next(tmp_path: Path):
    store = open_store("", tmp_path)
    store.migrate()
    fill(tmp_path, 0, 3, n_candidates=2, newest=NEWEST)
    fill(tmp_path, 3, 5, n_candidates=2, newest=NEWEST)
    with store.snapshot() as tx:
        jobs = tx.page(AutoMLJob, Query(scope=SCOPE)).records
        assert [job.name for job in jobs] == [f"filled-{number:07}" for number in range(5)]
        assert all(len(tx.children(Candidate, job.arn)) == 2 for job in jobs)
    store.close()

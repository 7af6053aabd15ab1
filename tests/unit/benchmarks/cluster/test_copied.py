from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cluster import copied
from benchmarks.cluster.copied import BLOCK, fill_by_copies
from benchmarks.seeded import SCOPE
from windvane.domain.candidate import Candidate
from windvane.domain.job import AutoMLJob
from windvane.store.base import Query
from windvane.store.open import open_store

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)


def test_copies_are_jobs_of_their_own_in_the_order_of_their_numbers(tmp_path: Path):
    store = open_store("", tmp_path)
    store.migrate()
    copied.fill(tmp_path, 0, 2, 1, NEWEST)
    fill_by_copies(tmp_path, 2, 2 * BLOCK + 3, 1, NEWEST)
    with store.snapshot() as tx:
        assert tx.total(AutoMLJob, Query(scope=SCOPE)) == 2 * BLOCK + 3
        first = [job.name for job in tx.page(AutoMLJob, Query(scope=SCOPE)).records][:3]
        assert first == ["filled-0000000", "filled-0000001", "filled-0000002"]
        for number in (BLOCK, 2 * BLOCK - 1, 2 * BLOCK + 2):
            name = f"filled-{number:07}"
            job = tx.find(AutoMLJob, SCOPE, name)
            assert job is not None
            assert job.arn.endswith(f"/{name}")
            [candidate] = tx.children(Candidate, job.arn)
            assert job.best_candidate == candidate.name == f"{name}-001"
    store.close()


def test_what_is_less_than_a_block_is_written_as_records(tmp_path: Path):
    store = open_store("", tmp_path)
    store.migrate()
    fill_by_copies(tmp_path, 0, 3, 1, NEWEST)
    with store.snapshot() as tx:
        assert tx.total(AutoMLJob, Query(scope=SCOPE)) == 3
    store.close()

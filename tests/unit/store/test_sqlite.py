import sqlite3
import threading
from pathlib import Path

import pytest

from windvane.domain.job import AutoMLJob
from windvane.errors import StoreUnusable
from windvane.store import sqlite
from windvane.store.sqlite import SqliteStore
from windvane.testing.store_laws.place import HOME, a_job


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_commits_are_written_ahead_and_reach_the_disk(path: Path) -> None:
    store = SqliteStore(path)
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


def test_threads_that_create_one_file_together_all_get_it(path: Path) -> None:
    barrier = threading.Barrier(8)
    stores: list[SqliteStore] = []

    def create() -> None:
        barrier.wait()
        store = SqliteStore(path)
        with store.snapshot():
            stores.append(store)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 8
    for store in stores:
        store.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_a_killed_process_left_of_a_new_file_is_taken_away(path: Path) -> None:
    for name in (".state.db.new", ".state.db.new-wal", ".state.db.new-shm"):
        path.with_name(name).write_bytes(b"half of it")
        path.with_name(name).chmod(0o600)
    with SqliteStore(path).snapshot():
        assert path.exists()
    assert not list(path.parent.glob(".state.db.*"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_writer_that_gets_no_turn_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_TIMEOUT_S", 0.01)
    store = SqliteStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnusable, match="busy with another writer"), store.transaction():
        pass
    other.execute("ROLLBACK")
    other.close()
    with store.transaction():
        pass
    store.close()


def test_a_full_disk_is_named_and_what_was_there_stays(path: Path) -> None:
    store = SqliteStore(path)
    store.migrate()
    with store.transaction() as tx:
        assert tx.insert(a_job("kept"))
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnusable, match="disk"), store.transaction() as tx:
        tx.insert(a_job("big", sent={"AutoMLJobName": "x" * 10_000_000}))
    with store.snapshot() as tx:
        assert tx.find(AutoMLJob, HOME, "kept") is not None
        assert tx.find(AutoMLJob, HOME, "big") is None
    store.close()

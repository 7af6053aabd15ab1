from pathlib import Path

import pytest

from windvane.errors import StoreUnusable
from windvane.store.open import open_store
from windvane.store.postgres import PostgresStore
from windvane.store.sqlite import SqliteStore


def test_without_a_url_the_store_is_a_private_file_in_the_data_folder(tmp_path: Path) -> None:
    store = open_store("", tmp_path / "data")
    store.migrate()
    files = sorted((tmp_path / "data").iterdir())
    assert [file.name for file in files] == ["windvane.db", "windvane.db-shm", "windvane.db-wal"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    store.close()


def test_a_sqlite_url_names_the_file(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/mine.db", tmp_path)
    assert isinstance(store, SqliteStore)
    assert (tmp_path / "mine.db").exists()
    store.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgres_url_is_not_connected_to_before_it_is_used(tmp_path: Path, scheme: str) -> None:
    store = open_store(f"{scheme}://user:secret@nowhere.invalid/db", tmp_path)
    assert isinstance(store, PostgresStore)
    store.close()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://user:secret@host/db", "no url: secret"]
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(StoreUnusable, match="postgresql://") as refused:
        open_store(url, tmp_path)
    assert "secret" not in str(refused.value)

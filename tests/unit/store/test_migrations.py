import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from windvane.errors import StoreUnusable
from windvane.store.schema import METADATA
from windvane.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    opened.migrate()
    yield opened
    opened.close()


def test_the_migrations_end_at_the_schema_of_the_code(store: SqliteStore) -> None:
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_store_that_a_newer_version_has_used_is_refused(
    store: SqliteStore, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreUnusable, match=r"schema 9999.*newer version"):
        store.migrate()


def test_migrating_leaves_the_logging_as_it_was(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (logging.root.level, list(logging.root.handlers))
    store = SqliteStore(tmp_path / "new.db")
    store.migrate()
    store.close()
    assert (logging.root.level, list(logging.root.handlers)) == before
    assert capfd.readouterr() == ("", "")

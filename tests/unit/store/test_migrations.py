import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert

from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.logs import LogLine, LogPlace
from windvane.store import migrations
from windvane.store.migrations.upgrade import known_revisions
from windvane.store.resource_rows import _content, _identity
from windvane.store.schema import METADATA, NEWEST_VERSION, RESOURCES
from windvane.store.sqlite import SqliteStore
from windvane.testing.store_laws.place import HOME, START, a_job


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    opened.migrate()
    yield opened
    opened.close()


def test_the_migrations_end_at_the_schema_of_the_code(store: SqliteStore) -> None:
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_migrating_leaves_the_logging_as_it_was(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (logging.root.level, list(logging.root.handlers))
    store = SqliteStore(tmp_path / "new.db")
    store.migrate()
    store.close()
    assert (logging.root.level, list(logging.root.handlers)) == before
    assert capfd.readouterr() == ("", "")


def test_a_store_of_the_first_schema_is_upgraded_with_what_is_in_it(tmp_path: Path) -> None:
    """Its jobs have no events yet, and get them from the next change on."""
    store = SqliteStore(tmp_path / "old.db")
    with store._alone() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {**_identity(a_job()), **_content(a_job())}
        connection.execute(insert(RESOURCES).values(**row))
    store.migrate()
    with store.transaction() as tx:
        assert tx.find(AutoMLJob, HOME, "job") == a_job()
        assert tx.last_event() == 0
        tx.update(a_job(status=JobStatus.STOPPING))
        assert len(tx.events(after=0, limit=9)) == 1
        tx.log(LogPlace(HOME, "g", "s"), [LogLine("a line")], START)
    store.close()


def test_the_newest_version_is_that_of_the_last_migration():
    assert known_revisions()[-1] == NEWEST_VERSION

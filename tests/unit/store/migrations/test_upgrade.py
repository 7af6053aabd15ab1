"""Migrations only add: servers of the release before go on beneath them. What is taken away shuts those out, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from windvane.errors import StoreUnusable
from windvane.store import migrations
from windvane.store.migrations.upgrade import known_revisions
from windvane.store.schema import NEWEST_VERSION, OLDEST_BESIDE
from windvane.store.sqlite import SqliteStore

_LAST_BEFORE_THE_RULE = "0010"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    yield opened
    opened.close()


def brought_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


Schema = dict[str, dict[str, Any]]


def schema_of(connection: Connection) -> Schema:
    found = inspect(connection)
    return {
        table: {
            "columns": {one["name"]: one for one in found.get_columns(table)},
            "unique": {
                *(tuple(one["column_names"]) for one in found.get_unique_constraints(table)),
                *(tuple(one["column_names"]) for one in found.get_indexes(table) if one["unique"]),
            },
            "foreign": {tuple(one["constrained_columns"]) for one in found.get_foreign_keys(table)},
            "checks": len(found.get_check_constraints(table)),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def losses(before: Schema, after: Schema) -> list[str]:
    """What a server that knows the schema of before misses in that of after, or may not write any more."""
    told = [f"the table {table} is gone" for table in sorted(before.keys() - after.keys())]
    for table in sorted(before.keys() & after.keys()):
        old, new = before[table], after[table]
        told += _lost_columns(table, old["columns"], new["columns"])
        for kind in ("unique", "foreign"):
            told += [f"{table} has a new {kind} {one}" for one in sorted(new[kind] - old[kind])]
        if new["checks"] > old["checks"]:
            told.append(f"{table} has a new check")
    return told


def _lost_columns(table: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    yield from (f"{table}.{name} is gone" for name in sorted(old.keys() - new.keys()))
    for name, column in sorted(new.items()):
        is_needed = not column["nullable"] and column["default"] is None
        if name not in old:
            if is_needed:
                yield f"{table}.{name} is new and has to be given"
        elif str(column["type"]) != str(old[name]["type"]):
            yield f"{table}.{name} is of another type"
        elif is_needed and old[name]["nullable"]:
            yield f"{table}.{name} has to be given now"


def test_every_migration_adds_or_shuts_earlier_servers_out(store: SqliteStore) -> None:
    """Expand in one release; contract in a later one, which raises OLDEST_BESIDE to itself."""
    with store._alone() as connection:
        brought_to(connection, _LAST_BEFORE_THE_RULE)
        before = schema_of(connection)
        for revision in known_revisions():
            if revision <= _LAST_BEFORE_THE_RULE:
                continue
            brought_to(connection, revision)
            after = schema_of(connection)
            lost = losses(before, after)
            assert lost == [] or revision <= OLDEST_BESIDE, f"{revision}: {'; '.join(lost)}"
            before = after


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP TABLE one", "the table one is gone"),
        ("ALTER TABLE one DROP COLUMN note", "one.note is gone"),
        ("ALTER TABLE one RENAME COLUMN note TO text", "one.note is gone"),
        ("CREATE UNIQUE INDEX notes ON one (note)", "one has a new unique ('note',)"),
        ("ALTER TABLE one ADD COLUMN more TEXT NOT NULL DEFAULT ''", None),
        ("ALTER TABLE one ADD COLUMN more TEXT", None),
        ("CREATE INDEX notes ON one (note)", None),
        ("CREATE TABLE two (id INTEGER)", None),
        (
            "DROP TABLE one; CREATE TABLE one (id INTEGER PRIMARY KEY, note INTEGER)",
            "one.note is of another type",
        ),
        (
            "DROP TABLE one; CREATE TABLE one (id INTEGER PRIMARY KEY, note TEXT NOT NULL)",
            "one.note has to be given now",
        ),
        (
            "DROP TABLE one; CREATE TABLE one (id INTEGER PRIMARY KEY, note TEXT, more TEXT NOT NULL)",
            "one.more is new and has to be given",
        ),
    ],
)
def test_what_takes_away_is_noticed(store: SqliteStore, change: str, told: str | None) -> None:
    with store._alone() as connection:
        connection.execute(text("CREATE TABLE one (id INTEGER PRIMARY KEY, note TEXT)"))
        before = schema_of(connection)
        for statement in change.split("; "):
            connection.execute(text(statement))
        assert losses(before, schema_of(connection)) == ([] if told is None else [told])


def test_the_schema_says_which_versions_may_still_work_with_it(store: SqliteStore) -> None:
    store.migrate()
    with store.snapshot() as tx:
        assert (tx.schema_version(), tx.oldest_schema()) == (NEWEST_VERSION, OLDEST_BESIDE)


def test_a_schema_that_a_newer_version_has_added_to_is_used_as_it_is(store: SqliteStore) -> None:
    store.migrate()
    with store._alone() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("CREATE TABLE news (id INTEGER)"))
    store.migrate()
    with store.snapshot() as tx:
        assert (tx.schema_version(), tx.oldest_schema()) == ("9999", OLDEST_BESIDE)


def test_a_schema_that_a_newer_version_has_taken_from_is_refused(store: SqliteStore) -> None:
    store.migrate()
    with store._alone() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE support SET oldest = '9998'"))
    with pytest.raises(StoreUnusable, match=r"schema 9999.*from schema 9998 on.*newer version"):
        store.migrate()

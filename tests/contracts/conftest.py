"""Stores in every kind of database, each empty and new for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from windvane.store.base import Store
from windvane.store.open import FILE_NAME, open_store
from windvane.store.schema import METADATA
from windvane.testing.store_laws.place import StorePlace
from windvane.testing.throwaway_postgres import NoPostgres, ThrowawayPostgres, throwaway_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[ThrowawayPostgres]:
    try:
        with throwaway_postgres() as server:
            yield server
    except NoPostgres as absent:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def postgres_url(postgres: ThrowawayPostgres) -> str:
    """A database that has the schema; place empties it before each test."""
    url = postgres.url(postgres.new_database())
    _migrate(StorePlace(url, Path()))
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has the schema and nothing else."""
    place = StorePlace("", tmp_path_factory.mktemp("template"))
    _migrate(place)
    return place.data_dir / FILE_NAME


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StorePlace:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / FILE_NAME)
        return StorePlace("", tmp_path)
    url = request.getfixturevalue("postgres_url")
    tables = ", ".join(METADATA.tables)
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY".encode())
    return StorePlace(url, tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> StorePlace:
    """A place without any schema."""
    if request.param == "sqlite":
        return StorePlace("", tmp_path)
    server = request.getfixturevalue("postgres")
    return StorePlace(server.url(server.new_database()), tmp_path)


@pytest.fixture
def store(place: StorePlace) -> Iterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


def _migrate(place: StorePlace) -> None:
    store = open_store(place.url, place.data_dir)
    store.migrate()
    store.close()

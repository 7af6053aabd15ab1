"""Opens the store that the configuration names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from windvane.errors import StoreUnusable
from windvane.store.sql import SqlStore
from windvane.store.sqlite import SqliteStore

FILE_NAME = "windvane.db"


def open_store(url: str, data_dir: Path) -> SqlStore:
    """Return the store at a SQLAlchemy URL, or, for "", the SQLite file in `data_dir`.

    Cheap (about a millisecond) and without a look at the database: open one in each process, never share
    one across a fork. Call `migrate()` once at the start of a server.

    raises    StoreUnusable if the URL names no database that Windvane can use
    """
    if not url:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return SqliteStore(data_dir / FILE_NAME)
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnusable(
            "The store's URL is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from error
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _open_postgres(parsed)
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return SqliteStore(Path(str(parsed.database)))
    raise StoreUnusable(
        f"The store's URL begins with '{parsed.drivername}'; use sqlite:///FILE or "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
    )


def _open_postgres(url: URL) -> SqlStore:
    try:
        import psycopg  # noqa: F401 - SQLAlchemy would report its absence less clearly
    except ImportError as error:
        raise StoreUnusable(
            "A store in PostgreSQL needs a driver: pip install 'windvane[postgres]'."
        ) from error
    from windvane.store.postgres import PostgresStore

    return PostgresStore(url)

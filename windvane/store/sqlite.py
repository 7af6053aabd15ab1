"""A store in one SQLite file: write-ahead log, every commit on disk, one writer at a time."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, QueuePool, create_engine
from sqlalchemy.exc import OperationalError

from windvane.durable import new_file
from windvane.errors import StoreUnusable
from windvane.store.sql import LOCK_TIMEOUT_S, SqlStore

_CACHE_KIB, _STATEMENTS = 256, 64
"""That a connection keeps for good: pages, which it lets go whenever another one has written and behind which the system's own
cache of the file stands, and prepared statements, of which there are about as many that are used again and again."""

_BESIDE = ("-wal", "-shm", "-journal")
"""Files of a database beside its own, by what their names end with: those of a process that was killed are of no use."""

_CONNECTIONS = 3
"""That are kept for good. A moment at which more are needed comes by chance every few hours: one that was kept after it
would look like a leak."""

_RETRY_S = 0.001
"""Between two tries to begin, on average. SQLite's own waiting backs off to 100 ms: a process whose threads write one after the
other leaves less than one between them, and kept all others from writing for many seconds."""

_PRIMARY_CODE = 0xFF
"""Of a code of SQLite: what is above tells more of the same."""

_DISK_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


class SqliteStore(SqlStore):
    """A Store in the file `path`, made (mode 0600) if it is not there.

    The file and its -wal and -shm belong together: copy a running store with SQLite's own backup only.
    Not for network file systems, whose locks cannot be trusted.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            _create(path)
        super().__init__(
            create_engine(
                "sqlite://",
                creator=lambda: _connect(path),
                poolclass=QueuePool,
                pool_size=_CONNECTIONS,
                max_overflow=-1,
                pool_use_lifo=True,
            )
        )

    def _begin_writing(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        give_up = time.monotonic() + LOCK_TIMEOUT_S
        try:
            while not _has_begun(connection):
                if time.monotonic() > give_up:
                    raise StoreUnusable.busy(LOCK_TIMEOUT_S)
                time.sleep(_RETRY_S * (0.5 + random.random()))  # noqa: S311 - spreads the tries of several processes
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(1000 * LOCK_TIMEOUT_S)}")

    def _begin_reading(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN DEFERRED")

    def _is_disk_full(self, error: OperationalError) -> bool:
        return getattr(error.orig, "sqlite_errorcode", None) in _DISK_FULL


def _has_begun(connection: Connection) -> bool:
    """Begin a transaction that writes, and return whether that could be: no other process writes now.

    By the driver itself, without SQLAlchemy: it is tried again and again.
    """
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY:
            return False
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what callers know of SQLAlchemy
    return True


def _create(path: Path) -> None:
    """Create an empty database in WAL mode, which appears whole or not at all.

    One process at a time: two that switch one new file to WAL together fail with "locked", whatever their timeout.
    """
    with new_file(path) as temporary:
        if path.exists():
            return
        for suffix in _BESIDE:
            Path(f"{temporary}{suffix}").unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        temporary.replace(path)


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level None: transactions begin where this module says BEGIN, nowhere else.
    connection = sqlite3.connect(
        path,
        timeout=LOCK_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection

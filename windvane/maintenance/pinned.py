"""The state of a SQLite database at one moment, copied at leisure while others write to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from windvane.errors import StoreUnusable


class PinnedDatabase:
    """A connection inside one read transaction: it sees the database as it was when this was made, until it is closed;
    once it was written to a file, in that file. Until then all that others write is kept in the database's log.

    Made while somebody's transaction is open, it sees the state before that transaction.
    """

    def __init__(self, path: Path) -> None:
        """Open a database and hold it at this moment.

        raises    StoreUnusable if the file is no database
        """
        self._connection = sqlite3.connect(path, isolation_level=None)
        try:
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StoreUnusable(f"{path} cannot be read: {error}.") from error

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection for queries of that moment."""
        return self._connection

    def write_to(self, path: Path) -> None:
        """Write the database to a new file of mode 0600, which has to stay there until this is closed.

        raises    StoreUnusable if it is damaged or the disk is full; FileExistsError
        """
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as target:
                self._connection.backup(target)
                faults = [row[0] for row in target.execute("PRAGMA quick_check(5)")]
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                raise StoreUnusable.full() from error
            raise StoreUnusable(f"The database is damaged: {error}.") from error
        if faults != ["ok"]:
            raise StoreUnusable(f"The database is damaged: {'; '.join(faults)}.")
        self._connection.close()
        copy = f"{path.absolute().as_uri()}?immutable=1"
        self._connection = sqlite3.connect(copy, isolation_level=None, uri=True)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def store_schema(database: PinnedDatabase) -> str:
    """Return the name of a store's last migration, "" before the first."""
    connection = database.connection
    table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'"
    if connection.execute(table).fetchone() is None:
        return ""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return "" if row is None else str(row[0])

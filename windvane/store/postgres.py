"""A store in a PostgreSQL database, through psycopg 3. Needs the extra `postgres`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from windvane.errors import StoreUnreachable, StoreUnusable
from windvane.store.sql import LOCK_TIMEOUT_S, Begin, SqlStore, SqlTransaction

_DISK_FULL = "53100"
"""source    PostgreSQL's documentation, appendix A, error codes"""

_WRITERS = 0x77696E6476616E65
"""The advisory lock of everyone who writes; "windvane" in ASCII."""

_LOCK_NOT_AVAILABLE = "55P03"
_NOT_ALLOWED = "42501"

_AWAY = ("57P01", "57P02", "57P03", None)
"""The database is shut down, has crashed, or begins; without a code there is no connection."""

_AWAY_S, _AGAIN_S = 10.0, 0.2
"""For which a database that is away is tried again, and after what pause: less than the lease of a task."""

_ABANDONED_AFTER_S = 60
_HELD_UP_S = 8
"""That a writer may leave the others waiting while it says nothing: less than it takes until its server is considered dead."""

_OF_BOTH_ENDS = {"keepalives_idle": 3, "keepalives_interval": 2, "keepalives_count": 2}
_UNANSWERED_MS = 7000
"""That the other end of a connection may leave unanswered what was sent, in ms: its machine is gone, or the network to it."""

_GONE_IS_SEEN_MS = 2000
"""Between two looks, in ms, whether somebody still waits for what a session does, or waits for."""


class PostgresStore(SqlStore):
    """A Store in the database at `url`.

    One lock that ends with the transaction makes writers take turns. So each statement may run at READ
    COMMITTED and yet nothing that was read inside a transaction changes before its commit. A process that
    stops in the middle of one loses it, and the lock, after a minute.
    """

    is_shared = True

    def __init__(self, url: URL) -> None:
        super().__init__(
            create_engine(
                url.set(drivername="postgresql+psycopg"),
                isolation_level="READ COMMITTED",
                pool_size=4,
                max_overflow=16,
                pool_timeout=LOCK_TIMEOUT_S,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 10, **_of_this_end(url), "options": _options(url)},
            )
        )
        self._was_reached = False

    def migrate(self) -> None:
        with _told_if_not_allowed(self._engine.url):
            super().migrate()

    def check_rights(self) -> None:
        """Check that the server may create tables and read those that are there; nothing is changed.

        raises    StoreUnreachable if it may not, or if the database does not let it in
        """
        url = self._engine.url
        with _told_if_not_allowed(url), self._begun(self._begin_reading) as connection:
            SqlTransaction(connection).schema_version()
            may = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
            if not connection.exec_driver_sql(may).scalar():
                raise _not_allowed(url, "permission denied for its schema")

    @contextmanager
    def out_of_turn(self) -> Iterator[SqlTransaction]:
        self._check_process()
        with self._begun(lambda _: None) as connection:
            yield SqlTransaction(connection)

    def _open(self, begin: Begin) -> Connection:
        """A database that was there and is away, because it is restarted, is waited for: nothing has begun yet.

        raises    StoreUnreachable if it has never been there, or stays away
        """
        until = time.monotonic() + _AWAY_S
        while True:
            try:
                opened = super()._open(begin)
            except OperationalError as error:
                if self._was_reached and not _is_away(error):
                    raise
                if not self._was_reached:
                    raise _unreachable(self._engine.url, error) from error
                if time.monotonic() >= until:
                    raise StoreUnreachable.away() from error
                time.sleep(_AGAIN_S)
            else:
                self._was_reached = True
                return opened

    def _begin_writing(self, connection: Connection) -> None:
        try:
            connection.exec_driver_sql(
                f"SELECT set_config('idle_in_transaction_session_timeout', '{_HELD_UP_S}s', true),"
                f" pg_advisory_xact_lock({_WRITERS})"
            )
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise StoreUnusable.busy(LOCK_TIMEOUT_S) from error

    def _begin_reading(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def _is_disk_full(self, error: OperationalError) -> bool:
        return getattr(error.orig, "sqlstate", None) == _DISK_FULL


def _is_away(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _AWAY


@contextmanager
def _told_if_not_allowed(url: URL) -> Iterator[None]:
    """raises    StoreUnreachable if the block was not allowed to do what it did in the database"""
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        raise _not_allowed(url, _first_line(error)) from error


def _not_allowed(url: URL, why: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"The user '{url.username or ''}' of [store] url may not use the database '{url.database or ''}': {why}. It must "
        "own the database and all tables in it (ALTER DATABASE ... OWNER TO ...)."
    )


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _unreachable(url: URL, error: OperationalError) -> StoreUnreachable:
    """Return what to tell of a database that cannot be used, without its password."""
    why = _first_line(error)
    return StoreUnreachable(
        f"Cannot open the database '{url.database or ''}' of [store] url as '{url.username or ''}': {why}"
    )


def _of_this_end(url: URL) -> dict[str, int]:
    """Return when a connection is given up whose other end is gone, where the URL does not say it."""
    ours = {**_OF_BOTH_ENDS, "tcp_user_timeout": _UNANSWERED_MS}
    return {name: value for name, value in ours.items() if name not in url.query}


def _options(url: URL) -> str:
    """Return the options of every session: the URL's own, then ours, which win."""
    given = url.query.get("options", ())
    return " ".join(
        [
            *((given,) if isinstance(given, str) else given),
            f"-c lock_timeout={LOCK_TIMEOUT_S}s",
            f"-c idle_in_transaction_session_timeout={_ABANDONED_AFTER_S}s",
            *(f"-c tcp_{name}={value}" for name, value in _OF_BOTH_ENDS.items()),
            f"-c tcp_user_timeout={_UNANSWERED_MS}",
            f"-c client_connection_check_interval={_GONE_IS_SEEN_MS}",
            "-c synchronous_commit=on",
        ]
    )

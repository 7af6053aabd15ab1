"""The one implementation of Store, over any database that SQLAlchemy speaks to.

What differs between databases (how a transaction begins) is in sqlite.py and postgres.py.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from windvane.errors import StoreUnusable
from windvane.store.audit_rows import AuditRows
from windvane.store.identity_rows import IdentityRows
from windvane.store.inspection import InspectionRows
from windvane.store.log_rows import LogRows
from windvane.store.one_time_token_rows import SpentRows
from windvane.store.resource_rows import ResourceRows
from windvane.store.schema import NEWEST_VERSION
from windvane.store.server_rows import ServerRows
from windvane.store.tag_rows import BucketRows, TagRows
from windvane.store.task_rows import TaskRows

LOCK_TIMEOUT_S = 30

Begin = Callable[[Connection], None]
"""The first statements of a transaction."""


class SqlTransaction(
    ResourceRows,
    TagRows,
    TaskRows,
    BucketRows,
    LogRows,
    SpentRows,
    IdentityRows,
    InspectionRows,
    AuditRows,
    ServerRows,
):
    """The Transaction of store/base.py; one group of rows per base class."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self._connection.begin_nested():
            yield


class SqlStore(ABC):
    """A Store on one database. Open one in each process: connections do not survive a fork."""

    is_shared = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pid = os.getpid()
        self._writer = threading.Lock()
        self._writing_here = threading.local()

    @abstractmethod
    def _begin_writing(self, connection: Connection) -> None:
        """Begin a transaction and wait until no other writes, in any process.

        raises    StoreUnusable if that takes longer than LOCK_TIMEOUT_S
        """

    @abstractmethod
    def _begin_reading(self, connection: Connection) -> None:
        """Begin a transaction that sees one state and cannot write."""

    @abstractmethod
    def _is_disk_full(self, error: OperationalError) -> bool: ...

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        try:
            with self._alone() as connection:
                yield SqlTransaction(connection)
        except OperationalError as error:
            if self._is_disk_full(error):
                raise StoreUnusable.full() from error
            raise

    @contextmanager
    def out_of_turn(self) -> Iterator[SqlTransaction]:
        with self.transaction() as tx:
            yield tx

    @contextmanager
    def snapshot(self) -> Iterator[SqlTransaction]:
        self._check_process()
        with self._begun(self._begin_reading) as connection:
            yield SqlTransaction(connection)

    def migrate(self) -> None:
        with self.snapshot() as tx:
            if tx.schema_version() == NEWEST_VERSION:
                return
        # Alembic takes long to import, and most stores are up to date.
        from windvane.store.migrations.upgrade import upgrade

        with self._alone() as connection:
            upgrade(connection)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        self._check_process()
        with (
            self._only_writer_of_this_process(),
            self._begun(self._begin_writing) as connection,
        ):
            yield connection

    @contextmanager
    def _begun(self, begin: Begin) -> Iterator[Connection]:
        """A transaction that `begin` has begun; committed at the end of the block."""
        with self._open(begin) as connection:
            yield connection
            connection.commit()

    def _open(self, begin: Begin) -> Connection:
        """Return a connection with a transaction that `begin` has begun."""
        connection = self._engine.connect()
        try:
            connection.begin()
            begin(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _only_writer_of_this_process(self) -> Iterator[None]:
        """Threads queue here, in order, so that a database's own waiting is between processes only."""
        if getattr(self._writing_here, "now", False):
            raise RuntimeError("This thread is inside a transaction already; do all of it in one.")
        if not self._writer.acquire(timeout=LOCK_TIMEOUT_S):
            raise StoreUnusable.busy(LOCK_TIMEOUT_S)
        self._writing_here.now = True
        try:
            yield
        finally:
            self._writing_here.now = False
            self._writer.release()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError(
                "This store was opened by another process; open one in each process."
            )

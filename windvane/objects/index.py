"""The index: one SQLite file, written to by one transaction at a time, of all processes, and read by any number.

SQLite by its own module, without SQLAlchemy: the index is SQLite wherever it is, needs savepoints, binary keys and the
backup interface, and a durable put of a small object is to cost little more than its one fsync.

Writers of one process share commits: whoever gets the lock runs the operations of all who wait, each in a savepoint of
its own, and commits once. So one fsync serves many puts, and no thread of the store's own is needed, which could not
survive a fork.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from windvane.errors import StoreUnusable
from windvane.objects.schema import MIGRATIONS

Result = TypeVar("Result")

LOCK_TIMEOUT_S = 30.0
_RETRY_S = 0.001
_BATCH = 256
_LOOK_S = 0.01
"""Of waiting for the writer's lock, after which is looked whether somebody else has done it: who waits for a lock that
others take all the time may never get it."""

_LONG_S = 0.05
"""After which no further operation is begun in a transaction; and other processes are let in before the next one."""
_CHECKPOINT_PAGES = 4000
_WRITING_CACHE_KIB, _READING_CACHE_KIB = 1024, 256
"""Of the connection that writes, which knows its pages to be true, and of each that reads: it lets go of all of them whenever
the other one has written. The pages are in the kernel's cache besides."""

_READERS = 3
"""Connections that are kept for good, of those that only read."""
_DISK_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


class CommitFailed(StoreUnusable):
    """Whether the change is there will be known when the index is opened again: keep the files it names."""


class _PendingWrite(Generic[Result]):
    """An operation that waits for its turn, and then what came of it."""

    def __init__(self, operation: Callable[[sqlite3.Connection], Result]) -> None:
        self.operation = operation
        self.is_done = False
        self.result: list[Result] = []
        self.error: BaseException | None = None

    def run(self, db: sqlite3.Connection) -> None:
        self.result = [self.operation(db)]

    def answer(self) -> Result:
        if self.error is not None:
            raise self.error
        return self.result[0]


class Index:
    """The open index of one process."""

    def __init__(self, path: Path) -> None:
        """Open the index, and create it if there is none.

        raises    StoreUnusable if it was written by a newer version
        """
        self._path = path
        self._pid = os.getpid()
        self._waiting: deque[_PendingWrite[object]] = deque()
        self._writing = threading.Lock()
        self._readers: deque[sqlite3.Connection] = deque()
        self._is_closed = False
        if not path.exists():
            _create(path)
        self._writer = _connect(path, _WRITING_CACHE_KIB)
        self._writer.execute("PRAGMA busy_timeout = 0")
        weakref.finalize(self, _close, self._pid, self._writer, self._readers)
        self._migrate()

    def write(self, operation: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `operation` in a transaction and return what it returns, once that is on the disk.

        If it raises, nothing of it was done. It may be run beside others in one transaction, and once more if that failed.

        raises    StoreUnusable; CommitFailed
        """
        self._check_usable()
        pending = _PendingWrite(operation)
        self._waiting.append(pending)  # type: ignore[arg-type]
        give_up = time.monotonic() + LOCK_TIMEOUT_S
        while not pending.is_done:
            if self._writing.acquire(timeout=_LOOK_S):
                try:
                    while not pending.is_done:  # many may stand before it
                        self._write_waiting()
                finally:
                    self._writing.release()
            elif time.monotonic() > give_up:
                with suppress(ValueError):  # it is being done
                    self._waiting.remove(pending)  # type: ignore[arg-type]
                    raise StoreUnusable.busy(LOCK_TIMEOUT_S)
        return pending.answer()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction that sees one moment."""
        self._check_usable()
        try:
            db = self._readers.pop()
        except IndexError:
            db = _connect(self._path, _READING_CACHE_KIB)
            db.execute("PRAGMA query_only = ON")
        try:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            raise _unusable(error) from error
        finally:
            if self._is_closed or len(self._readers) >= _READERS:
                db.close()
            else:
                self._readers.append(db)

    def copy_to(self, path: Path) -> None:
        """Write the index as it is at this moment to a new file of mode 0600, on the disk when this returns."""
        _create(path)
        self._check_usable()
        cache_kib = _WRITING_CACHE_KIB
        with (
            closing(_connect(self._path, cache_kib)) as source,
            closing(_connect(path, cache_kib)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._writing:
            self._is_closed = True
            _close(self._pid, self._writer, self._readers)

    def _check_usable(self) -> None:
        if self._is_closed:
            raise StoreUnusable("The object store was closed.")
        if os.getpid() != self._pid:
            raise StoreUnusable(
                "The object store was opened before this process was forked; open it again."
            )

    def _write_waiting(self) -> None:
        batch: list[_PendingWrite[object]] = []
        while self._waiting and len(batch) < _BATCH:
            batch.append(self._waiting.popleft())
        try:
            self._transact(batch)
        except BaseException as error:
            for pending in batch:
                pending.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for pending in batch:
                pending.is_done = True

    def _transact(self, batch: list[_PendingWrite[object]]) -> None:
        """Run the operations, and commit; those that would make it last too long wait for the next transaction."""
        db = self._writer
        _begin(db)
        end = time.monotonic() + _LONG_S
        try:
            for place, pending in enumerate(batch):
                if place and time.monotonic() > end:
                    self._waiting.extendleft(reversed(batch[place:]))
                    del batch[place:]
                    break
                _run_in_savepoint(db, pending)
        except BaseException as error:
            db.rollback()
            if isinstance(error, sqlite3.DatabaseError):
                raise _unusable(error) from error
            raise
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.rollback()
            raise CommitFailed(str(_unusable(error))) from error
        if time.monotonic() > end:
            time.sleep(2 * _RETRY_S)  # in which another process that waits tries to begin

    def _migrate(self) -> None:
        db = self._writer
        _begin(db)
        try:
            self._bring_up_to_date(db)
            db.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise

    def _bring_up_to_date(self, db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        row = db.execute("SELECT version FROM schema_version").fetchone()
        done = 0 if row is None else int(row[0])
        if done > len(MIGRATIONS):
            raise StoreUnusable(
                f"The index {self._path} is of schema version {done}; this program knows "
                f"{len(MIGRATIONS)} at most. Use the newer program."
            )
        if done == len(MIGRATIONS):
            return
        for script in MIGRATIONS[done:]:
            for statement in script.split(";\n"):
                db.execute(statement)
        db.execute("DELETE FROM schema_version")
        db.execute("INSERT INTO schema_version VALUES (?)", (len(MIGRATIONS),))


def _close(pid: int, writer: sqlite3.Connection, readers: deque[sqlite3.Connection]) -> None:
    """Close an index's connections, where it was opened: those that a fork inherited belong to its parent."""
    if os.getpid() == pid:
        writer.close()
        while readers:
            readers.pop().close()


def _run_in_savepoint(db: sqlite3.Connection, pending: _PendingWrite[object]) -> None:
    db.execute("SAVEPOINT one")
    try:
        pending.run(db)
    except sqlite3.DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised where the operation came from
        pending.error = error
        db.execute("ROLLBACK TO one")
    db.execute("RELEASE one")


def _begin(db: sqlite3.Connection) -> None:
    """Begin a transaction that writes.

    raises    StoreUnusable if other processes write all the time

    SQLite's own waiting backs off to 100 ms, in which a process that commits without a pause would always be first.
    """
    give_up = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise _unusable(error) from error
            if time.monotonic() > give_up:
                raise StoreUnusable.busy(LOCK_TIMEOUT_S) from error
            time.sleep(_RETRY_S * (0.5 + random.random()))  # noqa: S311 - spreads the tries of several processes
        else:
            return


def _create(path: Path) -> None:
    """Create an empty database in WAL mode, which appears whole or not at all.

    Two processes that switch one new file to WAL together fail with "locked", whatever their timeout.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    try:
        with closing(sqlite3.connect(temporary)) as db:
            db.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def _connect(path: Path, cache_kib: int) -> sqlite3.Connection:
    db = sqlite3.connect(
        path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA cache_size = -{cache_kib}")
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return db


def _unusable(error: sqlite3.Error) -> StoreUnusable:
    if error.sqlite_errorcode in _DISK_FULL:
        return StoreUnusable.full()
    return StoreUnusable(f"The index of the object store cannot be used: {error}.")

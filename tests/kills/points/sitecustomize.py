"""Loaded by Python itself where this folder is on PYTHONPATH: ends a server at the n-th step that changes the disk.

KILL_AT         n; 0 counts alone
KILL_LOG        file that gets the name of every step, a line of one width each
KILL_ALL        "1": steps of the server's workers count too; all of the server ends at once
KILL_POSTGRES   "1": commits of psycopg count too

A step that is taken every few seconds while requests come does not count: how many there are tells how fast the machine
is, not how far the work. Nor do modules count that Python compiles, as it does once.

A step is a call that makes, renames, links or removes a file, brings one to the disk, or commits a transaction that changes
a row; the process ends by SIGKILL before it. Without KILL_ALL only the process that the test started is counted, none of its
children. Processes that are forked, and those that cannot write the log, count for nothing.
"""

import os
import signal
import sqlite3
import sys

_ALL = os.environ.get("KILL_ALL") == "1"
_AT = int(os.environ.get("KILL_AT", "-1"))
_LOG = os.environ.get("KILL_LOG", "")
_EVENTS = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")
_WRITING = os.O_WRONLY | os.O_RDWR
_WIDTH = 12
_EVERY_FEW_SECONDS = ("windvane/audit/log.py", "_keep_head")
_pid = os.getpid()
if _ALL:
    _root = int(os.environ.setdefault("KILL_ROOT", str(_pid)))
else:
    os.environ.pop("KILL_AT", None)
    os.environ.pop("KILL_LOG", None)
    _root = _pid


def _opened():
    try:
        return os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if _LOG else -1
    except OSError:
        return -1  # one of another user


_log = _opened()


def _step(name):
    if os.getpid() != _pid or _log < 0 or _is_of_a_clock():
        return
    try:
        os.write(_log, f"{name[: _WIDTH - 1]:{_WIDTH - 1}}\n".encode())
    except OSError:
        return  # the descriptor was closed: a process that sheds what it does not need
    if os.lseek(_log, 0, os.SEEK_CUR) == _AT * _WIDTH:
        os.kill(_root, signal.SIGKILL)
        os.kill(_pid, signal.SIGKILL)


def _is_of_a_clock():
    file, name = _EVERY_FEW_SECONDS
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_name == name and code.co_filename.endswith(file):
            return True
        frame = frame.f_back
    return False


def _hook(event, arguments):
    if arguments and "__pycache__" in str(arguments[0]):
        return
    if event in _EVENTS:
        _step(event)
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _step("open")


class _Counted(sqlite3.Connection):
    n_committed = 0

    def execute(self, sql, *rest):
        if sql.startswith("COMMIT"):
            self._count()
        return super().execute(sql, *rest)

    def commit(self):
        self._count()
        super().commit()

    def _count(self):
        if self.total_changes != self.n_committed:
            self.n_committed = self.total_changes
            _step("commit")


def _count_psycopg():
    import psycopg

    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit
    changed = set()

    def counted_execute(cursor, query, *rest, **options):
        if isinstance(query, str) and query.startswith(("INSERT", "UPDATE", "DELETE")):
            changed.add(id(cursor.connection))
        return execute(cursor, query, *rest, **options)

    def counted_commit(connection):
        if id(connection) in changed:
            changed.remove(id(connection))
            _step("commit")
        commit(connection)

    psycopg.Cursor.execute, psycopg.Connection.commit = counted_execute, counted_commit


if _AT >= 0 and _log >= 0:
    _fsync, _connect = os.fsync, sqlite3.connect

    def _counted_fsync(descriptor):
        _step("fsync")
        _fsync(descriptor)

    def _counted_connect(*arguments, **options):
        return _connect(*arguments, **{"factory": _Counted, **options})

    os.fsync, sqlite3.connect = _counted_fsync, _counted_connect
    if os.environ.get("KILL_POSTGRES") == "1":
        _count_psycopg()
    sys.addaudithook(_hook)

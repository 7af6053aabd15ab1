"""Loaded by Python itself where this folder is on PYTHONPATH: ends the process at the n-th step that changes the disk.

KILL_AT     n; 0 counts alone
KILL_LOG    file that gets the name of every step, a line each

A step is a call that makes, renames, links or removes a file, brings one to the disk, or commits a transaction; the
process ends by SIGKILL before it. Only the process that the test started is counted, none of its children.
"""

import os
import signal
import sqlite3
import sys

_AT = int(os.environ.pop("KILL_AT", "-1"))
_LOG = os.environ.pop("KILL_LOG", "")
_EVENTS = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")
_WRITING = os.O_WRONLY | os.O_RDWR
_count = 0
_log = os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if _LOG else -1
_pid = os.getpid()


def _step(name):
    global _count
    if os.getpid() != _pid:
        return
    _count += 1
    os.write(_log, f"{name}\n".encode())
    if _count == _AT:
        os.kill(_pid, signal.SIGKILL)


def _hook(event, arguments):
    if event in _EVENTS:
        _step(event)
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _step("open")


class _Counted(sqlite3.Connection):
    def execute(self, sql, *rest):
        if sql.startswith("COMMIT"):
            _step("commit")
        return super().execute(sql, *rest)

    def commit(self):
        _step("commit")
        super().commit()


if _AT >= 0:
    _fsync, _connect = os.fsync, sqlite3.connect

    def _counted_fsync(descriptor):
        _step("fsync")
        _fsync(descriptor)

    def _counted_connect(*arguments, **options):
        return _connect(*arguments, **{"factory": _Counted, **options})

    os.fsync, sqlite3.connect = _counted_fsync, _counted_connect
    sys.addaudithook(_hook)

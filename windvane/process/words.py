"""What a process in the sandbox writes to its standard error: shown in the server's log as what it is.

Such a process gets a pipe, never the log itself: whoever has the log's descriptor can cut it off, and forge its lines.
"""

from __future__ import annotations

import os
import sys
import threading

_LONGEST_LINE = 1 << 14


def shown(words: bytes) -> str:
    """Every line behind a bar, so that none passes for one of the server's, without characters that steer terminals.

    >>> shown(b"one\\x1b[2J\\n2026-11-30 INFO all is well\\n")
    '  | one?[2J\\n  | 2026-11-30 INFO all is well'
    """
    lines = words.decode(errors="replace").splitlines()
    return "\n".join(f"  | {_printable(line)}" for line in lines)


def relay() -> int:
    """The writing end of a pipe, for a child process: what comes through it goes on to this process's standard error.
    The caller closes it. A thread reads until the last holder of it is gone."""
    read_end, write_end = os.pipe()
    threading.Thread(target=_pass_on, args=(read_end,), name="words", daemon=True).start()
    return write_end


def _pass_on(source: int) -> None:
    with os.fdopen(source, "rb") as words:
        while line := words.readline(_LONGEST_LINE):
            sys.stderr.write(f"{shown(line)}\n")
            sys.stderr.flush()


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line)

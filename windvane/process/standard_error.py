"""What a process in the sandbox writes to its standard error: shown in the server's log as what it is.

Such a process gets a pipe, never the log itself: whoever has the log's descriptor can cut it off, and forge its lines.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import time

from windvane.process.log_lines import json_record, writes_json

_LONGEST_LINE = 1 << 14

_AT_ONCE, _PER_S = 1 << 18, 1 << 12
"""Bytes: a log takes only so much before it is full, or leaves out lines of the server too."""


_BAR = "  | "

_LOGGER = "sandbox"
"""Logger of what processes in the sandbox say, where the log is JSON; no module of ours is called so."""


def shown(words: bytes) -> str:
    """Return every line behind a bar, so that none passes for one of the server's, without characters that steer terminals.

    >>> shown(b"one\\x1b[2J\\n2026-11-30 INFO all is well\\n")
    '  | one?[2J\\n  | 2026-11-30 INFO all is well'
    """
    return "\n".join(f"{_BAR}{text}" for text in _texts(words))


def relay() -> int:
    """Return the writing end of a pipe, for a child process: what comes through it goes on to this process's standard error.
    The caller closes it. A thread reads until the last holder of it is gone; of more than a log bears, it tells how much
    was left out.

    raises    OSError if there is no room for another descriptor or thread
    """
    read_end, write_end = os.pipe()
    try:
        threading.Thread(target=_pass_on, args=(read_end,), name="words", daemon=True).start()
    except RuntimeError as error:
        os.close(read_end)
        os.close(write_end)
        raise OSError(errno.EAGAIN, str(error)) from error
    return write_end


def _pass_on(source: int) -> None:
    room, since, left_out = float(_AT_ONCE), time.monotonic(), 0
    with os.fdopen(source, "rb") as words:
        while line := words.readline(_LONGEST_LINE):
            now = time.monotonic()
            room, since = min(room + (now - since) * _PER_S, _AT_ONCE), now
            if room < len(line):
                left_out += len(line)
                continue
            room -= len(line)
            _write(line, left_out)
            left_out = 0
    if left_out:
        _write(b"", left_out)


def _write(line: bytes, left_out: int) -> None:
    """Write a line to the standard error of this process.

    left_out    bytes before this line that are not shown
    """
    if left_out:
        _write_text(f"({left_out} bytes were left out: too much was written at once)")
    if line:
        for text in _texts(line):
            _write_text(text)
    sys.stderr.flush()


def _write_text(text: str) -> None:
    """Write a printable text as one line: behind a bar, or as the message of a record in JSON."""
    if writes_json():
        sys.stderr.write(f"{json.dumps(json_record(time.time(), 'INFO', _LOGGER, text))}\n")
    else:
        sys.stderr.write(f"{_BAR}{text}\n")


def _texts(words: bytes) -> list[str]:
    return [_printable(line) for line in words.decode(errors="replace").splitlines()]


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line)

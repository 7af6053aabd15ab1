"""Parent-death signal: a process that is killed when its parent dies, even if the parent gets SIGKILL.

The kernel sends the signal when the parent's *thread* that started the child ends: start children from
a thread that lives as long as the process, which in practice is the main thread. Linux only.

Run as a script, this file is the launcher that ties a program to its parent and becomes that program.
It imports the standard library alone, so that it starts fast and from anywhere.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
_PARENT_GONE = 137
_NOT_STARTED = 127


def command(argv: Sequence[str]) -> list[str]:
    """Return the command that runs `argv` and ends it when this process dies, leader of a session and process group
    of its own: `os.killpg(child.pid, ...)` reaches its whole tree. Pid, arguments, environment and standard
    streams are those of the program itself. To be started by the process that calls this.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *argv]


def die_with_parent(parent_pid: int) -> None:
    """Have this process killed when its parent ends; at once if it has ended already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl(PR_SET_PDEATHSIG): {os.strerror(number)}")
    if os.getppid() != parent_pid:
        os._exit(_PARENT_GONE)


def _launch(parent_pid: int, argv: Sequence[str]) -> None:
    if os.getpgrp() != os.getpid():
        os.setsid()
    die_with_parent(parent_pid)
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - becoming another program is what a launcher is for
    except OSError as error:
        sys.stderr.write(f"Cannot start {argv[0]}: {error.strerror}.\n")
        sys.exit(_NOT_STARTED)


if __name__ == "__main__":
    _launch(int(sys.argv[1]), sys.argv[2:])

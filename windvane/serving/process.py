"""A model process as its parent sees it: started, listened to once, ended; it dies with its parent.

Parent and child share a socket pair: nobody else can connect, and either end notices when the other dies.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from windvane.process.confinement import clean_environment
from windvane.process.frames import BadFrame, FrameBuffer
from windvane.process.parent_death import command
from windvane.serving.content_types import MOST_HEAD_BYTES, MOST_HEAD_VALUES

PROGRAM = (sys.executable, "-m", "windvane.serving.instance")

_MAX_REASON = 4096

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "JOBLIB_MULTIPROCESSING": "0",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # only a single thread can be confined
}


@dataclass(frozen=True)
class Hello:
    """The first words of a model process; `failed` says why it cannot serve, "" if it can."""

    failed: str


class ModelProcess:
    """A model process. It belongs to one thread, which lives as long as the server: the process dies with it.

    is_silent    nothing more is to be expected at once: it has closed its end of the channel, or said half of something, as one
                 does that says a byte at a time
    """

    def __init__(
        self, program: Sequence[str], spec: Path, log: Path, environment: dict[str, str]
    ) -> None:
        """Start a model process.

        raises    OSError if it cannot be started
        """
        ours, theirs = socket.socketpair()
        arguments = [*program, "--channel", str(theirs.fileno()), "--spec", str(spec)]
        try:
            with theirs, log.open("ab") as log_file:
                self._process = subprocess.Popen(
                    command(arguments),
                    stdin=subprocess.DEVNULL,
                    stdout=log_file,
                    stderr=log_file,
                    pass_fds=(theirs.fileno(),),
                    env=clean_environment(os.environ, _ONE_THREAD | environment),
                )
        except OSError:
            ours.close()
            raise
        ours.setblocking(False)
        self.pid = self._process.pid
        self.channel = ours
        self.pidfd = os.pidfd_open(self.pid)
        self.is_silent = False
        self._words = FrameBuffer(MOST_HEAD_BYTES, 0, MOST_HEAD_VALUES)

    def hello(self) -> Hello | None:
        """Return its first words, None until they are there. The channel is for requests once it is ready."""
        with suppress(BlockingIOError, ConnectionError):
            self._words.feed(self.channel.recv(65536))
            self.is_silent = True
        try:
            frame = self._words.next_frame()
        except BadFrame as error:
            return Hello(f"It did not keep to its protocol: {error}")
        return None if frame is None else Hello(_sendable_text(frame[0].get("failed", "")))

    def exit_code(self) -> int | None:
        """Return the exit code; None while it runs; -N if ended by signal N."""
        return self._process.poll()

    def close(self) -> None:
        """Kill it and all it started, if it still runs, and give back what the parent holds of it. The channel
        is closed by whoever has it by then."""
        if self._process.poll() is None:
            for send, target in ((os.killpg, self.pid), (os.kill, self.pid)):
                with suppress(ProcessLookupError):
                    send(target, signal.SIGKILL)
            self._process.wait()
        os.close(self.pidfd)


def _sendable_text(reason: object) -> str:
    """Return a reason as text that can be sent: names of files in an archive may have halves of surrogate pairs."""
    return str(reason)[:_MAX_REASON].encode("utf-8", "replace").decode()

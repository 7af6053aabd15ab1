"""A fork server as seen by who started it: given one piece of work after another, started again if it dies."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.executor.base import Work
from windvane.executor.forked import MOST_RESULT
from windvane.process.confinement import Confinement, clean_environment
from windvane.process.frames import BadFrame, Frame, FrameBuffer, pack
from windvane.process.parent_death import command
from windvane.process.standard_error import relay

_LOG = logging.getLogger(__name__)

_READY_S = 120.0
_LOOK_S = 0.1
_MOST_BACK_OFF_S = 5
_ENVIRONMENT = {
    "JOBLIB_MULTIPROCESSING": "0",
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
    ),
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""A fork server has one thread; and numbers come out the same, to the last digit, however many processors a machine has."""


@dataclass(frozen=True)
class Place:
    """What work has of this machine.

    folder        for its temporary files
    confinement   what its process may do; None leaves it as it is
    socket        for the work, whose payload then has its number as "descriptor", and the folder; it is the work's from now on
    over          called when the work has ended
    """

    folder: Path
    confinement: Confinement | None = None
    socket: socket.socket | None = None
    over: Callable[[], None] = lambda: None


class Line:
    """The connection to the attendant of some work."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._frames = FrameBuffer(max_body=MOST_RESULT)
        self.descriptor = channel.fileno()

    def send(self, header: Mapping[str, Any]) -> None:
        """Send a frame; nothing happens if nobody listens."""
        with suppress(ConnectionError):
            self._channel.sendall(pack(header))

    def receive(self) -> list[Frame]:
        """Return the frames that have come.

        raises    ConnectionError if no more will come; BadFrame
        """
        is_open = self._read_all()
        frames = []
        while (frame := self._frames.next_frame()) is not None:
            frames.append(frame)
        if not frames and not is_open:
            raise ConnectionResetError("whoever attended to it is gone")
        return frames

    def close(self) -> None:
        """The work ends, if it has not yet."""
        self._channel.close()

    def _read_all(self) -> bool:
        """Return whether more may come."""
        try:
            while data := self._channel.recv(1 << 18, socket.MSG_DONTWAIT):
                self._frames.feed(data)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        return False


class Forks:
    """A fork server, as its owner sees it. To be used by the thread that made it, which lives as long as the process:
    the fork server dies with it.

    libraries    modules that work needs, loaded once
    """

    def __init__(self, libraries: Sequence[str]) -> None:
        self._libraries = tuple(libraries)
        self._is_ready = False
        self._deaths = 0
        self._start_server()

    @property
    def pid(self) -> int:
        """The process of the fork server."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Return whether the fork server is gone, and all that it ran."""
        if self._channel.fileno() < 0:
            return True
        waiter = select.poll()
        waiter.register(self._channel, 0)
        return bool(waiter.poll(0))

    def wait_ready(self, timeout_s: float = _READY_S) -> None:
        """Wait until the fork server can take work.

        raises    RuntimeError if it does not come up
        """
        until = time.monotonic() + timeout_s
        while not self.is_ready(_LOOK_S):
            if time.monotonic() >= until:
                raise RuntimeError("The fork server did not start; its log says why.")

    def is_ready(self, timeout_s: float) -> bool:
        """Return whether it takes work within this time. It is started again if it ended."""
        if self.has_ended():
            _LOG.error("The fork server ended; it is started again.")
            time.sleep(min(self._deaths, _MOST_BACK_OFF_S))
            self._deaths += 1
            self.close()
            self._start_server()
        if not self._is_ready:
            self._is_ready = self._says_ready(timeout_s)
        return self._is_ready

    def start(self, work: Work, place: Place) -> Line:
        """Begin some work."""
        self.wait_ready()
        told = {
            "function": work.function,
            "payload": dict(work.payload),
            "memory_mb": work.memory_mb,
            "folder": str(place.folder),
            "confinement": None if place.confinement is None else place.confinement.to_dict(),
        }
        ours, theirs = socket.socketpair()
        with theirs, suppress(ConnectionError):
            socket.send_fds(self._channel, [b"+"], [theirs.fileno()])
        frame = pack(told)
        with suppress(ConnectionError):
            if place.socket is None:
                ours.sendall(frame)
            else:
                with place.socket as kept:
                    sent = socket.send_fds(ours, [frame], [kept.fileno()])
                ours.sendall(frame[sent:])
        return Line(ours)

    def close(self) -> None:
        """End it, and all that it runs."""
        if self._process.poll() is None:
            for send, target in ((os.killpg, self._process.pid), (os.kill, self._process.pid)):
                with suppress(ProcessLookupError):
                    send(target, signal.SIGKILL)
            self._process.wait()
        self._channel.close()

    def _says_ready(self, timeout_s: float) -> bool:
        waiter = select.poll()
        waiter.register(self._channel, select.POLLIN)
        if not waiter.poll(1000 * timeout_s):
            return False
        frames = FrameBuffer(max_body=0)
        with suppress(ConnectionError, BadFrame):
            frames.feed(self._channel.recv(1 << 10))
            return frames.next_frame() is not None
        return False

    def _start_server(self) -> None:
        ours, theirs = socket.socketpair()
        program = [sys.executable, "-m", "windvane.executor.forkserver", str(theirs.fileno())]
        words = relay()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    command([*program, *self._libraries]),
                    stdin=subprocess.DEVNULL,
                    stdout=words,
                    stderr=words,
                    pass_fds=(theirs.fileno(),),
                    env=clean_environment(os.environ, _ENVIRONMENT),
                )
        finally:
            os.close(words)
        self._channel = ours
        self._is_ready = False

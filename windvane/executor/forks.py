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
from typing import Any, Protocol

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
    "OMP_WAIT_POLICY": "PASSIVE",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""A fork server has one thread; and numbers come out the same, to the last digit, however many processors a machine has.
Models that have all cores have threads that sleep while they wait for each other. Arrow's own allocators take a gigabyte of a
task's limit before it is needed."""


@dataclass(frozen=True)
class WorkPlace:
    """The resources of this machine that work has.

    folder        for its temporary files
    confinement   what its process may do; None leaves it as it is
    passed_socket for the work, whose payload then has its number as "descriptor", and the folder; it is the work's from now on
    over          called when the work has ended
    address       at which other members of its gang reach it; "" if they do not
    """

    folder: Path
    confinement: Confinement | None = None
    passed_socket: socket.socket | None = None
    over: Callable[[], None] = lambda: None
    address: str = ""


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
        """End the work, if it has not yet."""
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


class ForkServerSource(Protocol):
    """A source of fork servers."""

    def start(self, channel: socket.socket, words: int) -> None:
        """Start one.

        channel    for its work; it ends with it
        words      descriptor to which it writes what it has to say
        raises     ConnectionError, OSError if none can be started
        """
        ...

    def has_work(self) -> None:
        """Say that there is work: all libraries that work may need are to be loaded."""
        ...

    def end(self) -> None:
        """End the one that was started last, if it has not ended."""
        ...

    def close(self) -> None:
        """Start none any more."""
        ...


class OwnProcess:
    """Starts a fork server as a process of its own. It dies with the thread that starts it (process/parent_death.py).

    libraries    modules that work needs, loaded once
    """

    def __init__(self, libraries: Sequence[str]) -> None:
        self._libraries = tuple(libraries)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, channel: socket.socket, words: int) -> None:
        module = "windvane.executor.forkserver"
        self._process = start_loading(module, channel, self._libraries, words)

    def has_work(self) -> None:
        """Do nothing: all libraries are loaded before the first work."""

    def end(self) -> None:
        if self._process is not None:
            end_process(self._process)

    def close(self) -> None:
        self.end()


class Forks:
    """A fork server, as its owner sees it. To be used by the thread that made it, which lives as long as the process.

    source    where the fork server comes from
    """

    def __init__(self, source: ForkServerSource) -> None:
        self._source = source
        self._pid, self._watched = 0, -1
        self._deaths = 0
        self._is_outdated = self._has_worked = False
        self._start_server()

    @property
    def pid(self) -> int:
        """The process of the fork server.

        raises    RuntimeError if it does not come up
        """
        self.wait_ready()
        return self._pid

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
        """Return whether it takes work within this time. It is started again if it ended.

        raises    ConnectionError, OSError if it cannot be
        """
        if self.has_ended():
            _LOG.error("The fork server ended; it is started again.")
            time.sleep(min(self._deaths, _MOST_BACK_OFF_S))
            self._deaths += 1
            self.end_server()
            self._start_server()
        if not self._pid:
            self._hear(timeout_s)
        return bool(self._pid)

    def is_outdated(self) -> bool:
        """Return whether a new fork server would have loaded more libraries."""
        if not self._is_outdated and self._pid:
            self._hear(0.0)
        return self._is_outdated

    def renew(self) -> None:
        """End the fork server, and all that it runs, and start a new one."""
        self.end_server()
        self._start_server()

    def start(self, work: Work, place: WorkPlace) -> Line:
        """Begin some work."""
        self.wait_ready()
        if not self._has_worked:
            self._has_worked = True
            self._source.has_work()
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
            if place.passed_socket is None:
                ours.sendall(frame)
            else:
                with place.passed_socket as kept:
                    sent = socket.send_fds(ours, [frame], [kept.fileno()])
                ours.sendall(frame[sent:])
        return Line(ours)

    def close(self) -> None:
        """End it, and all that it runs, for good."""
        self.end_server()
        self._source.close()

    def end_server(self) -> None:
        """End it, and all that it runs. Another one is started when that is asked for."""
        self._channel.close()
        if self._watched >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._watched, signal.SIGKILL)
            waiter = select.poll()
            waiter.register(self._watched, select.POLLIN)
            waiter.poll()
            os.close(self._watched)
        self._pid, self._watched = 0, -1
        self._source.end()

    def _hear(self, timeout_s: float) -> None:
        """Learn which process it is, or that it is outdated, if it says so within this time."""
        waiter = select.poll()
        waiter.register(self._channel, select.POLLIN)
        if not waiter.poll(1000 * timeout_s):
            return
        with suppress(ConnectionError, BadFrame):
            data, descriptors, _, _ = socket.recv_fds(self._channel, 1 << 10, 1)
            self._frames.feed(data)
            while (frame := self._frames.next_frame()) is not None:
                if "ready" in frame[0]:
                    self._pid, [self._watched] = frame[0]["ready"], descriptors
                else:
                    self._is_outdated = True

    def _start_server(self) -> None:
        self._is_outdated, self._frames = False, FrameBuffer(max_body=0)
        self._channel, theirs = socket.socketpair()
        words = relay()
        try:
            with theirs:
                self._source.start(theirs, words)
        finally:
            os.close(words)


def start_loading(
    module: str,
    channel: socket.socket,
    libraries: Sequence[str],
    words: int,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that loads libraries, with nothing secret in its environment. It dies with the thread that starts it.

    channel      its first argument, as a descriptor
    words        descriptor of its standard output and error
    environment  that it has besides
    """
    program = [sys.executable, "-m", module, str(channel.fileno()), *libraries]
    return subprocess.Popen(
        command(program),
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        pass_fds=(channel.fileno(),),
        env=clean_environment(os.environ, {**_ENVIRONMENT, **(environment or {})}),
    )


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Kill a program that was started by `start_loading`, with all of its session, and wait for its end."""
    if process.poll() is None:
        for send, target in ((os.killpg, process.pid), (os.kill, process.pid)):
            with suppress(ProcessLookupError):
                send(target, signal.SIGKILL)
        process.wait()

"""A worker's fork server as the worker sees it: started with it, asked for one task at a time, started again if it dies."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.handed import handed_note
from windvane.notes.note import Note
from windvane.process.child import Ending, Exit
from windvane.process.confinement import Confinement, clean_environment
from windvane.process.frames import BadFrame, Frame, FrameBuffer, pack
from windvane.process.parent_death import command
from windvane.process.standard_error import relay
from windvane.work.workers.forked import MOST_RESULT, Result, read_result
from windvane.work.workers.order import TaskOrder, order_to_json

_LOG = logging.getLogger(__name__)

_READY_S = 120.0
_KILL_S = 10.0
_LOOK_S = 0.1
_MOST_BACK_OFF_S = 5
_ENVIRONMENT = {"JOBLIB_MULTIPROCESSING": "0"}


class Forks:
    """To be used by the thread that made it, which lives as long as the process: the fork server dies with it.

    libraries    modules that tasks need, loaded once
    """

    def __init__(self, libraries: Sequence[str]) -> None:
        self._libraries = tuple(libraries)
        self._is_ready = False
        self._deaths = 0
        self._start_server()

    @property
    def pid(self) -> int:
        """Of the fork server."""
        return self._process.pid

    def wait_ready(self, timeout_s: float = _READY_S) -> None:
        """raises    RuntimeError if it does not come up"""
        until = time.monotonic() + timeout_s
        while not self.is_ready(_LOOK_S):
            if time.monotonic() >= until:
                raise RuntimeError("The fork server did not start; its log says why.")

    def is_ready(self, timeout_s: float) -> bool:
        """Return whether it takes tasks within this time. It is started again if it ended."""
        if self._process.poll() is not None:
            _LOG.error("The fork server ended; it is started again.")
            time.sleep(min(self._deaths, _MOST_BACK_OFF_S))
            self._deaths += 1
            self.close()
            self._start_server()
        if not self._is_ready:
            with suppress(ConnectionError, BadFrame):
                frame = self.receive(time.monotonic() + timeout_s)
                self._is_ready = frame is not None and "ready" in frame[0]
        return self._is_ready

    def start(
        self,
        order: TaskOrder,
        broker: socket.socket,
        *,
        memory_mb: int | None,
        confinement: Confinement | None,
        over: Callable[[], None] = lambda: None,
    ) -> RemoteTask:
        """Begin a task; there must be no other.

        broker    for the task; it is the task's from now on
        over      called when the task has ended
        """
        self.wait_ready()
        told = {
            "order": order_to_json(order),
            "memory_mb": memory_mb,
            "confinement": None if confinement is None else confinement.to_dict(),
        }
        frame = pack(told)
        with broker, suppress(ConnectionError):
            sent = socket.send_fds(self._channel, [frame], [broker.fileno()])
            self._channel.sendall(frame[sent:])
        return RemoteTask(self, over)

    def send(self, header: dict[str, Any]) -> None:
        """Nothing happens if it is gone."""
        with suppress(ConnectionError):
            self._channel.sendall(pack(header))

    def receive(self, until: float) -> Frame | None:
        """Return its next frame; None if there is none until then, in time.monotonic().

        raises    ConnectionError if it is gone
        """
        waiter = select.poll()
        waiter.register(self._channel, select.POLLIN)
        while (frame := self._frames.next_frame()) is None:
            if not waiter.poll(1000 * max(0.0, until - time.monotonic())):
                return None
            data = self._channel.recv(1 << 18)
            if not data:
                raise ConnectionResetError("The fork server is gone.")
            self._frames.feed(data)
        return frame

    def close(self) -> None:
        """End it, and the task that it may have."""
        if self._process.poll() is None:
            for send, target in ((os.killpg, self._process.pid), (os.kill, self._process.pid)):
                with suppress(ProcessLookupError):
                    send(target, signal.SIGKILL)
            self._process.wait()
        self._channel.close()

    def _start_server(self) -> None:
        ours, theirs = socket.socketpair()
        program = [sys.executable, "-m", "windvane.work.workers.forkserver", str(theirs.fileno())]
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
        self._frames = FrameBuffer(max_body=MOST_RESULT)
        self._is_ready = False


class RemoteTask:
    """A task under way in a process of the fork server."""

    def __init__(self, forks: Forks, over: Callable[[], None]) -> None:
        self._forks, self._over = forks, over
        self._ended: Exit | None = None
        self._result: Result = {}
        self._said: Result | None = None

    def wait(self, timeout_s: float) -> Exit | None:
        """Return how it ended, after waiting until it does, says something, or the time is over."""
        if self._ended is None:
            try:
                frame = self._forks.receive(time.monotonic() + timeout_s)
            except (ConnectionError, BadFrame) as error:
                self._forks.close()
                lost = Note(NoteCode.PROCESS_LOST, {"text": DataValue(str(error))})
                self._ended = Exit(Ending.CRASHED, lost)
            else:
                self._ended = None if frame is None else self._read(frame)
            if self._ended is not None:
                self._over()
        return self._ended

    def kill(self, reason: Ending = Ending.KILLED) -> Exit:
        """Kill it now. Returns how it ended: `reason`, or what it was if it had ended before."""
        if self._ended is None:
            self._forks.send({"kill": str(reason)})
        until = time.monotonic() + _KILL_S
        while (ended := self.wait(until - time.monotonic())) is None and time.monotonic() < until:
            pass
        if ended is None:
            self._forks.close()
            ended = self._ended = Exit(reason, Note(NoteCode.STARTER_ENDED))
            self._over()
        return ended

    def result(self) -> Result:
        """Of one that FINISHED."""
        return self._result

    def said(self) -> Result | None:
        """Return what it said last, once; None if it has said nothing since."""
        said, self._said = self._said, None
        return said

    def _read(self, frame: Frame) -> Exit | None:
        """Return how the task ended; None if the frame tells what it says."""
        header, body = frame
        if "said" in header:
            with suppress(ValueError):
                self._said = read_result(body)
            return None
        ended = Exit(
            Ending(header["ending"]),
            _note(header["note"]),
            tuple(header["error_classes"]),
            header["peak_memory_mb"],
        )
        if ended.ending is not Ending.FINISHED:
            return ended
        try:
            self._result = read_result(body)
        except ValueError as error:
            unread = Note(NoteCode.NO_RESULT, {"text": DataValue(str(error))})
            return Exit(Ending.FAILED, unread)
        return ended


def _note(document: dict[str, Any] | None) -> Note | None:
    return None if document is None else handed_note(document)

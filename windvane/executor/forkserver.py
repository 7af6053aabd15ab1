"""A fork server: has loaded the libraries, knows no secret, and forks a confined process for each piece of work.

    python -m windvane.executor.forkserver CHANNEL MODULE ...

Who gives it work may hold keys in its memory, so that no fork of it may touch data. On the channel comes a socket for each
piece of work, and nothing else. On that socket comes one frame with the work (`Forks.start` says what stands in it), with the
descriptor that the work is to have, if there is one, and perhaps {"kill": how}. It is answered by {"ending": ...} with the
result as its body, and before that, as often as the work says something, by {"said": true} with that as the body. Work ends
with its socket, and the fork server with its channel. First of all it says {"ready": its pid}, with a descriptor of itself;
and {"outdated": true} once a new fork server would have loaded more libraries.

Work tells of an account's data, and its result more. So the fork server reads neither: for each socket it forks an attendant
that reads the work, forks its process and passes on what came of it. What one leaves in memory is in no other's.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import logging
import os
import select
import socket
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from windvane.executor.base import function_of
from windvane.executor.forked import MOST_SAID, ForkedTask, Result
from windvane.notes.note import note_to_json
from windvane.process.child import Ending, Exit, fork_watched
from windvane.process.confinement import confinement_from
from windvane.process.frames import FrameBuffer, pack
from windvane.process.log_lines import log_to
from windvane.process.parent_death import die_with_parent

_LOG = logging.getLogger(__name__)

_LOOK_MS = 200
_MOST_HEARD = 10
"""Times that work is listened to; none of ours says so much."""

_PIECE = 1 << 16


class ForkServer:
    """The main loop of the fork server: forks for each piece of work.

    channel     of whoever gives it work
    all_loaded  descriptor of a pipe that ends once a new fork server would have loaded more; None if none would
    """

    def __init__(self, channel: socket.socket, all_loaded: int | None = None) -> None:
        self._channel, self._all_loaded = channel, all_loaded
        self._attendants: dict[int, int] = {}
        self._waiter = select.poll()
        self._waiter.register(channel, select.POLLIN)
        if all_loaded is not None:
            self._waiter.register(all_loaded, select.POLLIN)

    def run(self) -> None:
        """Serve until nobody can give it work any more; what is under way dies with it."""
        while True:
            for descriptor, _ in self._waiter.poll():
                if descriptor in self._attendants:
                    self._collect(descriptor)
                elif descriptor == self._all_loaded:
                    self._tell_outdated(descriptor)
                elif not self._take_in():
                    return

    def _take_in(self) -> bool:
        """Begin a piece of work. Returns whether there was one."""
        data, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        own = os.getpid()
        for line in descriptors:
            try:
                attendant, watched = fork_watched(partial(self._attend, line, own))
            except OSError as error:
                _LOG.error("There is no room for a process to do a piece of work: %s", error)
            else:
                self._attendants[watched] = attendant
                self._waiter.register(watched, select.POLLIN)
            finally:
                os.close(line)
        return bool(data)

    def _tell_outdated(self, all_loaded: int) -> None:
        self._waiter.unregister(all_loaded)
        os.close(all_loaded)
        self._all_loaded = None
        self._channel.sendall(pack({"outdated": True}))

    def _attend(self, line: int, parent_pid: int) -> NoReturn:
        self._channel.close()
        _attend_one(line, parent_pid)

    def _collect(self, watched: int) -> None:
        """Collect the exit status of an attendant that has ended."""
        os.waitpid(self._attendants.pop(watched), 0)
        self._waiter.unregister(watched)
        os.close(watched)


def _attend_one(line: int, parent_pid: int) -> NoReturn:
    """The life of an attendant."""
    try:
        die_with_parent(parent_pid)
        with suppress(ConnectionError):
            Attendant(socket.socket(fileno=line)).run()
    except BaseException:  # noqa: BLE001 - the end of a process
        _LOG.exception("The fork server could not have a piece of work done.")
    finally:
        os._exit(0)


class Attendant:
    """Has one piece of work done and passes on what comes of it.

    line    the socket of the work
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._frames = FrameBuffer(1 << 26)
        self._descriptors: list[int] = []

    def run(self) -> None:
        """Attend until the work has ended, or nobody wants it any more."""
        told = self._next()
        if told is None:
            return
        confined, folder = told["confinement"], Path(told["folder"])
        kept, self._descriptors = tuple(self._descriptors), []
        given = {"descriptor": kept[0], "folder": told["folder"]} if kept else {}
        payload = {**told["payload"], **given}
        ears, mouth = os.pipe()
        task = ForkedTask.start(
            partial(_work, told["function"], payload, folder, mouth),
            folder,
            memory_mb=told["memory_mb"],
            confinement=None if confined is None else confinement_from(confined),
            keep=(*kept, mouth),
        )
        for descriptor in (*kept, mouth):
            os.close(descriptor)
        ended = self.attend(task, ears)
        note = None if ended.note is None else note_to_json(ended.note)
        self._line.sendall(pack({**asdict(ended), "note": note}, task.take_result()))

    def attend(self, task: ForkedTask, ears: int) -> Exit:
        """Return how it ended; its memory is watched meanwhile, and it and whoever gave it are listened to.

        ears    gives what the work says
        """
        waiter = select.poll()
        waiter.register(self._line, select.POLLIN)
        waiter.register(task.child.pidfd, select.POLLIN)
        waiter.register(ears, select.POLLIN)
        os.set_blocking(ears, False)
        early, n_heard = self._frames.next_frame(), 0
        if early is not None and "kill" in early[0]:
            return task.kill(Ending(early[0]["kill"]))
        while (ended := task.child.poll()) is None:
            events = dict(waiter.poll(_LOOK_MS))
            if ears in events:
                is_open, n_heard = self._pass_on(ears), n_heard + 1
                if not is_open or n_heard == _MOST_HEARD:
                    waiter.unregister(ears)
            if self._line.fileno() in events:
                told = self._next()
                if told is None or "kill" in told:
                    return task.kill(Ending.KILLED if told is None else Ending(told["kill"]))
        if n_heard < _MOST_HEARD:
            self._pass_on(ears)
        return ended

    def _pass_on(self, ears: int) -> bool:
        """Tell what the work said last. Returns whether it may say more: not if it has closed its end, or has read
        itself what it said."""
        said = _heard(ears)
        last = said.strip().rpartition(b"\n")[2]
        if last and len(last) <= MOST_SAID:
            self._line.sendall(pack({"said": True}, last))
        return bool(said)

    def _next(self) -> dict[str, Any] | None:
        """Return the next frame's header; None if there is nobody to send one."""
        while (frame := self._frames.next_frame()) is None:
            data, descriptors, _, _ = socket.recv_fds(self._line, _PIECE, 1)
            self._descriptors.extend(descriptors)
            if not data:
                return None
            self._frames.feed(data)
        return frame[0]


def _heard(ears: int) -> bytes:
    with suppress(BlockingIOError):
        return os.read(ears, _PIECE)
    return b""


def _work(function: str, payload: Mapping[str, Any], folder: Path, mouth: int) -> Result:
    """The life of the work's process."""
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)

    def say(said: Mapping[str, Any]) -> None:
        os.write(mouth, json.dumps(said).encode() + b"\n")

    return dict(function_of(function)(payload, say))


def serve(channel: socket.socket, all_loaded: int | None = None) -> None:
    """Be a fork server from now on: say so, with a descriptor of this process, and take work until the channel ends.

    all_loaded    as of a ForkServer
    """
    own = os.getpid()
    with suppress(ConnectionError):
        watched = os.pidfd_open(own)
        socket.send_fds(channel, [pack({"ready": own})], [watched])
        os.close(watched)
        ForkServer(channel, all_loaded).run()


def main() -> None:
    faulthandler.enable()
    log_to("%(asctime)s %(levelname)s %(name)s: %(message)s")
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.umask(0o077)
    for library in sys.argv[2:]:
        import_module(library)
    gc.freeze()
    serve(channel)


if __name__ == "__main__":
    main()

"""The fork server of a worker: has loaded the libraries, knows no secret, and forks a confined process for each task.

    python -m windvane.work.workers.forkserver CHANNEL MODULE ...

A worker holds the keys of the stores in its memory, so that no fork of it may touch data. On the channel come frames:
{"order": ..., "memory_mb": N, "confinement": ... or null}, with the socket of the task's broker as a descriptor, and
{"kill": how}; each order is answered by {"ending": ...} with the result as its body, and before that, as often as the task
says something, by {"said": true} with that as the body. It ends with the channel.

An order tells of an account's data, and its result more. So it reads neither itself: for each order it forks an attendant
that reads it, forks the task's process and passes on what came of it. What one task leaves in memory is in no other's.
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
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.notes.note import note_to_json
from windvane.process.child import Ending, Exit
from windvane.process.confinement import confinement_from
from windvane.process.frames import FrameBuffer, pack
from windvane.process.log_lines import log_to
from windvane.process.parent_death import die_with_parent
from windvane.work.workers.forked import MOST_SAID, ForkedTask, Result
from windvane.work.workers.order import TaskOrder, order_from_json
from windvane.work.workers.performing import perform_order

_LOG = logging.getLogger(__name__)

_LOOK_MS = 200
_MOST_HEARD = 10
"""Times that a task is listened to; none of ours says so much."""

_PIECE = 1 << 16


class ForkServer:
    """channel    of the worker"""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._frames = FrameBuffer(1 << 26)
        self._descriptors: deque[int] = deque()

    def run(self) -> None:
        """Until the worker is gone, or an attendant ended in a way that it should not."""
        waiter = select.poll()
        waiter.register(self._channel, select.POLLIN)
        own = os.getpid()
        while waiter.poll():
            attendant = os.fork()
            if attendant == 0:
                self._attend_one(own)
            _, status = os.waitpid(attendant, 0)
            if status != 0:
                return

    def _attend_one(self, parent_pid: int) -> NoReturn:
        """The life of an attendant. It leaves without a fault if the next order may come."""
        code = 1
        try:
            die_with_parent(parent_pid)
            with suppress(ConnectionError):
                code = 0 if self._do_next() else 1
        except BaseException:  # noqa: BLE001 - the end of a process
            _LOG.exception("The fork server could not have a task done.")
        finally:
            os._exit(code)

    def _do_next(self) -> bool:
        """Return whether there was an order; whatever else is told comes too late for the one before."""
        while (told := self._next()) is not None:
            if "order" in told:
                self._do(told)
                return True
        return False

    def _do(self, told: dict[str, Any]) -> None:
        broker, order = self._descriptors.popleft(), order_from_json(told["order"])
        confined = told["confinement"]
        ears, mouth = os.pipe()
        task = ForkedTask.start(
            partial(_work, order, broker, mouth),
            order.folder,
            memory_mb=told["memory_mb"],
            confinement=None if confined is None else confinement_from(confined),
            keep=(broker, mouth),
        )
        os.close(broker)
        os.close(mouth)
        ended = self._attend(task, ears)
        note = None if ended.note is None else note_to_json(ended.note)
        self._channel.sendall(pack({**asdict(ended), "note": note}, task.take_result()))

    def _attend(self, task: ForkedTask, ears: int) -> Exit:
        """Return how it ended; its memory is watched meanwhile, and it and the worker are listened to.

        ears    gives what the task says
        """
        waiter = select.poll()
        waiter.register(self._channel, select.POLLIN)
        waiter.register(task.child.pidfd, select.POLLIN)
        waiter.register(ears, select.POLLIN)
        os.set_blocking(ears, False)
        n_heard = 0
        while (ended := task.child.poll()) is None:
            events = dict(waiter.poll(_LOOK_MS))
            if ears in events:
                said, n_heard = _heard(ears), n_heard + 1
                if said:
                    self._channel.sendall(pack({"said": True}, said))
                if not said or n_heard == _MOST_HEARD:
                    waiter.unregister(ears)
            if self._channel.fileno() in events:
                told = self._next()
                if told is None or "kill" in told:
                    return task.kill(Ending.KILLED if told is None else Ending(told["kill"]))
        return ended

    def _next(self) -> dict[str, Any] | None:
        """Return the next frame's header; None if there is nobody to send one."""
        while (frame := self._frames.next_frame()) is None:
            data, descriptors, _, _ = socket.recv_fds(self._channel, _PIECE, 1)
            self._descriptors.extend(descriptors)
            if not data:
                return None
            self._frames.feed(data)
        return frame[0]


def _heard(ears: int) -> bytes:
    """Return what a task says; nothing if it has closed its end, or has read what it said itself."""
    with suppress(BlockingIOError):
        return os.read(ears, MOST_SAID)
    return b""


def _work(order: TaskOrder, broker: int, mouth: int) -> Result:
    """Return the life of a task's process."""
    tempfile.tempdir = os.environ["TMPDIR"] = str(order.folder)

    def say(said: Result) -> None:
        os.write(mouth, json.dumps(said).encode())

    with socket.socket(fileno=broker) as channel:
        artifacts = BrokeredArtifacts(channel, order.folder)
        return perform_order(order, lambda: artifacts, say)


def main() -> None:
    faulthandler.enable()
    log_to("%(asctime)s %(levelname)s %(name)s: %(message)s")
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.umask(0o077)
    for library in sys.argv[2:]:
        import_module(library)
    gc.freeze()
    channel.sendall(pack({"ready": True}))
    ForkServer(channel).run()


if __name__ == "__main__":
    main()

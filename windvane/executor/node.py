"""The process of ours on a node of a cluster, beside Ray's: has work done for whoever connects to its socket.

    python -m windvane.executor.node SOCKET FOLDER MODULE ...

Ray places work and connects; what a process may hold and do, and that it ends, is looked after here, by a process with one
thread that Ray neither starts nor knows, and whose environment holds no token.

One connection is one piece of work: {"work": ..., "owner": ...} comes, and what is told of it goes back, its end last.
Work whose connection closes is ended. Another kind of connection brings {"owner": ..., "until": time} again and again, each
answered by {"now": time}: until then whoever owns work takes for granted that it goes on here. Thereafter it may have the work
done on another node, as this one may have been cut off. So work begins once its owner was heard, and ends if that was not so
in time.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from windvane.executor.base import Ended, Work
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, Place
from windvane.executor.news_json import news_to_text, work_from_text
from windvane.process.frames import BadFrame, FrameBuffer, pack
from windvane.process.log_lines import log_to

_LOG = logging.getLogger(__name__)

_LOOK_MS = 200
_MOST_WAITING = 64


@dataclass
class _Connection:
    """key    of the work that it is for; None before it has come"""

    channel: socket.socket
    frames: FrameBuffer = field(default_factory=lambda: FrameBuffer(1 << 26))
    key: str | None = None

    def tell(self, header: dict[str, object]) -> None:
        """Nothing happens if nobody listens."""
        with suppress(ConnectionError):
            self.channel.sendall(pack(header))


class NodeServer:
    """path    of its socket; what is there is replaced"""

    def __init__(self, path: Path, executor: ForkServerExecutor) -> None:
        self._executor = executor
        self._connections: dict[int, _Connection] = {}
        self._waiting: dict[str, tuple[str, Work]] = {}
        self._owners: dict[str, str] = {}
        self._until: dict[str, float] = {}
        self._n_come = 0
        self._is_stopping = False
        self._listener = socket.socket(socket.AF_UNIX)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(_MOST_WAITING)

    def stop(self) -> None:
        """Return from `run` soon. May be called from a signal handler."""
        self._is_stopping = True

    def run(self) -> None:
        """Until told to stop."""
        while not self._is_stopping:
            waiter = select.poll()
            for descriptor in (
                self._listener.fileno(),
                *self._connections,
                *self._executor.descriptors(),
            ):
                waiter.register(descriptor, select.POLLIN)
            for descriptor, _ in waiter.poll(_LOOK_MS):
                if descriptor == self._listener.fileno():
                    channel, _ = self._listener.accept()
                    self._connections[channel.fileno()] = _Connection(channel)
                elif descriptor in self._connections:
                    self._hear(self._connections[descriptor])
            self._fence()
            self._begin()
            self._tell()
        self._listener.close()

    def _hear(self, connection: _Connection) -> None:
        try:
            data = connection.channel.recv(1 << 18)
            connection.frames.feed(data)
            while (frame := connection.frames.next_frame()) is not None:
                self._take_in(connection, frame[0])
        except (ConnectionError, BadFrame, LookupError, TypeError, ValueError) as error:
            _LOG.warning("What came is neither work nor heard of an owner: %s", error)
            data = b""
        if not data:
            self._close(connection)

    def _take_in(self, connection: _Connection, told: dict[str, object]) -> None:
        """raises    LookupError, TypeError or ValueError if that is nothing to be taken in"""
        owner = str(told["owner"])
        if "until" in told:
            self._until[owner] = float(str(told["until"]))
            connection.tell({"now": time.time()})
        elif connection.key is None:
            self._n_come += 1
            key = connection.key = str(self._n_come)
            self._waiting[key] = owner, replace(work_from_text(str(told["work"])), key=key)

    def _close(self, connection: _Connection) -> None:
        del self._connections[connection.channel.fileno()]
        connection.channel.close()
        if connection.key is not None:
            self._waiting.pop(connection.key, None)
            self._executor.kill(connection.key)

    def _begin(self) -> None:
        """Begin what waits, of owners who were heard."""
        for key, (owner, work) in list(self._waiting.items()):
            if owner in self._until:
                del self._waiting[key]
                self._owners[key] = owner
                self._executor.submit(work)

    def _fence(self) -> None:
        """End the work of owners who were not heard in time."""
        now = time.time()
        gone = {owner for owner, until in self._until.items() if until < now}
        for key, owner in self._owners.items():
            if owner in gone:
                _LOG.warning("The owner of some work was not heard in time: it is ended.")
                self._executor.kill(key)
        for owner in gone:
            del self._until[owner]

    def _tell(self) -> None:
        for news in self._executor.poll(0.0):
            for connection in self._connections.values():
                if connection.key == news.key:
                    connection.tell({"news": news_to_text(news)})
            if isinstance(news, Ended):
                del self._owners[news.key]


def main() -> None:
    faulthandler.enable()
    log_to("%(asctime)s %(levelname)s %(name)s: %(message)s")
    path, folder, libraries = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True)
    executor = ForkServerExecutor(OwnProcess(libraries), lambda _: Place(folder))
    executor.forks.wait_ready()
    server = NodeServer(path, executor)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()
    executor.close()


if __name__ == "__main__":
    main()

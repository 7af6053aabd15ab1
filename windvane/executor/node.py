"""The process of ours on a node of a cluster, beside Ray's: has work done for whoever connects to its socket.

    python -m windvane.executor.node SOCKET FOLDER MODULE ...

Ray places work and connects; what a process may hold and do, and that it ends, is looked after here, by a process that Ray
neither starts nor knows, and whose environment holds no token. Tasks of the service are done by `windvane.work.workers.node`, whose
server is the same.

One connection is one piece of work: {"work": ..., "owner": ...} comes, and what is told of it goes back, its end last.
Work whose connection closes is ended. Another kind of connection brings {"owner": ..., "until": time} again and again, each
answered by {"now": time}: until then whoever owns work takes for granted that it goes on here. Thereafter it may have the work
done on another node, as this one may have been cut off. So work begins once its owner was heard, and ends if that was not so
in time. {"ask": "about"} is answered by {"about": what the node says of itself}.
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
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from windvane.executor.base import Ended, MachineNews, MemberReady, Work
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.executor.news_json import news_to_text, work_from_text
from windvane.process.frames import BadFrame, FrameBuffer, pack
from windvane.process.log_lines import log_to

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

_LOOK_MS = 200
_MOST_WAITING = 64


@dataclass
class _Connection:
    """A connection of somebody who gives work to this node.

    key    of the work that it is for; None before it has come
    """

    channel: socket.socket
    frames: FrameBuffer = field(default_factory=lambda: FrameBuffer(1 << 26))
    key: str | None = None

    def tell(self, header: dict[str, object]) -> None:
        """Send a header; nothing happens if nobody listens."""
        with suppress(ConnectionError):
            self.channel.sendall(pack(header))


class NodeServer:
    """Runs the work that others on the cluster give to this node.

    path        of its socket; what is there is replaced
    place_of    where some work is done; asked in a thread of its own, since owners have to be answered meanwhile
    about       returns what it says of itself and its machine, JSON; asked in the same thread
    """

    def __init__(
        self,
        path: Path,
        executor: ForkServerExecutor,
        place_of: Callable[[Work], WorkPlace],
        about: Callable[[], str] = lambda: "{}",
    ) -> None:
        self._executor, self._place_of, self._about = executor, place_of, about
        self._aside = ThreadPoolExecutor(1, "places")
        self._placed: dict[str, tuple[Work, Future[WorkPlace]]] = {}
        self._told: list[tuple[_Connection, Future[str]]] = []
        self._unwanted: set[str] = set()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
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
        """Serve until told to stop."""
        while not self._is_stopping:
            waiter = select.poll()
            for descriptor in (
                self._listener.fileno(),
                self._wake,
                *self._connections,
                *self._executor.descriptors(),
            ):
                waiter.register(descriptor, select.POLLIN)
            for descriptor, _ in waiter.poll(_LOOK_MS):
                if descriptor == self._listener.fileno():
                    channel, _ = self._listener.accept()
                    self._connections[channel.fileno()] = _Connection(channel)
                elif descriptor == self._wake:
                    os.eventfd_read(self._wake)
                elif descriptor in self._connections:
                    self._hear(self._connections[descriptor])
            self._fence()
            self._place()
            self._begin()
            self._tell()
        self._listener.close()
        for connection in self._connections.values():
            connection.channel.close()
        self._aside.shutdown(wait=False, cancel_futures=True)

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
        """Take in what a connection says: an owner's sign of life, a question about this node, or a piece of work.

        raises    LookupError, TypeError or ValueError if that is nothing to be taken in
        """
        if told.get("ask") == "about":
            self._told.append((connection, self._do_aside(self._about)))
            return
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
            self._kill(connection.key)

    def _place(self) -> None:
        """Have a place made for what waits, of owners who were heard."""
        for key, (owner, work) in list(self._waiting.items()):
            if owner in self._until:
                del self._waiting[key]
                self._owners[key] = owner
                self._placed[key] = work, self._do_aside(partial(self._place_of, work))

    def _begin(self) -> None:
        """Begin what has a place."""
        for key, (work, place) in list(self._placed.items()):
            if place.done():
                del self._placed[key]
                self._tell_address(key, place)
                self._executor.begin(work, partial(_of_future, place))
                if key in self._unwanted:
                    self._unwanted.remove(key)
                    self._executor.kill(key)

    def _tell_address(self, key: str, place: Future[WorkPlace]) -> None:
        if place.exception() is None and (address := place.result().address):
            self._tell_of(MemberReady(key, address))

    def _kill(self, key: str) -> None:
        if key in self._placed:
            self._unwanted.add(key)
        self._executor.kill(key)

    def _do_aside(self, do: Callable[[], T]) -> Future[T]:
        doing = self._aside.submit(do)
        doing.add_done_callback(lambda _: os.eventfd_write(self._wake, 1))
        return doing

    def _fence(self) -> None:
        """End the work of owners who were not heard in time."""
        now = time.time()
        gone = {owner for owner, until in self._until.items() if until < now}
        for key, owner in self._owners.items():
            if owner in gone:
                _LOG.warning("The owner of some work was not heard in time: it is ended.")
                self._kill(key)
        for owner in gone:
            del self._until[owner]

    def _tell(self) -> None:
        for connection, about in [one for one in self._told if one[1].done()]:
            self._told.remove((connection, about))
            if connection.channel.fileno() >= 0:
                connection.tell({"about": about.result()})
        for news in self._executor.poll(0.0):
            self._tell_of(news)
            if isinstance(news, Ended):
                del self._owners[news.key]

    def _tell_of(self, news: MachineNews) -> None:
        for connection in self._connections.values():
            if connection.key == news.key:
                connection.tell({"news": news_to_text(news)})


def _of_future(place: Future[WorkPlace], _: Work) -> WorkPlace:
    return place.result()


def main() -> None:
    faulthandler.enable()
    log_to("%(asctime)s %(levelname)s %(name)s: %(message)s")
    path, folder, libraries = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True)
    executor = ForkServerExecutor(OwnProcess(libraries), lambda _: WorkPlace(folder))
    executor.forks.wait_ready()
    serve(NodeServer(path, executor, lambda _: WorkPlace(folder)))
    executor.close()


def serve(server: NodeServer) -> None:
    """Run until SIGTERM or SIGINT comes. To be called by the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()


if __name__ == "__main__":
    main()

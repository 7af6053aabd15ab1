"""The process of ours on a node of a cluster, beside Ray's: has work done for whoever connects to its socket.

    python -m windvane.executor.node SOCKET FOLDER MODULE ...

Ray places work and connects; what a process may hold and do, and that it ends, is looked after here, by a process that Ray
neither starts nor knows, and whose environment holds no token. Tasks of the service are done by `windvane.work.workers.node`, whose
server is the same.

One connection is one piece of work: {"work": ..., "owner": ...} comes, and what is told of it goes back, its end last.
{"stop": true} ends it. If its connection closes without that, or its owner is silent while others are heard, work that has begun
is left behind (executor/left_behind.py): {"takes_over": its key, "owner": ...} takes it over.

Another kind of connection brings {"owner": ..., "until": time} again and again, each answered by {"now": time, "left": [keys]}, which
are what this owner may take over: until then whoever owns work takes for granted that it goes on here. Thereafter it may have the
work done on another node, as this one may have been cut off. So work begins once its owner was heard, and ends if that was not so
in time. {"ask": "about"} is answered by {"about": what the node says of itself}.

Ray gives work to the node by what it knows to run there. What was left behind it does not know of: until that has ended, work waits for
its room.
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

from windvane.executor.base import MachineNews, MemberReady, News, Said, Work
from windvane.executor.exits import lost
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.executor.left_behind import Given, LeftBehind
from windvane.executor.news_json import news_to_text, work_from_text
from windvane.executor.ray_start import Room
from windvane.process.frames import BadFrame, FrameBuffer, pack
from windvane.process.log_lines import log_to

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

_LOOK_MS = 200
_MOST_WAITING = 64

_SILENT_S = 4.0
"""After which an owner that beats every two seconds (executor/ray_nodes.py) counts as silent."""

_BEFORE_FENCE_S = 2.0
"""Before the work of an owner would be ended, it is left behind, if it is the owner who is cut off, and not this node."""


@dataclass
class _Connection:
    """A connection of somebody who gives work to this node.

    number    of the work that it is for; None before it has come, and once that is no concern of it any more
    """

    channel: socket.socket
    frames: FrameBuffer = field(default_factory=lambda: FrameBuffer(1 << 26))
    number: str | None = None

    def tell(self, header: dict[str, object]) -> None:
        """Send a header; nothing happens if nobody listens."""
        with suppress(ConnectionError):
            self.channel.sendall(pack(header))


class NodeServer:
    """Runs the work that others on the cluster give to this node.

    path        of its socket; what is there is replaced
    place_of    where some work is done; asked in a thread of its own, since owners have to be answered meanwhile
    about       returns what it says of itself and its machine, JSON; asked in the same thread
    room        that work may have; None if it is only Ray that sees to that
    """

    def __init__(
        self,
        path: Path,
        executor: ForkServerExecutor,
        place_of: Callable[[Work], WorkPlace],
        about: Callable[[], str] = lambda: "{}",
        room: Room | None = None,
    ) -> None:
        self._executor, self._place_of, self._about, self._room = executor, place_of, about, room
        self._aside = ThreadPoolExecutor(1, "places")
        self._placed: dict[str, tuple[Work, Future[WorkPlace]]] = {}
        self._told: list[tuple[_Connection, Future[str]]] = []
        self._unwanted: set[str] = set()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        self._connections: dict[int, _Connection] = {}
        self._waiting: dict[str, tuple[str, Work]] = {}
        self._given: dict[str, Given] = {}
        self._begun: set[str] = set()
        self._said: dict[str, Said] = {}
        self._left = LeftBehind()
        self._until: dict[str, float] = {}
        self._heard: dict[str, float] = {}
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
        """Take in what a connection says: an owner's sign of life, a question about this node, a piece of work, that one is taken
        over, or that it is to end.

        raises    LookupError, TypeError or ValueError if that is nothing to be taken in
        """
        if told.get("ask") == "about":
            self._told.append((connection, self._do_aside(self._about)))
            return
        if told.get("stop"):
            self._drop(connection)
            return
        owner = str(told["owner"])
        if "until" in told:
            self._until[owner] = float(str(told["until"]))
            self._heard[owner] = time.monotonic()
            left = self._left.keys(owner, self._silent())
            connection.tell({"now": time.time(), "left": left})
        elif "takes_over" in told:
            self._hand_over(connection, str(told["takes_over"]), owner)
        elif connection.number is None:
            self._n_come += 1
            number = connection.number = str(self._n_come)
            self._waiting[number] = owner, work_from_text(str(told["work"]))

    def _hand_over(self, connection: _Connection, key: str, owner: str) -> None:
        """Have a connection attend to work that was left behind."""
        left = self._left.take(key)
        if left is None:
            connection.tell({"news": news_to_text(lost(key, "it is not on this node any more"))})
            return
        connection.number = left.number
        if left.ended is None:
            self._given[left.number] = replace(left.given, owner=owner)
        for news in left.news:
            self._tell_of(news)

    def _close(self, connection: _Connection) -> None:
        del self._connections[connection.channel.fileno()]
        connection.channel.close()
        number = connection.number
        if number is not None and self._may_go_on(number):
            self._leave(number)
        else:
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        """End the work of a connection, which is told no more of it."""
        number, connection.number = connection.number, None
        if number is not None:
            self._waiting.pop(number, None)
            self._kill(number)

    def _may_go_on(self, number: str) -> bool:
        """Return whether some work may be left behind: of what has not begun, nothing would be lost."""
        return number in self._begun and not self._given[number].is_member

    def _leave(self, number: str) -> None:
        """Let some work go on though nobody attends to it."""
        _LOG.warning("Nobody attends to some work any more: it goes on for a while.")
        self._left.leave(number, self._given[number], self._said.get(number))
        for connection in list(self._connections.values()):
            if connection.number == number:
                connection.number = None
                self._close(connection)

    def _place(self) -> None:
        """Have a place made for what waits, of owners who were heard."""
        for number, (owner, given) in list(self._waiting.items()):
            if owner in self._until:
                del self._waiting[number]
                work = replace(given, key=number)
                self._given[number] = Given(
                    owner, given.key, given.cpus, given.memory_mb, given.member is not None
                )
                self._placed[number] = work, self._do_aside(partial(self._place_of, work))

    def _begin(self) -> None:
        """Begin what has a place, and room."""
        for number, (work, place) in list(self._placed.items()):
            if place.done() and (number in self._unwanted or self._has_room(number)):
                del self._placed[number]
                self._begun.add(number)
                _LOG.info("Work %s begins.", self._given[number].key)
                self._tell_address(number, place)
                self._executor.begin(work, partial(_of_future, place))
                if number in self._unwanted:
                    self._unwanted.remove(number)
                    self._executor.kill(number)

    def _has_room(self, number: str) -> bool:
        """Return whether some work fits beside what runs; alone it may always begin."""
        if self._room is None or not self._begun:
            return True
        together = [self._given[one] for one in (*self._begun, number)]
        return (
            sum(one.cpus for one in together) <= self._room.cpus
            and sum(one.memory_mb for one in together) <= self._room.memory_mb
        )

    def _tell_address(self, number: str, place: Future[WorkPlace]) -> None:
        if place.exception() is None and (address := place.result().address):
            self._tell_of(MemberReady(number, address))

    def _kill(self, number: str) -> None:
        if number in self._placed:
            self._unwanted.add(number)
        self._executor.kill(number)

    def _do_aside(self, do: Callable[[], T]) -> Future[T]:
        doing = self._aside.submit(do)
        doing.add_done_callback(lambda _: os.eventfd_write(self._wake, 1))
        return doing

    def _silent(self) -> set[str]:
        """Return the owners of work who were not heard for a while."""
        since = time.monotonic() - _SILENT_S
        owners = {given.owner for given in self._given.values()} | self._left.owners()
        return {owner for owner in owners if self._heard.get(owner, 0.0) < since}

    def _fence(self) -> None:
        """End the work of owners who were not heard in time. If others are heard, it is left behind before that, and what was left
        behind for too long is ended."""
        now = time.time()
        gone = {owner for owner, until in self._until.items() if until < now}
        since = time.monotonic() - _SILENT_S
        if any(heard >= since for heard in self._heard.values()):
            self._leave_of(self._silent(), now + _BEFORE_FENCE_S)
        for number, given in self._given.items():
            if given.owner in gone and not self._left.has(number):
                _LOG.warning("The owner of some work was not heard in time: it is ended.")
                self._kill(number)
        for owner in gone:
            del self._until[owner]
            self._heard.pop(owner, None)
        for number in self._left.given_up():
            self._kill(number)

    def _leave_of(self, owners: set[str], until: float) -> None:
        """Leave the work behind of owners who are silent, and would not be waited for longer than this."""
        for number in [one for one in self._begun if not self._left.has(one)]:
            owner = self._given[number].owner
            if owner in owners and self._until.get(owner, 0.0) < until and self._may_go_on(number):
                self._leave(number)

    def _tell(self) -> None:
        for connection, about in [one for one in self._told if one[1].done()]:
            self._told.remove((connection, about))
            if connection.channel.fileno() >= 0:
                connection.tell({"about": about.result()})
        for news in self._executor.poll(0.0):
            self._take_news(news)

    def _take_news(self, news: News) -> None:
        if not self._left.hear(news):
            self._tell_of(news)
        if isinstance(news, Said):
            self._said[news.key] = news
        else:
            self._begun.discard(news.key)
            self._said.pop(news.key, None)
            del self._given[news.key]

    def _tell_of(self, news: MachineNews) -> None:
        for connection in self._connections.values():
            if connection.number == news.key:
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

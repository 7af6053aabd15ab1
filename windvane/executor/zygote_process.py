"""The process of a zygote: loads libraries, knows no secret, and forks a fork server for whoever asks on its line.

    python -m windvane.executor.zygote_process CHANNEL MODULE ... LATER MODULE ...

On the channel comes the line of one asker after another, and nothing else. On a line comes, for each fork server that is
wanted, its name with two descriptors: the fork server's channel, and where it writes what it has to say; or HAS_WORK. A fork
server ends with its channel, and with the zygote, which ends with its own channel.

The modules before LATER are loaded when a fork server is first asked for, those after it once there is work, one at a time
between what is asked: on a busy machine all of them take a minute, and the first task needs few. A fork server that was forked
before all were loaded says so when they are (executor/forkserver.py), and its owner replaces it.
"""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import select
import socket
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import NoReturn

from windvane.executor.forkserver import serve
from windvane.process.child import fork_watched
from windvane.process.linux import name_process
from windvane.process.log_lines import log_to
from windvane.process.parent_death import die_with_parent

_LOG = logging.getLogger(__name__)

MOST_NAME = 64
"""Bytes of a fork server's name."""

HAS_WORK = b"\0"
"""On a line, in place of a name: there is work."""

LATER = "--later"
"""Among the modules: those after it are loaded once there is work."""


class ZygoteProcess:
    """The main loop of the zygote: forks a fork server for each request.

    channel    of whoever started it
    first      loaded before the first fork: a server that starts has its processors for itself until it is ready
    later      loaded once there is work
    """

    def __init__(
        self, channel: socket.socket, first: Sequence[str], later: Sequence[str] = ()
    ) -> None:
        self._channel = channel
        self._first, self._later = list(first), list(later)
        self._has_work = False
        self._loading = os.pipe() if later else None
        self._lines: dict[int, socket.socket] = {}
        self._fork_servers: dict[int, int] = {}
        self._waiter = select.poll()
        self._waiter.register(channel, select.POLLIN)

    def run(self) -> None:
        """Serve until nobody can ask any more; what was forked dies with it."""
        while True:
            loads = self._has_work and bool(self._later)
            events = self._waiter.poll(0 if loads else None)
            if loads and not events:
                self._load_next()
            for descriptor, _ in events:
                if descriptor in self._fork_servers:
                    self._collect(descriptor)
                elif descriptor in self._lines:
                    self._answer(descriptor)
                elif not self._take_line():
                    return

    def _take_line(self) -> bool:
        """Listen to one more asker. Returns whether there may be others."""
        data, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        for descriptor in descriptors:
            self._lines[descriptor] = socket.socket(fileno=descriptor)
            self._waiter.register(descriptor, select.POLLIN)
        return bool(data)

    def _answer(self, descriptor: int) -> None:
        """Fork what is asked for on a line, take note that there is work, or forget the line if its asker is gone."""
        name, given, _, _ = socket.recv_fds(self._lines[descriptor], MOST_NAME, 2)
        if not name:
            self._waiter.unregister(descriptor)
            self._lines.pop(descriptor).close()
            return
        if name == HAS_WORK:
            self._has_work = True
            return
        self._load_first()
        try:
            channel, words = given
            become = partial(self._become, name.decode(), channel, words, os.getpid())
            fork_server, watched = fork_watched(become)
        except (OSError, ValueError) as error:
            # ValueError: fewer descriptors come if there is no room for them.
            _LOG.error("There is no room for a fork server: %s", error)
        else:
            self._fork_servers[watched] = fork_server
            self._waiter.register(watched, select.POLLIN)
        finally:
            for one in given:
                os.close(one)

    def _load_first(self) -> None:
        if not self._first:
            return
        for library in self._first:
            import_module(library)
        self._first.clear()
        gc.freeze()

    def _load_next(self) -> None:
        """Load one of the later libraries; after the last, have the fork servers say that they lack some."""
        import_module(self._later.pop(0))
        gc.freeze()
        if not self._later and self._loading is not None:
            for end in self._loading:
                os.close(end)
            self._loading = None

    def _become(self, name: str, channel: int, words: int, parent_pid: int) -> NoReturn:
        """The life of a fork server, which has nothing of the zygote's but its libraries."""
        try:
            os.setsid()
            die_with_parent(parent_pid)
            for line in (self._channel, *self._lines.values()):
                line.close()
            for watched in self._fork_servers:
                os.close(watched)
            for stream in (1, 2):
                os.dup2(words, stream)
            os.close(words)
            name_process(name)
            serve(socket.socket(fileno=channel), self._told_of_loading())
        except BaseException:  # noqa: BLE001 - the end of a process
            _LOG.exception("A fork server ended.")
        finally:
            os._exit(0)

    def _told_of_loading(self) -> int | None:
        """Return the descriptor whose end tells a new fork server that all libraries are loaded; None if they are already."""
        if self._loading is None:
            return None
        all_loaded, end = self._loading
        os.close(end)
        return all_loaded

    def _collect(self, watched: int) -> None:
        """Collect the exit status of a fork server that has ended."""
        os.waitpid(self._fork_servers.pop(watched), 0)
        self._waiter.unregister(watched)
        os.close(watched)


def main() -> None:
    faulthandler.enable()
    log_to("%(asctime)s %(levelname)s %(name)s: %(message)s")
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.umask(0o077)
    at = sys.argv.index(LATER)
    ZygoteProcess(channel, sys.argv[2:at], sys.argv[at + 1 :]).run()


if __name__ == "__main__":
    main()

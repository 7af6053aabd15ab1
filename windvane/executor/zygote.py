"""A zygote: a process that has loaded the libraries once for all fork servers of a server, which are forks of it and so are
there at once, and share the memory of what was loaded. (Android and Chrome call such a process so.)"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence

from windvane.executor.forks import end_process, start_loading
from windvane.executor.zygote_process import HAS_WORK, LATER
from windvane.process.memory import children_memory_mb, children_named
from windvane.process.standard_error import relay


class Zygote:
    """The zygote, as seen by who started it. It dies with the thread that did (process/parent_death.py), and its fork servers with it.

    first        modules without which no work can be done
    later        modules that work of some kind needs, and loads itself if it must
    environment  that its fork servers have besides
    """

    def __init__(
        self,
        first: Sequence[str],
        later: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the zygote, which loads the first libraries when it is first asked for a fork server, the others once there is
        work.

        raises    OSError if it cannot be started
        """
        self._channel, theirs = socket.socketpair()
        words = relay()
        try:
            with theirs:
                module = "windvane.executor.zygote_process"
                modules = (*first, LATER, *later)
                self._process: subprocess.Popen[bytes] = start_loading(
                    module, theirs, modules, words, environment
                )
        finally:
            os.close(words)

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> socket.socket:
        """Return a socket for `ZygoteLine`, in this process or another.

        raises    ConnectionError if the zygote has ended
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                socket.send_fds(self._channel, [b"+"], [theirs.fileno()])
        except ConnectionError:
            ours.close()
            raise
        return ours

    def memory_mb(self, name: str) -> float:
        """Return what the work holds that a fork server of this name does now, in MiB."""
        return sum(children_memory_mb(pid) for pid in children_named(self.pid, name))

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        """End it, and all of its fork servers."""
        end_process(self._process)
        self._channel.close()


class ZygoteLine:
    """Gets fork servers from a zygote.

    line    from `Zygote.line`
    name    of the fork servers' processes, as `ps` shows it: at most 15 bytes
    """

    def __init__(self, line: socket.socket, name: str) -> None:
        self._line, self._name = line, name

    def start(self, channel: socket.socket, words: int) -> None:
        socket.send_fds(self._line, [self._name.encode()], [channel.fileno(), words])

    def has_work(self) -> None:
        """Tell the zygote that there is work: it loads the other libraries."""
        self._line.send(HAS_WORK)

    def end(self) -> None:
        """Do nothing: a fork server ends with its channel."""

    def close(self) -> None:
        self._line.close()

"""Keeps the worker processes of a server alive: one express worker and, once there is something to do, one training worker a
core.

Those that take the place of one that ended are started from a thread of the supervisor's own, whose end would kill
them (process/parent_death.py): it lives until they have been stopped. So does the thread that started the first ones.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from windvane.errors import WindvaneError
from windvane.work.workers.config import WorkConfig, config_to_json
from windvane.work.workers.process import (
    BUSY,
    READY,
    REFUSED,
    StartedWorkers,
    WorkerProcess,
    new_zygote,
    posts,
)
from windvane.work.workers.roles import Role

_LOG = logging.getLogger(__name__)

_LOOK_S = 0.1
_READY_S = 120.0
_STEADY_S = 60.0
_ABLE_S = 30.0
_SILENT_S = 120.0
"""A worker that has said nothing for so long hangs: it is killed. It may wait half a minute for its turn to write, or for objects."""

_STOP_S = 6.0
_BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class WorkersDown(WindvaneError):
    """The workers did not start; the log says why."""


@dataclass
class _Post:
    """A worker's post, whichever process holds it."""

    role: Role
    number: int
    process: WorkerProcess | None = None
    is_ready: bool = False
    heard_at: float = 0.0
    starts: int = 0
    deaths: int = 0
    started_at: float = 0.0
    not_before: float = 0.0

    @property
    def title(self) -> str:
        return f"{self.role}-{self.number}"


class Supervisor:
    def __init__(self, config: WorkConfig, started: StartedWorkers | None = None) -> None:
        """Prepare to keep as many workers running as the configuration says.

        started    processes that wait to be told what to be; others are started as they are needed
        """
        self._config = config
        roles = posts(config.processes)
        self._posts = [_Post(role, roles[:at].count(role) + 1) for at, role in enumerate(roles)]
        self._started = list(started.processes) if started else []
        self._zygote = started.zygote if started else None
        self._timeout_s = _STOP_S
        self._express_seen = time.monotonic()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._began = time.monotonic()
        self._is_busy = config.on_cluster is not None
        self._refusal = ""
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self, up_since: datetime) -> None:
        """Start the workers; returns once the express worker is ready, which begins every job. The training workers are
        started once it says that there is something to do: a machine with few processors is ready sooner, and a server that
        rests needs less memory.

        up_since  since when one server or another has been up without a gap
        raises    WorkersDown if it does not become ready
        """
        self._began = time.monotonic()
        self._config = replace(self._config, up_since=up_since)
        self._thread.start()
        give_up = time.monotonic() + _READY_S
        while not self._ready.wait(_LOOK_S):
            if self._refusal:
                self.stop()
                raise WorkersDown(self._refusal)
            if time.monotonic() >= give_up:
                self.stop()
                raise WorkersDown(
                    f"The workers were not ready after {_READY_S:.0f} s; see the log."
                )

    def stop(self, timeout_s: float = _STOP_S) -> None:
        """Workers give their tasks back and end; those that have not after `timeout_s` are killed."""
        self._timeout_s = timeout_s
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_able_to_lead(self) -> bool:
        """Return whether the express worker, which does what a leader has to do, is at work or was a moment ago."""
        express = next(post for post in self._posts if post.role is Role.EXPRESS)
        if express.is_ready:
            self._express_seen = express.heard_at
        return time.monotonic() - self._express_seen < _ABLE_S

    def faults(self) -> list[str]:
        """Workers that are not at work, a sentence each. One that starts for the first time is no fault yet."""
        return [
            f"The worker {post.title} is not ready (started {post.starts} times)."
            for post in self._wanted()
            if not (post.is_ready or self._is_starting(post))
        ]

    def _wanted(self) -> list[_Post]:
        """Return the posts of the workers that are to be there: only the express worker's until there is something to do."""
        return [post for post in self._posts if self._is_busy or post.role is Role.EXPRESS]

    def _is_starting(self, post: _Post) -> bool:
        is_first = post.starts <= 1 and not post.deaths
        began = post.started_at or self._began
        return is_first and time.monotonic() - began < _READY_S

    def memory_bytes(self, worker: str) -> int | None:
        """Return what the task holds that the worker of this name has in hand; None if no such worker is at work, or its tasks are
        on other machines."""
        zygote = self._zygote
        for post in self._posts:
            if zygote and post.process is not None and self._name(post) == worker:
                return int(zygote.memory_mb(post.title) * 1024**2)
        return None

    def gauges(self) -> Iterator[tuple[str, float]]:
        """Yield figures for /metrics."""
        yield "workers_ready", float(sum(post.is_ready for post in self._posts))
        yield "workers_wanted", float(len(self._wanted()))
        yield "worker_restarts", float(sum(max(0, post.starts - 1) for post in self._posts))

    def _watch(self) -> None:
        try:
            while not self._stopping.is_set():
                for post in self._wanted():
                    if post.role is Role.EXPRESS or self._ready.is_set():
                        self._look_at(post)
                    if post.role is Role.EXPRESS and post.is_ready:
                        self._ready.set()
                self._stopping.wait(_LOOK_S)
        finally:
            self._end_all()

    def _look_at(self, post: _Post) -> None:
        if post.process is None:
            if time.monotonic() >= post.not_before:
                self._hire(post)
            return
        for word in post.process.words():
            self._hear(post, word)
        if post.is_ready and time.monotonic() - post.heard_at >= _SILENT_S:
            _LOG.error("The worker %s hangs: it has not gone on for %s s.", post.title, _SILENT_S)
            post.process.kill()
        if (code := post.process.exit_code()) is not None:
            self._lost(post, f"exit code {code}")

    def _hear(self, post: _Post, word: str) -> None:
        post.heard_at = time.monotonic()
        post.is_ready = post.is_ready or word == READY
        self._is_busy = self._is_busy or word == BUSY
        if word.startswith(REFUSED):
            self._refusal = word.removeprefix(REFUSED)

    def _hire(self, post: _Post) -> None:
        post.starts += 1
        post.started_at = time.monotonic()
        try:
            post.process = self._start_process(post)
        except OSError as error:
            self._lost(post, str(error))

    def _start_process(self, post: _Post) -> WorkerProcess:
        waiting = next((one for one in self._started if one.role is post.role), None)
        if waiting is not None:
            self._started.remove(waiting)
        process = waiting or WorkerProcess(post.role, self._config.data_dir, self._line())
        process.tell(self._name(post), config_to_json(self._config))
        return process

    def _line(self) -> socket.socket | None:
        """Return a line to the zygote, which is started again if it has ended: its workers have then, too. None if tasks run on a
        cluster.

        raises    OSError
        """
        if self._config.on_cluster is not None:
            return None
        if self._zygote is not None and self._zygote.has_ended():
            _LOG.error("The process that has loaded the libraries ended; it is started again.")
            self._zygote.close()
            self._zygote = None
        if self._zygote is None:
            self._zygote = new_zygote(self._config.data_dir)
        return self._zygote.line()

    def _name(self, post: _Post) -> str:
        """Unique among all workers ever; the tasks that it claims bear it."""
        return f"{self._config.run}/{post.title}/{post.starts}"

    def _lost(self, post: _Post, how: str) -> None:
        was_steady = post.is_ready and time.monotonic() - post.started_at >= _STEADY_S
        post.deaths = 0 if was_steady else post.deaths + 1
        wait_s = _BACK_OFF_S[min(post.deaths, len(_BACK_OFF_S) - 1)]
        post.not_before = time.monotonic() + wait_s
        _LOG.error("The worker %s ended (%s); started again in %s s.", post.title, how, wait_s)
        if post.process is not None:
            post.process.close()
        post.process, post.is_ready = None, False

    def _end_all(self) -> None:
        there = [post.process for post in self._posts if post.process is not None]
        for process in (*there, *self._started):
            process.terminate()
        give_up = time.monotonic() + self._timeout_s
        for process in (*there, *self._started):
            process.end(max(0.0, give_up - time.monotonic()))
        for post in self._posts:
            post.process, post.is_ready = None, False
        if self._zygote is not None:
            self._zygote.close()

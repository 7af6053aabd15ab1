"""The nodes of a cluster of Ray, as a process that has work done there knows them."""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import dataclass
from typing import Any

import ray

from windvane.executor.slot import RESOURCES

_LOG = logging.getLogger(__name__)

BEAT_S = 2.0
_SURE_S = 0.5


@dataclass
class Node:
    """The owner's knowledge of a node.

    is_seen      whether Ray has told of it
    cpus, memory_mb
                 that Ray gives to tasks
    pulse        the actor there
    beat         what is waited for: the answer to what was sent last; None if it has come
    sent         the time.time() when that was asked
    told         until when it was to hold this process for alive
    until        the time.time() until which it may go on with its work; `before` that was asked, and now
    answered     when that was sent to which it has answered last; None if it never has
    ahead_s      how far its clock is ahead, at least
    unknown_s    what it may be off beyond that, as the answer took its time
    """

    name: str
    is_seen: bool = False
    cpus: float = 0.0
    memory_mb: float = 0.0
    pulse: Any = None
    beat: Any = None
    sent: float = 0.0
    told: float = 0.0
    before: float = 0.0
    until: float = 0.0
    answered: float | None = None
    ahead_s: float = 0.0
    unknown_s: float = math.inf

    def is_known(self) -> bool:
        """Return whether it answers, quickly enough to tell how its clock goes: the first answer waits for its pulse."""
        return self.answered is not None and self.unknown_s < _SURE_S


class NodeWatcher:
    """Asks Ray which nodes are alive, in a thread of its own: while the head is gone there is no answer, and work goes
    on."""

    def __init__(self) -> None:
        self._alive: dict[str, dict[str, float]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="nodes", daemon=True)
        self._thread.start()

    def alive(self) -> dict[str, dict[str, float]]:
        """Return the resources of each node that is alive; nothing once it was closed."""
        return {} if self._is_over.is_set() else self._alive

    def versions(self) -> set[str]:
        """Return the versions of Windvane of all nodes on which there is one."""
        names = {name for resources in self.alive().values() for name in resources}
        return {name.removeprefix(RESOURCES) for name in names if name.startswith(RESOURCES)}

    def close(self) -> None:
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.is_set():
            try:
                found = ray.nodes()
            except ray.exceptions.RayError as error:
                _LOG.warning("Ray does not tell which nodes there are: %s", error)
            else:
                self._alive = {one["NodeID"]: one["Resources"] for one in found if one["Alive"]}
            self._is_over.wait(BEAT_S / 2)

"""The nodes of a cluster of Ray, as an owner of work knows them.

It says to each node again and again until when it holds it for alive (executor/node.py), and so learns which of them answer.
Ray goes on giving work to a node that is cut off for half a minute; what is begun meanwhile is better kept from there.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from windvane.executor.errors import ClusterUnusable
from windvane.executor.slot import RESOURCE, RESOURCES, Pulse
from windvane.version import __version__

_LOG = logging.getLogger(__name__)

SKEW_S = 2.0
BEAT_S = 2.0

_SILENT_S = 4.0
"""Without an answer, after which no work is to be begun on a node. A busy one answers within a second or two."""

_ABOUT_S = 30.0
_SURE_S = 0.5


class Nodes:
    """Keeps track of the nodes of the cluster and which of them answer. To be used by one thread.

    owner      of the work that nodes are to go on with
    fence_s    after which a node that does not answer ends its work, and is given up
    """

    def __init__(self, owner: str, fence_s: float) -> None:
        self._owner, self._fence_s = owner, fence_s
        self._pulse = ray.remote(Pulse)
        self._watcher = _NodeWatcher()
        self._nodes: dict[str, Node] = {}
        self._next_look = 0.0

    def await_all(self, timeout_s: float, cpus: int, memory_mb: int) -> dict[str, dict[str, Any]]:
        """Return, once all nodes of this version that are there have answered, what each of them says of itself.

        cpus, memory_mb    that a task may need
        raises    ClusterUnusable if they do not answer, no node has so much, or a clock is wrong
        """
        until = time.monotonic() + timeout_s
        while not self._nodes and time.monotonic() < until:
            self._wait(0.1)
            versions = self._watcher.versions()
            if versions and __version__ not in versions:
                raise ClusterUnusable.other_version(versions, __version__)
        while silent := [name for name, node in self._nodes.items() if not node.is_known()]:
            if time.monotonic() >= until:
                raise ClusterUnusable.no_answer(silent[0], f"nothing within {timeout_s:g} s")
            self._wait(0.1)
        if not self._nodes:
            raise ClusterUnusable.no_nodes(timeout_s)
        for name, node in self._nodes.items():
            if abs(node.ahead_s) > SKEW_S:
                raise ClusterUnusable.clock_differs(name, node.ahead_s, SKEW_S)
        if not any(node.has_room(cpus, memory_mb) for node in self._nodes.values()):
            found = ", ".join(
                f"{node.cpus:g} CPUs and {node.memory_mb:g} MiB" for node in self._nodes.values()
            )
            raise ClusterUnusable.too_small(cpus, memory_mb, found)
        return {name: self._asked(node) for name, node in self._nodes.items()}

    def next_look_s(self) -> float:
        """Return the seconds until `look` has something to do."""
        return min(BEAT_S, max(0.0, self._next_look - time.monotonic()))

    def look(self) -> None:
        """Begin to listen to new nodes, and say to each that answers until when it is held for alive; nothing if that is not due."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + BEAT_S
        alive = self._watcher.alive()
        for name, resources in alive.items():
            if resources.get(RESOURCE):
                node = self.named(name)
                node.is_seen, node.cpus = True, resources.get("CPU", 0.0)
                node.memory_mb = resources.get("memory", 0.0) / (1 << 20)
        for name, node in list(self._nodes.items()):
            if name in alive and node.beat is None:
                self._send_beat(node)
            elif node.is_seen and name not in alive and time.time() > node.until + SKEW_S:
                del self._nodes[name]

    def named(self, name: str) -> Node:
        """Return the node of a name; a new one if there is none."""
        return self._nodes.setdefault(name, Node(name))

    def get(self, name: str) -> Node | None:
        return self._nodes.get(name)

    def beats(self) -> dict[Any, Node]:
        """Return what is waited for, and which node is to answer that."""
        return {node.beat: node for node in self._nodes.values() if node.beat is not None}

    def take_beat(self, node: Node) -> None:
        """Take in the answer of a node, which has come."""
        beat, node.beat = node.beat, None
        now = time.time()
        try:
            there, left = ray.get(beat)
        except ray.exceptions.RayTaskError as error:
            _LOG.warning("The process that runs work on a node does not answer: %s", error.cause)
            node.until, node.is_silent = node.before, True
        except ray.exceptions.RayError as error:
            _LOG.warning("A node has no pulse: %s", type(error).__name__)
            node.pulse, node.is_silent = None, True
        else:
            node.left = frozenset(left)
            self._answered(node, there, now)

    def note_silence(self) -> None:
        """Note which nodes have not answered in time. To be called once the answers that have come are taken in."""
        now = time.time()
        for node in self._nodes.values():
            if node.beat is not None and node.answered is not None and now > node.sent + _SILENT_S:
                node.is_silent = True
            if now > node.until + SKEW_S:  # what comes there waits for the next beat
                node.answered = None

    def to_avoid(self, cpus: int, memory_mb: int) -> frozenset[str]:
        """Return the nodes that do not answer, if one that does has so much."""
        fit = [node for node in self._nodes.values() if node.has_room(cpus, memory_mb)]
        silent = frozenset(node.name for node in fit if node.is_silent)
        return silent if len(silent) < len(fit) else frozenset()

    def left_behind(self) -> dict[str, str]:
        """Return the keys of work that may be taken over, and on which node each is."""
        return {key: node.name for node in self._nodes.values() for key in node.left}

    def n_answering(self, cpus: int, memory_mb: int) -> int:
        """Return how many that answer have so much, in use or not."""
        fit = [node for node in self._nodes.values() if node.has_room(cpus, memory_mb)]
        return sum(node.answered is not None for node in fit)

    def close(self) -> None:
        for node in self._nodes.values():
            if node.pulse is not None:
                ray.kill(node.pulse)
        self._watcher.close()
        self._nodes.clear()

    def _wait(self, seconds: float) -> None:
        self.look()
        for ready in when_ready(list(beats := self.beats()), seconds):
            self.take_beat(beats[ready])

    def _asked(self, node: Node) -> dict[str, Any]:
        """Return what a node says of itself.

        raises    ClusterUnusable if it does not
        """
        try:
            told = json.loads(ray.get(node.pulse.about.remote(), timeout=_ABOUT_S))
        except (ray.exceptions.RayError, ValueError) as error:
            raise ClusterUnusable.no_answer(node.name, type(error).__name__) from error
        return dict(told)

    def _send_beat(self, node: Node) -> None:
        if node.pulse is None:
            there = NodeAffinitySchedulingStrategy(node.name, soft=False)
            pulse = self._pulse.options(num_cpus=0, max_restarts=0, scheduling_strategy=there)
            node.pulse = pulse.remote()
        node.sent, node.before = time.time(), node.until
        node.told = node.sent + self._fence_s
        node.until = max(node.until, node.told)
        node.beat = node.pulse.beat.remote(self._owner, node.told)

    def _answered(self, node: Node, there: float, now: float) -> None:
        """Take in a node's answer to a sign of life.

        there    what time it was there, when it was told
        """
        off_s = there - (node.sent + now) / 2
        unknown_s = (now - node.sent) / 2
        node.ahead_s = math.copysign(max(0.0, abs(off_s) - unknown_s), off_s)
        node.unknown_s = unknown_s
        if there - SKEW_S >= node.told:  # too late to begin or prolong anything
            node.until = node.before
            self._send_beat(node)
        else:
            node.answered, node.until, node.is_silent = node.sent, node.told, False


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
    answered     when that was sent to which it has answered last; None if it never has, or is given up
    is_silent    whether it does not answer though it once did
    ahead_s      how far its clock is ahead, at least
    unknown_s    what it may be off beyond that, as the answer took its time
    left         the keys of work there that may be taken over
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
    is_silent: bool = False
    ahead_s: float = 0.0
    unknown_s: float = math.inf
    left: frozenset[str] = frozenset()

    def is_known(self) -> bool:
        """Return whether it answers, quickly enough to tell how its clock goes: the first answer waits for its pulse."""
        return self.answered is not None and self.unknown_s < _SURE_S

    def has_room(self, cpus: int, memory_mb: int) -> bool:
        """Return whether it has so much for tasks, in use or not."""
        return self.cpus >= cpus and self.memory_mb >= memory_mb


class _NodeWatcher:
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


def when_ready(waited_for: list[Any], seconds: float) -> Iterable[Any]:
    """Return all that is ready, after waiting until something is, or the time is over."""
    if not waited_for:
        time.sleep(seconds)
        return []
    if seconds > 0:
        ray.wait(waited_for, num_returns=1, timeout=seconds, fetch_local=True)
    found, _ = ray.wait(waited_for, num_returns=len(waited_for), timeout=0, fetch_local=True)
    return list(found)

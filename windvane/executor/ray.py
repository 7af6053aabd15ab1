"""Runs work on the nodes of a cluster of Ray.

Each piece of work is a task of Ray of its cpus and memory, so that Ray places it, queues it, and starts nodes for what waits.
That task (executor/slot.py) hands the work to the process of ours on its node (executor/node.py) and passes on what is told.
What Ray says of a node that is silent comes late, or never to whoever waits. So this process says to each node again and
again until when it holds it for alive. A node that has not answered until then ends what it runs (executor/node.py), and only
thereafter its work is told to be LOST, and may be begun elsewhere. The clocks of the nodes may differ by SKEW_S.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import (
    NodeAffinitySchedulingStrategy,
    PlacementGroupSchedulingStrategy,
)

from windvane.executor.base import End, Ended, MachineNews, Work
from windvane.executor.errors import ClusterUnusable
from windvane.executor.news_json import news_from_text, work_to_text
from windvane.executor.ray_nodes import BEAT_S, Node, NodeWatcher
from windvane.executor.slot import RESOURCE, Pulse, attend
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note
from windvane.version import __version__

_LOG = logging.getLogger(__name__)

SKEW_S = 2.0

_FENCE_S = 8.0
_KILL_S = 10.0
_ABOUT_S = 30.0

_WHY = {End.KILLED: NoteCode.TOLD_TO_STOP, End.OUT_OF_TIME: NoteCode.TIME_OVER}


class RayExecutor:
    """Runs work on the nodes of a Ray cluster, from a process that has joined the cluster (executor/cluster.py). To be
    used by one thread.

    fence_s    after which a node that does not answer ends its work, and is given up
    """

    def __init__(self, fence_s: float = _FENCE_S) -> None:
        self._owner, self._fence_s = os.urandom(8).hex(), fence_s
        self._attend, self._pulse = ray.remote(attend), ray.remote(Pulse)
        self._watcher = NodeWatcher()
        self._nodes: dict[str, Node] = {}
        self._running: dict[str, _Slot] = {}
        self._news: list[MachineNews] = []
        self._reserved: dict[str, Any] = {}
        self._next_look = 0.0
        self._handed_over: Any = None

    def await_nodes(self, timeout_s: float, cpus: int, memory_mb: int) -> dict[str, dict[str, Any]]:
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
        rooms = [(node.cpus, node.memory_mb) for node in self._nodes.values()]
        if not any(room[0] >= cpus and room[1] >= memory_mb for room in rooms):
            found = ", ".join(f"{room[0]:g} CPUs and {room[1]:g} MiB" for room in rooms)
            raise ClusterUnusable.too_small(cpus, memory_mb, found)
        self._hand_over()
        return {name: self._asked(node) for name, node in self._nodes.items()}

    def _hand_over(self) -> None:
        """Have Ray hand over to the head what our tasks run, as it does with the first of them: otherwise the first piece of work
        would wait for a head that is away, and all that this thread does with it."""
        self._handed_over = self._attend.options(
            num_returns="streaming", num_cpus=0, resources={RESOURCE: 1}
        ).remote("", self._owner)

    def _asked(self, node: Node) -> dict[str, Any]:
        """Return what a node says of itself.

        raises    ClusterUnusable if it does not
        """
        try:
            told = json.loads(ray.get(node.pulse.about.remote(), timeout=_ABOUT_S))
        except (ray.exceptions.RayError, ValueError) as error:
            raise ClusterUnusable.no_answer(node.name, type(error).__name__) from error
        return dict(told)

    def submit(self, work: Work) -> None:
        if work.key in self._running:
            raise ValueError(f"There is work of the key {work.key} already.")
        slot = self._attend.options(
            num_returns="streaming",
            max_retries=0,
            num_cpus=work.cpus,
            memory=work.memory_mb << 20,
            resources={RESOURCE: 1},
            scheduling_strategy=self._place_of(work),
        )
        self._running[work.key] = _Slot(work, slot.remote(work_to_text(work), self._owner))

    def _place_of(self, work: Work) -> Any:
        """Return how Ray is to choose the node."""
        if work.member is None:
            return "SPREAD"  # a node that is lost takes few tasks of a job with it
        return PlacementGroupSchedulingStrategy(self._reserved[work.member.gang], work.member.rank)

    def n_machines(self, cpus: int, memory_mb: int) -> int:
        """Return how many nodes that answer have so much, in use or not."""
        answering = [node for node in self._nodes.values() if node.answered is not None]
        return sum(node.cpus >= cpus and node.memory_mb >= memory_mb for node in answering)

    def reserve(self, gang: str, work: Work, size: int) -> None:
        """Ask Ray for room for some work on each of so many nodes, on all at the same time; work waits until it is there."""
        room = {"CPU": work.cpus, "memory": work.memory_mb << 20, RESOURCE: 1}
        self._reserved[gang] = placement_group([room] * size, strategy="STRICT_SPREAD")

    def release(self, gang: str) -> None:
        """Give that room back."""
        remove_placement_group(self._reserved.pop(gang))

    def poll(self, timeout_s: float) -> list[MachineNews]:
        until = time.monotonic() + timeout_s
        self._wait(0.0)
        while not self._news and (left_s := until - time.monotonic()) > 0:
            self._wait(left_s)
        news, self._news = self._news, []
        return news

    def kill(self, key: str) -> None:
        if (slot := self._running.get(key)) is not None:
            self._stop(slot, End.KILLED)

    def close(self) -> None:
        for slot in self._running.values():
            ray.cancel(slot.stream, force=False)
        for node in self._nodes.values():
            if node.pulse is not None:
                ray.kill(node.pulse)
        for gang in list(self._reserved):
            self.release(gang)
        self._watcher.close()
        self._running.clear()
        self._nodes.clear()
        self._news.clear()

    def _wait(self, seconds: float) -> None:
        """Take in what comes within this time, until something has come or something is due."""
        if time.monotonic() >= self._next_look:
            self._look_at_nodes()
        slots = {slot.waits_for(): slot for slot in self._running.values() if slot.gone is None}
        beats = {node.beat: node for node in self._nodes.values() if node.beat is not None}
        seconds = min(seconds, max(0.0, self._next_look - time.monotonic()), BEAT_S)
        for ready in _ready([*slots, *beats], seconds):
            if ready in beats:
                self._take_beat(beats[ready])
            else:
                self._take_in(slots[ready])
        for slot in list(self._running.values()):
            self._watch(slot)
        for node in self._nodes.values():
            if time.time() > node.until + SKEW_S:  # what comes there waits for the next beat
                node.answered = None

    def _look_at_nodes(self) -> None:
        """Begin to listen to new nodes, and say to each that answers until when it is held for alive."""
        self._next_look = time.monotonic() + BEAT_S
        alive = self._watcher.alive()
        for name, resources in alive.items():
            if resources.get(RESOURCE):
                node = self._nodes.setdefault(name, Node(name))
                node.is_seen, node.cpus = True, resources.get("CPU", 0.0)
                node.memory_mb = resources.get("memory", 0.0) / (1 << 20)
        for name, node in list(self._nodes.items()):
            if name in alive and node.beat is None:
                self._send_beat(node)
            elif node.is_seen and name not in alive and time.time() > node.until + SKEW_S:
                del self._nodes[name]

    def _send_beat(self, node: Node) -> None:
        if node.pulse is None:
            there = NodeAffinitySchedulingStrategy(node.name, soft=False)
            pulse = self._pulse.options(num_cpus=0, max_restarts=0, scheduling_strategy=there)
            node.pulse = pulse.remote()
        node.sent, node.before = time.time(), node.until
        node.told = node.sent + self._fence_s
        node.until = max(node.until, node.told)
        node.beat = node.pulse.beat.remote(self._owner, node.told)

    def _take_beat(self, node: Node) -> None:
        beat, node.beat = node.beat, None
        now = time.time()
        try:
            there = ray.get(beat)
        except ray.exceptions.RayTaskError as error:
            _LOG.warning("The process that runs work on a node does not answer: %s", error.cause)
            node.until = node.before
        except ray.exceptions.RayError as error:
            _LOG.warning("A node has no pulse: %s", type(error).__name__)
            node.pulse = None
        else:
            self._answered(node, there, now)

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
            node.answered, node.until = node.sent, node.told

    def _take_in(self, slot: _Slot) -> None:
        """Take in what a task of Ray says next; of one that was told to end, of its end."""
        try:
            told = ray.get(slot.stream.completed() if slot.stopped else next(slot.stream))
        except StopIteration:
            slot.gone = _Gone("nothing more is told of it", time.time())
        except ray.exceptions.OutOfMemoryError:
            self._end(
                slot, Ended(slot.work.key, End.OUT_OF_MEMORY, note=Note(NoteCode.MEMORY_OVER))
            )
        except ray.exceptions.TaskCancelledError:
            self._cancelled(slot)
        except ray.exceptions.RayError as error:
            slot.gone = _Gone(type(error).__name__, time.time())
        else:
            if slot.stopped:
                self._cancelled(slot)
            else:
                self._hear(slot, told)

    def _hear(self, slot: _Slot, told: str) -> None:
        if slot.node is None:
            slot.node = told
            self._nodes.setdefault(told, Node(told))
            return
        try:
            news = news_from_text(slot.work.key, told)
        except (LookupError, TypeError, ValueError) as error:
            unread = Note(NoteCode.NO_RESULT, {"text": DataValue(str(error))})
            news = Ended(slot.work.key, End.FAILED, note=unread)
        if isinstance(news, Ended):
            is_fenced = news.end is End.KILLED and slot.stopped is None
            if is_fenced:  # by its node, which did not hear of us in time
                news = _lost(slot.work.key, "its node was cut off")
            self._end(slot, news)
        elif news is not None:
            self._news.append(news)

    def _cancelled(self, slot: _Slot) -> None:
        if slot.stopped is None:
            slot.gone = _Gone("it was cancelled by somebody else", time.time())
        else:
            self._end(slot, _stopped(slot.work.key, slot.stopped))

    def _watch(self, slot: _Slot) -> None:
        """End what is late, and tell of what is lost once it is sure that it does not go on."""
        now = time.time()
        late_s = now - slot.work.kill_at
        if slot.stopped is None and late_s >= (0.0 if slot.node is None else _KILL_S):
            self._stop(slot, End.OUT_OF_TIME)
        if slot.stopped is not None and not slot.is_forced and now > slot.stopped_at + _KILL_S:
            slot.is_forced = True
            ray.cancel(slot.stream, force=True)
        if self._is_lost(slot, now):
            why = "its node does not answer" if slot.gone is None else slot.gone.why
            key, how = slot.work.key, slot.stopped
            self._end(slot, _lost(key, why) if how is None else _stopped(key, how))

    def _is_lost(self, slot: _Slot, now: float) -> bool:
        """Return whether nobody tells of it any more, and it is sure that it does not go on. On a node that has not
        answered yet, it may wait for that."""
        gone = slot.gone
        if slot.node is None:
            return gone is not None and now > gone.since + self._fence_s + SKEW_S
        node = self._nodes.get(slot.node)
        if node is None:
            return True
        if now > node.until + SKEW_S:
            return gone is not None or node.answered is not None
        return gone is not None and (node.answered or 0.0) > gone.since

    def _stop(self, slot: _Slot, how: End) -> None:
        if slot.stopped is None:
            slot.stopped, slot.stopped_at = how, time.time()
            ray.cancel(slot.stream, force=False)

    def _end(self, slot: _Slot, ended: Ended) -> None:
        del self._running[slot.work.key]
        self._news.append(ended)


@dataclass(frozen=True)
class _Gone:
    """Nobody tells of some work any more.

    why    for people
    """

    why: str
    since: float


@dataclass(eq=False)
class _Slot:
    """A piece of work that was given to the cluster.

    stream     of the task of Ray that attends to the work
    node       that it is on; None as long as it waits
    stopped    how it was told to end
    is_forced  whether the worker of Ray was ended, as it did not heed that
    gone       nobody tells of it any more
    """

    work: Work
    stream: Any
    node: str | None = None
    stopped: End | None = None
    stopped_at: float = 0.0
    is_forced: bool = False
    gone: _Gone | None = None

    def waits_for(self) -> Any:
        """Return what Ray can wait for: the next that is told, or the end of what was told to end. To ask its stream
        for more would then wait for that."""
        return self.stream if self.stopped is None else self.stream.completed()


def _ready(waited_for: list[Any], seconds: float) -> Iterable[Any]:
    """Return all that is ready, after waiting until something is, or the time is over."""
    if not waited_for:
        time.sleep(seconds)
        return []
    if seconds > 0:
        ray.wait(waited_for, num_returns=1, timeout=seconds, fetch_local=True)
    found, _ = ray.wait(waited_for, num_returns=len(waited_for), timeout=0, fetch_local=True)
    return list(found)


def _stopped(key: str, how: End) -> Ended:
    return Ended(key, how, note=Note(_WHY[how]))


def _lost(key: str, why: str) -> Ended:
    return Ended(key, End.LOST, note=Note(NoteCode.PROCESS_LOST, {"text": DataValue(why)}))

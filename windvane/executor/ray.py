"""Runs work on the nodes of a cluster of Ray.

Each piece of work is a task of Ray of its cpus and memory, so that Ray places it, queues it, and starts nodes for what waits.
That task (executor/slot.py) hands the work to the process of ours on its node (executor/node.py) and passes on what is told.
What Ray says of a node that is silent comes late, or never to whoever waits. So this process says to each node again and
again until when it holds it for alive. A node that has not answered until then ends what it runs (executor/node.py), and only
thereafter its work is told to be LOST, and may be begun elsewhere. The clocks of the nodes may differ by SKEW_S.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import (
    NodeAffinitySchedulingStrategy,
    PlacementGroupSchedulingStrategy,
)

from windvane.executor.base import End, Ended, MachineNews, Work
from windvane.executor.exits import lost
from windvane.executor.news_json import news_from_text, work_to_text
from windvane.executor.ray_nodes import SKEW_S, Nodes, when_ready
from windvane.executor.slot import RESOURCE, attend
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note

_FENCE_S = 8.0
_KILL_S = 10.0
_AGAIN_S = 15.0
"""For which work waits where Ray has placed it, before it is placed elsewhere: a worker of Ray may be starting for it."""

_PLACES = 3
"""In which work may get lost before it has begun: what is lost in each of them may be its own doing."""

_NODE = "ray.io/node-id"
"""The label of a node that has its name."""

_WHY = {End.KILLED: NoteCode.TOLD_TO_STOP, End.OUT_OF_TIME: NoteCode.TIME_OVER}


class RayExecutor:
    """Runs work on the nodes of a Ray cluster, from a process that has joined the cluster (executor/cluster.py). To be
    used by one thread.

    fence_s    after which a node that does not answer ends its work, and is given up
    """

    def __init__(self, fence_s: float = _FENCE_S) -> None:
        self._owner, self._fence_s = os.urandom(8).hex(), fence_s
        self._attend = ray.remote(attend)
        self._nodes = Nodes(self._owner, fence_s)
        self._running: dict[str, _Slot] = {}
        self._news: list[MachineNews] = []
        self._reserved: dict[str, Any] = {}
        self._handed_over: Any = None

    def await_nodes(self, timeout_s: float, cpus: int, memory_mb: int) -> dict[str, dict[str, Any]]:
        """Return, once all nodes of this version that are there have answered, what each of them says of itself.

        cpus, memory_mb    that a task may need
        raises    ClusterUnusable if they do not answer, no node has so much, or a clock is wrong
        """
        told = self._nodes.await_all(timeout_s, cpus, memory_mb)
        self._hand_over()
        return told

    def _hand_over(self) -> None:
        """Have Ray hand over to the head what our tasks run, as it does with the first of them: otherwise the first piece of work
        would wait for a head that is away, and all that this thread does with it."""
        self._handed_over = self._attend.options(
            num_returns="streaming", num_cpus=0, resources={RESOURCE: 1}
        ).remote("", self._owner)

    def submit(self, work: Work) -> None:
        if work.key in self._running:
            raise ValueError(f"There is work of the key {work.key} already.")
        self._place(work)

    def left_behind(self) -> list[str]:
        return [key for key in self._nodes.left_behind() if key not in self._running]

    def take_over(self, work: Work) -> None:
        if work.key in self._running:
            raise ValueError(f"There is work of the key {work.key} already.")
        node = self._nodes.left_behind().get(work.key)
        if node is None:
            self._news.append(lost(work.key, "no node has it any more"))
        else:
            self._attend_again(work, node)

    def _attend_again(self, work: Work, node: str) -> None:
        """Attend to work that was left behind on a node. It has its room there already, of which Ray is not told."""
        slot = self._attend.options(
            num_returns="streaming",
            max_retries=0,
            num_cpus=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        )
        stream = slot.remote(work.key, self._owner, takes_over=True)
        self._running[work.key] = _Slot(work, stream, frozenset(), time.time(), _PLACES)

    def _place(self, work: Work, n_lost: int = 0) -> None:
        """Have Ray place some work, on none of the nodes that do not answer: until Ray has given them up, it would be lost there.

        n_lost    places in which it got lost before it had begun
        """
        avoided = self._to_avoid(work)
        slot = self._attend.options(
            num_returns="streaming",
            max_retries=0,
            num_cpus=work.cpus,
            memory=work.memory_mb << 20,
            resources={RESOURCE: 1},
            scheduling_strategy=self._strategy(work),
            label_selector={_NODE: f"!in({','.join(sorted(avoided))})"} if avoided else {},
        )
        stream = slot.remote(work_to_text(work), self._owner)
        self._running[work.key] = _Slot(work, stream, avoided, time.time(), n_lost)

    def _strategy(self, work: Work) -> Any:
        """Return how Ray is to choose the node."""
        if work.member is None:
            return "SPREAD"  # a node that is lost takes few tasks of a job with it
        return PlacementGroupSchedulingStrategy(self._reserved[work.member.gang], work.member.rank)

    def _to_avoid(self, work: Work) -> frozenset[str]:
        """Return the nodes that work must not be placed on. The place of a member of a gang is settled."""
        if work.member is not None:
            return frozenset()
        return self._nodes.to_avoid(work.cpus, work.memory_mb)

    def n_machines(self, cpus: int, memory_mb: int) -> int:
        """Return how many nodes that answer have so much, in use or not."""
        return self._nodes.n_answering(cpus, memory_mb)

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
        for gang in list(self._reserved):
            self.release(gang)
        self._nodes.close()
        self._running.clear()
        self._news.clear()

    def _wait(self, seconds: float) -> None:
        """Take in what comes within this time, until something has come or something is due."""
        self._nodes.look()
        slots = {slot.waits_for(): slot for slot in self._running.values() if slot.gone is None}
        beats = self._nodes.beats()
        seconds = min(seconds, self._nodes.next_look_s())
        for ready in when_ready([*slots, *beats], seconds):
            if ready in beats:
                self._nodes.take_beat(beats[ready])
            else:
                self._take_in(slots[ready])
        for slot in list(self._running.values()):
            self._watch(slot)
        self._nodes.note_silence()

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
            self._nodes.named(told)
            return
        try:
            news = news_from_text(slot.work.key, told)
        except (LookupError, TypeError, ValueError) as error:
            unread = Note(NoteCode.NO_RESULT, {"text": DataValue(str(error))})
            news = Ended(slot.work.key, End.FAILED, note=unread)
        if isinstance(news, Ended):
            is_fenced = news.end is End.KILLED and slot.stopped is None
            if is_fenced:  # by its node, which did not hear of us in time
                news = lost(slot.work.key, "its node was cut off")
            self._end(slot, news)
        elif news is not None:
            self._news.append(news)

    def _cancelled(self, slot: _Slot) -> None:
        if slot.stopped is None:
            slot.gone = _Gone("it was cancelled by somebody else", time.time())
        else:
            self._end_stopped(slot, slot.stopped)

    def _end_stopped(self, slot: _Slot, how: End) -> None:
        """Tell how some work was told to end; of what was only to leave its place, nothing."""
        if how is End.LOST:
            self._place(slot.work, slot.n_lost)
        else:
            self._end(slot, Ended(slot.work.key, how, note=Note(_WHY[how])))

    def _watch(self, slot: _Slot) -> None:
        """End what is late, and tell of what is lost once it is sure that it does not go on."""
        now = time.time()
        late_s = now - slot.work.kill_at
        if late_s >= (0.0 if slot.node is None else _KILL_S):
            self._stop(slot, End.OUT_OF_TIME)
        elif slot.node is None and slot.gone is None and now > slot.placed + _AGAIN_S:
            self._place_again(slot, now)
        if slot.stopped is not None and not slot.is_forced and now > slot.stopped_at + _KILL_S:
            slot.is_forced = True
            ray.cancel(slot.stream, force=True)
        if self._is_lost(slot, now):
            self._lose(slot)

    def _lose(self, slot: _Slot) -> None:
        """Tell that some work is lost; attend to it again if it goes on, and have it placed again if it has not begun, as nothing of
        it has been done. The place of a member of a gang is settled."""
        left_on = self._nodes.left_behind().get(slot.work.key)
        if slot.stopped is not None:
            self._end_stopped(slot, slot.stopped)
        elif left_on is not None:
            self._attend_again(slot.work, left_on)
        elif slot.node is None and slot.work.member is None and slot.n_lost + 1 < _PLACES:
            self._place(slot.work, slot.n_lost + 1)
        else:
            why = "its node does not answer" if slot.gone is None else slot.gone.why
            self._end(slot, lost(slot.work.key, why))

    def _place_again(self, slot: _Slot, now: float) -> None:
        """Have work that waits leave its place if other nodes are to be avoided now: it may wait for one that is cut off, or not be
        let onto one that is back."""
        if slot.n_lost >= _PLACES or self._to_avoid(slot.work) == slot.avoided:
            slot.placed = now
        else:
            self._stop(slot, End.LOST)

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
            slot.stopped_at = time.time()
            ray.cancel(slot.stream, force=False)
        if slot.stopped in (None, End.LOST):
            slot.stopped = how

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
    avoided    nodes that Ray was told not to place it on
    placed     when that was found right last
    n_lost     places in which it got lost before, without having begun; _PLACES if it is not to be placed again, as it goes on
               somewhere
    node       that it is on; None as long as it waits
    stopped    how it was told to end; LOST if it is only to leave its place
    is_forced  whether the worker of Ray was ended, as it did not heed that
    gone       nobody tells of it any more
    """

    work: Work
    stream: Any
    avoided: frozenset[str]
    placed: float
    n_lost: int
    node: str | None = None
    stopped: End | None = None
    stopped_at: float = 0.0
    is_forced: bool = False
    gone: _Gone | None = None

    def waits_for(self) -> Any:
        """Return what Ray can wait for: the next that is told, or the end of what was told to end. To ask its stream
        for more would then wait for that."""
        return self.stream if self.stopped is None else self.stream.completed()

"""The model processes of one variant, seen from the server's event loop: one request at a time each, the
rest waits in one short queue.

A process that dies with a request loses none: the request goes once to another process, or waits for the
next one to come up. Its time counts from when it was asked, wherever it is spent.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from windvane.errors import ModelNotReady, Throttled
from windvane.process.frames import BadFrame, Frame, FrameBuffer, LargeFrame
from windvane.serving.content_types import MOST_ANSWER_BYTES, MOST_HEAD_BYTES, MOST_HEAD_VALUES
from windvane.serving.endings import Died, InstanceLost, Retired, TimedOut, TooLarge

_LOG = logging.getLogger(__name__)

_OK, _FAULTS = 200, frozenset({400, 406, 413, 415, 500})
_LEAST_PIECE, _REST_S = 4096, 0.005
"""Bytes of a part of an answer; a process that sends fewer is not listened to for so many seconds, each time twice as many."""

_TRIES = 2
"""Processes that a request is given to."""

_MEDIA = re.compile(r"[!-~](?:[ -~]{0,254}[!-~])?")


@dataclass(frozen=True)
class Bounds:
    """The number of requests that wait, and the time for which they do.

    answer_s    how long a request may take, waiting included (AWS: containers must respond within 60 seconds)
    queue       requests that may wait, for each instance
    """

    answer_s: float = 60.0
    queue: int = 100


USUAL = Bounds()


class Demand:
    """The demand on a variant whose processes come and go: kept by its pool on the event loop, read by
    hosting in its own thread.

    asked    requests in hand: waiting, or being answered
    last     time.monotonic() when one last came or went
    grow     asks for a process; safe from any thread
    """

    def __init__(self, grow: Callable[[], None]) -> None:
        self.asked = 0
        self.last = time.monotonic()
        self.grow = grow


@dataclass(frozen=True)
class WorkerSlot:
    """A process that is ready.

    number    unique in this server: a restarted process has a new one
    channel   whoever takes the slot owns and closes it
    condemn   tells the process's owner that it hangs and must be ended; safe from any thread
    """

    number: int
    channel: socket.socket = field(compare=False, repr=False)
    condemn: Callable[[], None] = field(compare=False, repr=False)


@dataclass(eq=False)
class _Job:
    """A request: waiting if `link` is None, else being answered."""

    frame: bytes
    answer: asyncio.Future[Frame]
    tries_left: int = _TRIES
    link: _Link | None = None
    timer: asyncio.TimerHandle | None = None

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def fail(self, error: Exception) -> None:
        self.stop_timer()
        if not self.answer.done():
            self.answer.set_exception(error)


class _Link(asyncio.Protocol):
    """The connection to one process.

    since    the loop's time when it was given its job
    """

    def __init__(self, pool: Pool, slot: WorkerSlot) -> None:
        self.slot = slot
        self.job: _Job | None = None
        self.since = 0.0
        self._rest_s = _REST_S
        self.is_leaving = False
        self._pool = pool
        self._buffer = FrameBuffer(MOST_HEAD_BYTES, MOST_ANSWER_BYTES, MOST_HEAD_VALUES)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pool.link_free(self)

    def start(self, job: _Job, now: float) -> None:
        self.job = job
        self.since = now
        self._rest_s = _REST_S
        job.link = self
        cast("asyncio.Transport", self._transport).write(job.frame)

    def data_received(self, data: bytes) -> None:
        self._buffer.feed(data)
        try:
            frames = list(_answers(self._buffer))
        except BadFrame as error:
            _LOG.error("A model process did not keep to its protocol: %s", error)
            if self.job is not None and isinstance(error, LargeFrame):
                self.job.fail(TooLarge())
            self._pool.link_broken(self)
            return
        is_asked = self.job is not None
        for frame in frames:
            job, self.job = self.job, None
            if job is None:
                is_asked = False
                break
            job.stop_timer()
            if not job.answer.done():
                job.answer.set_result(frame)
            self._pool.link_free(self)
        if not is_asked:
            _LOG.error("A model process answered what nobody had asked.")
            self._pool.link_broken(self)
        elif not frames and len(data) < _LEAST_PIECE:
            cast("asyncio.Transport", self._transport).pause_reading()
            asyncio.get_running_loop().call_later(self._rest_s, self._listen_again)
            self._rest_s *= 2

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        job, self.job = self.job, None
        self._pool.link_lost(self, job)

    def _listen_again(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _answers(buffer: FrameBuffer) -> Iterator[Frame]:
    """Yield the whole answers in a buffer. Whatever the model did to its process, a header of ours is made of nothing
    else.

    raises    BadFrame
    """
    while (frame := buffer.next_frame()) is not None:
        header = frame[0]
        status = header.get("status")
        names = ("content_type",) if status == _OK else ("message", "container")
        if not isinstance(status, int) or (status != _OK and status not in _FAULTS):
            raise BadFrame(f"An answer has no status that is known: {status!r:.40}.")
        if not all(isinstance(header.get(name), str) for name in names):
            raise BadFrame(f"An answer lacks one of {', '.join(names)}.")
        if status == _OK and not _MEDIA.fullmatch(header["content_type"]):
            raise BadFrame("The content type of an answer is none.")
        yield frame


class Pool:
    """All its methods are to be called on the event loop.

    size       processes it is meant to have; bounds the queue
    most       requests in hand at once, if that is bounded
    demand     told of requests, if processes come and go with them
    has_others whether other servers have instances that are up: then nobody waits for one here while there is none
    """

    def __init__(self, bounds: Bounds = USUAL, demand: Demand | None = None) -> None:
        self.size = 1
        self.most: int | None = None
        self.has_others = False
        self._bounds = bounds
        self._demand = demand
        self._loop = asyncio.get_running_loop()
        self._links: dict[int, _Link] = {}
        self._lost: set[int] = set()
        self._idle: deque[_Link] = deque()
        self._waiting: deque[_Job] = deque()
        self._is_retired = False
        self._opening: set[asyncio.Task[object]] = set()

    @property
    def n_up(self) -> int:
        return sum(not link.is_leaving for link in self._links.values())

    @property
    def n_waiting(self) -> int:
        return len(self._waiting)

    def use_slots(self, slots: Iterable[WorkerSlot]) -> None:
        """Let these processes answer from now on; others finish what they are at and are let go."""
        wanted = {slot.number: slot for slot in slots}
        self._lost &= wanted.keys()
        for number in wanted.keys() - self._links.keys() - self._lost:
            self._open(wanted[number])
        for number in self._links.keys() - wanted.keys():
            self._let_go(self._links[number])
        self._send_away()

    def retire(self) -> None:
        """Let every process go once the queue is empty. Nothing new may be asked of this pool."""
        self._is_retired = True
        self._settle_retirement()

    def ask(self, frame: bytes, until: float) -> asyncio.Future[Frame]:
        """Return the answer to a request frame, to come.

        until     the loop's time when it is of no use any more
        raises    Throttled at once if the queue is full; through the future: Throttled or ModelNotReady if no
                  process took it in time, TimedOut, Died, InstanceLost, TooLarge, Retired
        """
        if self.most is not None and self._in_hand() >= self.most:
            raise Throttled(
                f"{self.most} requests are in hand at once, which is the variant's MaxConcurrency; try again later."
            )
        answer: asyncio.Future[Frame] = self._loop.create_future()
        job = _Job(frame, answer)
        if not self._idle:
            self._enqueue(job)
        job.timer = self._loop.call_at(until, self._over, job)
        if self._idle:
            self._start(self._idle.popleft(), job)
        self._note()
        return answer

    def link_free(self, link: _Link) -> None:
        self._give_work(link)
        self._note()

    def _give_work(self, link: _Link) -> None:
        if link.is_leaving:
            link.close()
            return
        while self._waiting:
            job = self._waiting.popleft()
            if not job.answer.done():
                self._start(link, job)
                return
            job.stop_timer()
        self._idle.append(link)
        if self._is_retired:
            self._settle_retirement()

    def link_lost(self, link: _Link, job: _Job | None) -> None:
        self._forget(link)
        if job is not None:
            self._try_again(job)
        if self._is_retired:
            self._settle_retirement()
        self._send_away()
        self._note()

    def link_broken(self, link: _Link) -> None:
        """End a process that answered with what is no answer: it is ended, and its request goes to another."""
        job, link.job = link.job, None
        link.slot.condemn()
        link.abort()
        self.link_lost(link, job)

    def _try_again(self, job: _Job) -> None:
        job.link = None
        job.tries_left -= 1
        if job.answer.done():
            job.stop_timer()
        elif job.tries_left == 0:
            job.fail(Died())
        elif self._idle:
            self._start(self._idle.popleft(), job)
        elif self._is_bare:
            job.fail(InstanceLost())
        else:
            self._waiting.appendleft(job)

    @property
    def _is_bare(self) -> bool:
        """Return whether only other servers have instances that are up."""
        return self.has_others and not self.n_up

    def _send_away(self) -> None:
        """Let requests that wait go to other servers, if only those have instances."""
        while self._waiting and self._is_bare:
            job = self._waiting.popleft()
            job.fail(Retired() if job.tries_left == _TRIES else InstanceLost())

    def _open(self, slot: WorkerSlot) -> None:
        link = _Link(self, slot)
        self._links[slot.number] = link
        task: asyncio.Task[object] = self._loop.create_task(self._connect(link))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self, link: _Link) -> None:
        try:
            await self._loop.create_unix_connection(lambda: link, sock=link.slot.channel)
        except (OSError, ValueError):
            self.link_lost(link, None)

    def _let_go(self, link: _Link) -> None:
        link.is_leaving = True
        if link.job is None:
            if link in self._idle:
                self._idle.remove(link)
            link.close()

    def _settle_retirement(self) -> None:
        self._forget_who_left()
        if self._waiting and self.n_up:
            return
        while self._waiting:
            self._waiting.popleft().fail(Retired())
        for link in list(self._links.values()):
            self._let_go(link)

    def _forget_who_left(self) -> None:
        """Requests whose callers went away need no place in the queue."""
        for job in [job for job in self._waiting if job.answer.done()]:
            job.stop_timer()
            self._waiting.remove(job)

    def _start(self, link: _Link, job: _Job) -> None:
        link.start(job, self._loop.time())

    def _enqueue(self, job: _Job) -> None:
        room = self._bounds.queue * max(1, self.size)
        if len(self._waiting) >= room:
            self._forget_who_left()
        if len(self._waiting) >= room:
            raise Throttled(
                f"{len(self._waiting)} requests are waiting for {self.size} instance(s), which is the most that "
                "may; try again later, or run more instances."
            )
        self._waiting.append(job)

    def _over(self, job: _Job) -> None:
        """End a job whose time is over, in the queue or in a process."""
        if job.link is None:
            self._waiting.remove(job)
            job.fail(self._why_waited())
            self._note()
            return
        job.fail(TimedOut())
        left_s = job.link.since + self._bounds.answer_s - self._loop.time()
        job.timer = self._loop.call_later(max(0.0, left_s), self._give_up, job.link)

    def _why_waited(self) -> Throttled | ModelNotReady:
        if self._links:
            return Throttled(
                f"The request waited {self._bounds.answer_s:g} seconds for an instance; run more instances."
            )
        return ModelNotReady("No instance of the model is up yet; try again in a few seconds.")

    def _give_up(self, link: _Link) -> None:
        """A process had a request for as long as one may take: it hangs."""
        link.slot.condemn()
        self._forget(link)
        link.abort()
        self._send_away()

    def _in_hand(self) -> int:
        busy = sum(link.job is not None for link in self._links.values())
        return busy + sum(not job.answer.done() for job in self._waiting)

    def _note(self) -> None:
        if self._demand is None:
            return
        self._demand.asked = self._in_hand()
        self._demand.last = time.monotonic()
        if self._waiting:
            self._demand.grow()

    def _forget(self, link: _Link) -> None:
        if self._links.pop(link.slot.number, None) is not None:
            self._lost.add(link.slot.number)
        if link in self._idle:
            self._idle.remove(link)

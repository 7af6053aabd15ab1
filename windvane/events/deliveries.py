"""Delivers events to those who want them: each at least once, in order, until it is taken or too old.

How far a receiver is stands in the store and moves on only once it has taken an event, so what was not delivered when the
server died is delivered by its next life, or by the server that leads then. A receiver's first event is the first one after
the server knew of it. While a receiver fails, it is tried again after longer and longer pauses, and no later event overtakes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from windvane.domain.events import Event
from windvane.events.poller import EventPoller
from windvane.store.base import Store
from windvane.store.leadership import UNDISPUTED, Leadership
from windvane.store.outbox import Subscriber

_LOG = logging.getLogger(__name__)

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_PAGE = 100
_LOOK_AGAIN_S = 60.0
_LEADS_AGAIN_S = 0.5


class _LeadLost(Exception):
    """Another server delivers now."""


class Receiver(Protocol):
    """A receiver of events: a webhook or a log of jobs."""

    @property
    def key(self) -> str:
        """The receiver's name in the store, the same in each life of the server; no secret."""

    @property
    def title(self) -> str:
        """The receiver's name in the log; no secret."""

    @property
    def give_up_s(self) -> float:
        """An event that is older and cannot be delivered is skipped."""

    async def wants(self, event: Event) -> bool: ...

    def opened(self) -> AbstractAsyncContextManager[object]:
        """Return what is entered before the first delivery and left after the last."""

    async def take(self, event: Event) -> str:
        """Return why it is not taken and is to be tried again; "" if it is done with."""

    async def skip(self, event: Event) -> None:
        """Learn that an event is not tried again, as it is too old."""


class Deliveries:
    """`start` and `stop` on the event loop of the server. Of servers that share a store the one that leads delivers.

    pauses_s      before the attempts after the first; the last one again and again
    """

    def __init__(
        self,
        store: Store,
        poller: EventPoller,
        receivers: Iterable[Receiver],
        clock: Callable[[], datetime],
        *,
        pauses_s: tuple[float, ...] = PAUSES_S,
        leadership: Leadership = UNDISPUTED,
    ) -> None:
        self._store, self._poller, self._clock = store, poller, clock
        self._leadership = leadership
        self._receivers = tuple(receivers)
        self._pauses_s = pauses_s
        self._tasks: list[asyncio.Task[None]] = []
        self.n_delivered = self.n_failed = self.n_skipped = 0

    async def start(self) -> None:
        """Begin to deliver: from now on no event is missed, for any of the receivers."""
        for receiver in self._receivers:
            await asyncio.to_thread(self._subscribe, receiver)
            self._tasks.append(asyncio.create_task(self._serve(receiver)))

    async def stop(self) -> None:
        """Stop delivering. What is not delivered is delivered at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    async def _serve(self, receiver: Receiver) -> None:
        async with receiver.opened():
            with self._poller:
                while True:
                    try:
                        if (number := self._leadership.lead()) is None:
                            await asyncio.sleep(_LEADS_AGAIN_S)
                        else:
                            await self._lead(receiver, number)
                    except _LeadLost:
                        _LOG.info("%s: another server goes on.", receiver.title)
                    except Exception:  # noqa: BLE001 - the end of a round: a store out of reach comes back
                        _LOG.exception("%s could not go on; it is tried again.", receiver.title)
                        await asyncio.sleep(self._pauses_s[-1])

    async def _lead(self, receiver: Receiver, number: int) -> None:
        """Deliver from where whoever led before has come to.

        raises    _LeadLost
        """
        subscriber = await asyncio.to_thread(self._subscribe, receiver)
        while True:
            seen = self._poller.newest
            subscriber = await self._go_on(receiver, subscriber, number)
            await self._poller.beyond(max(seen, subscriber.position), _LOOK_AGAIN_S)

    async def _go_on(self, receiver: Receiver, subscriber: Subscriber, number: int) -> Subscriber:
        """Deliver all that there is."""
        self._check_leads(number)
        while events := await asyncio.to_thread(self._read, subscriber.position):
            moved = subscriber
            for event in events:
                if await receiver.wants(event):
                    is_taken = await self._deliver(receiver, event, number)
                    n_skipped = moved.n_skipped + (0 if is_taken else 1)
                    moved = replace(moved, position=event.sequence, n_skipped=n_skipped)
                    await asyncio.to_thread(self._record, moved, number)
            subscriber = replace(moved, position=events[-1].sequence)
            if subscriber != moved:
                await asyncio.to_thread(self._record, subscriber, number)
        return subscriber

    async def _deliver(self, receiver: Receiver, event: Event, number: int) -> bool:
        """Return whether it was taken, in the end."""
        attempt = 0
        while True:
            self._check_leads(number)
            why = await receiver.take(event)
            if not why:
                self.n_delivered += 1
                return True
            self.n_failed += 1
            if self._clock() - event.time > timedelta(seconds=receiver.give_up_s):
                self.n_skipped += 1
                _LOG.error("%s: event %s is skipped: %s", receiver.title, event.id, why)
                await receiver.skip(event)
                return False
            if attempt == 0:
                _LOG.warning("%s: event %s is tried again: %s", receiver.title, event.id, why)
            await asyncio.sleep(self._pauses_s[min(attempt, len(self._pauses_s) - 1)])
            attempt += 1

    def _subscribe(self, receiver: Receiver) -> Subscriber:
        with self._store.transaction() as tx:
            known = tx.subscriber(receiver.key)
            if known is None:
                known = Subscriber(receiver.key, tx.last_event())
                tx.put_subscriber(known)
        return known

    def _read(self, after: int) -> list[Event]:
        with self._store.snapshot() as tx:
            return tx.events(after=after, limit=_PAGE)

    def _record(self, subscriber: Subscriber, number: int) -> None:
        with self._store.transaction() as tx:
            if not self._leadership.still_leads(tx, number):
                raise _LeadLost
            tx.put_subscriber(subscriber)

    def _check_leads(self, number: int) -> None:
        if self._leadership.lead() != number:
            raise _LeadLost

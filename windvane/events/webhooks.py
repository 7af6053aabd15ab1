"""Delivers events to webhooks: each at least once, in order, until it is taken or too old.

How far a webhook is stands in the store and moves on only after an answer of 2xx, so what was not delivered when the
server died is delivered by its next life, or by the server that leads then; a receiver that sees an event's id twice has it already. A webhook's first
event is the first one after the server knew of the webhook. While a receiver fails, it is tried again after longer and
longer pauses, and no later event overtakes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from windvane.domain.events import JOB_CHANGE, Event
from windvane.domain.job import JobStatus
from windvane.events.poller import EventPoller
from windvane.events.signing import ID_HEADER, SIGNATURE_HEADER, TIME_HEADER, signature
from windvane.names import WEBHOOK_TAG, derived_suffix
from windvane.store.base import Store
from windvane.store.leadership import UNDISPUTED, Leadership
from windvane.store.outbox import Subscriber

if TYPE_CHECKING:
    import aiohttp  # takes long to load, and few servers have webhooks

_LOG = logging.getLogger(__name__)

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_PAGE = 100
_TAKEN = range(200, 300)
_LOOK_AGAIN_S = 60.0
_LEADS_AGAIN_S = 0.5


class _LeadLost(Exception):
    """Another server delivers now."""


@dataclass(frozen=True)
class Hook:
    """A webhook of the configuration.

    detail_types   that are delivered; () for all
    jobs           names of AutoML jobs whose events are delivered, whatever their case; () for all
    give_up_s      an event that is older and cannot be delivered is skipped
    name           by which jobs ask to have their end told, and then nothing else is; "" for one that is not asked for
    accounts       whose jobs may ask; () for all
    """

    url: str = field(repr=False)
    secret: str = field(repr=False)
    detail_types: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    give_up_s: float = 86_400.0
    name: str = ""
    accounts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name in the store and in the log: a URL may hold a secret."""
        return derived_suffix(f"{self.name}\n{self.url}" if self.name else self.url, n_hex=32)

    def wants(self, event: Event) -> bool:
        """Return whether an event is of its kind; one with a name is told of it only if the job asks for that."""
        if self.name:
            is_allowed = not self.accounts or event.scope.account in self.accounts
            return is_allowed and _is_end_of_job(event)
        if self.detail_types and event.detail_type not in self.detail_types:
            return False
        _, _, name = event.owner.rpartition(":automl-job/")
        return not self.jobs or name in {job.lower() for job in self.jobs}


def _is_end_of_job(event: Event) -> bool:
    if event.detail_type != JOB_CHANGE:
        return False
    return JobStatus(json.loads(event.document)["detail"]["AutoMLJobStatus"]).is_final


class Webhooks:
    """`start` and `stop` on the event loop of the server. Of servers that share a store the one that leads delivers.

    pauses_s      before the attempts after the first; the last one again and again
    timeout_s     of an attempt as a whole
    """

    def __init__(
        self,
        store: Store,
        poller: EventPoller,
        hooks: Iterable[Hook],
        clock: Callable[[], datetime],
        *,
        pauses_s: tuple[float, ...] = PAUSES_S,
        timeout_s: float = 10.0,
        leadership: Leadership = UNDISPUTED,
    ) -> None:
        self._store, self._poller, self._clock = store, poller, clock
        self._leadership = leadership
        self._hooks = tuple(hooks)
        self._pauses_s = pauses_s
        self._timeout_s = timeout_s
        self._tasks: list[asyncio.Task[None]] = []
        self.n_delivered = self.n_failed = self.n_skipped = 0

    async def start(self) -> None:
        """Begin to deliver: from now on no event is missed, for any of the webhooks."""
        for hook in self._hooks:
            await asyncio.to_thread(self._subscribe, hook)
            self._tasks.append(asyncio.create_task(self._serve(hook)))

    async def stop(self) -> None:
        """Stop delivering. What is not delivered is delivered at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    def gauges(self) -> Iterable[tuple[str, float]]:
        """Yield figures for /metrics."""
        yield "webhook_deliveries", float(self.n_delivered)
        yield "webhook_attempts_failed", float(self.n_failed)
        yield "webhook_events_skipped", float(self.n_skipped)

    async def _serve(self, hook: Hook) -> None:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            with self._poller:
                while True:
                    try:
                        if (number := self._leadership.lead()) is None:
                            await asyncio.sleep(_LEADS_AGAIN_S)
                        else:
                            await self._lead(session, hook, number)
                    except _LeadLost:
                        _LOG.info("Webhook %s: another server goes on.", hook.key)
                    except Exception:  # noqa: BLE001 - the end of a round: a store out of reach comes back
                        _LOG.exception("Webhook %s could not go on; it is tried again.", hook.key)
                        await asyncio.sleep(self._pauses_s[-1])

    async def _lead(self, session: aiohttp.ClientSession, hook: Hook, number: int) -> None:
        """Deliver from where whoever led before has come to.

        raises    _LeadLost
        """
        subscriber = await asyncio.to_thread(self._subscribe, hook)
        while True:
            seen = self._poller.newest
            subscriber = await self._go_on(session, hook, subscriber, number)
            await self._poller.beyond(max(seen, subscriber.position), _LOOK_AGAIN_S)

    async def _go_on(
        self, session: aiohttp.ClientSession, hook: Hook, subscriber: Subscriber, number: int
    ) -> Subscriber:
        """Deliver all that there is."""
        self._check_leads(number)
        while events := await asyncio.to_thread(self._read, subscriber.position):
            moved = subscriber
            for event in events:
                if hook.wants(event) and await asyncio.to_thread(self._is_asked_for, hook, event):
                    is_taken = await self._deliver(session, hook, event, number)
                    n_skipped = moved.n_skipped + (0 if is_taken else 1)
                    moved = replace(moved, position=event.sequence, n_skipped=n_skipped)
                    await asyncio.to_thread(self._record, moved, number)
            subscriber = replace(moved, position=events[-1].sequence)
            if subscriber != moved:
                await asyncio.to_thread(self._record, subscriber, number)
        return subscriber

    async def _deliver(
        self, session: aiohttp.ClientSession, hook: Hook, event: Event, number: int
    ) -> bool:
        """Return whether it was taken, in the end."""
        attempt = 0
        while True:
            self._check_leads(number)
            why = await self._attempt(session, hook, event)
            if not why:
                self.n_delivered += 1
                return True
            self.n_failed += 1
            if self._clock() - event.time > timedelta(seconds=hook.give_up_s):
                self.n_skipped += 1
                _LOG.error("Webhook %s: event %s is skipped: %s", hook.key, event.id, why)
                return False
            if attempt == 0:
                _LOG.warning("Webhook %s: event %s is tried again: %s", hook.key, event.id, why)
            await asyncio.sleep(self._pauses_s[min(attempt, len(self._pauses_s) - 1)])
            attempt += 1

    async def _attempt(self, session: aiohttp.ClientSession, hook: Hook, event: Event) -> str:
        """Return why it was not taken; "" if it was."""
        import aiohttp

        body, timestamp = event.document.encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            ID_HEADER: event.id,
            TIME_HEADER: timestamp,
            SIGNATURE_HEADER: signature(hook.secret, timestamp, body),
        }
        try:
            async with session.post(
                hook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return "" if answer.status in _TAKEN else f"the receiver answers {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"the receiver does not answer ({type(error).__name__})"

    def _subscribe(self, hook: Hook) -> Subscriber:
        with self._store.transaction() as tx:
            known = tx.subscriber(hook.key)
            if known is None:
                known = Subscriber(hook.key, tx.last_event())
                tx.put_subscriber(known)
        return known

    def _is_asked_for(self, hook: Hook, event: Event) -> bool:
        """Return whether the job of an event has the tag that names the webhook; true for one without a name. A job that
        was deleted has no tags."""
        if not hook.name:
            return True
        with self._store.snapshot() as tx:
            return tx.tags(event.owner).get(WEBHOOK_TAG) == hook.name

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

"""Webhooks: events as requests that are signed. What is promised of each event: events/deliveries.py.

A webhook takes an event by an answer of 2xx; a receiver that sees an event's id twice has it already.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from windvane.domain.events import Event
from windvane.events.deliveries import PAUSES_S, Deliveries
from windvane.events.poller import EventPoller
from windvane.events.signing import ID_HEADER, SIGNATURE_HEADER, TIME_HEADER, signature
from windvane.names import WEBHOOK_TAG, derived_suffix
from windvane.store.base import Store
from windvane.store.leadership import UNDISPUTED, Leadership

_TAKEN = range(200, 300)


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
            return is_allowed and event.is_end_of_job
        if self.detail_types and event.detail_type not in self.detail_types:
            return False
        _, _, name = event.owner.rpartition(":automl-job/")
        return not self.jobs or name in {job.lower() for job in self.jobs}


class Webhooks(Deliveries):
    """Deliveries to webhooks.

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
        receivers = [_Posting(store, hook, timeout_s) for hook in hooks]
        super().__init__(store, poller, receivers, clock, pauses_s=pauses_s, leadership=leadership)

    def gauges(self) -> Iterable[tuple[str, float]]:
        """Yield figures for /metrics."""
        yield "webhook_deliveries", float(self.n_delivered)
        yield "webhook_attempts_failed", float(self.n_failed)
        yield "webhook_events_skipped", float(self.n_skipped)


class _Posting:
    """The receiver of a webhook."""

    def __init__(self, store: Store, hook: Hook, timeout_s: float) -> None:
        self._store, self._hook, self._timeout_s = store, hook, timeout_s
        self.key, self.title = hook.key, f"Webhook {hook.key}"
        self.give_up_s = hook.give_up_s

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        import aiohttp  # takes long to load, and few servers have webhooks

        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as self._session:
            yield

    async def wants(self, event: Event) -> bool:
        is_wanted = self._hook.wants(event)
        return is_wanted and await asyncio.to_thread(self._is_asked_for, event)

    def _is_asked_for(self, event: Event) -> bool:
        """Return whether the job of an event has the tag that names the webhook; true for one without a name. A job that
        was deleted has no tags."""
        if not self._hook.name:
            return True
        with self._store.snapshot() as tx:
            return tx.tags(event.owner).get(WEBHOOK_TAG) == self._hook.name

    async def skip(self, event: Event) -> None:
        """Nobody else asks for what a webhook did not take."""

    async def take(self, event: Event) -> str:
        """Return why it was not taken; "" if the answer was of 2xx."""
        import aiohttp

        body, timestamp = event.document.encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            ID_HEADER: event.id,
            TIME_HEADER: timestamp,
            SIGNATURE_HEADER: signature(self._hook.secret, timestamp, body),
        }
        try:
            async with self._session.post(
                self._hook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return "" if answer.status in _TAKEN else f"the receiver answers {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"the receiver does not answer ({type(error).__name__})"

"""What a server knows of the servers beside it, and what it takes over from those that died.

Each has a row in the store, whose heartbeat it renews every two seconds. A heartbeat is as old as the last sign of what serves
requests: a thread that goes on beside it proves nothing. Whoever sees a server that is silent removes it and
gives its tasks back, all in one transaction; a server that was taken for dead and is not joins again. Where tasks go on
without their server, others may take them over first. One of the servers leads: it holds the lease of the store until it dies or leaves.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from windvane.control.servers.joining import ClockDiffers, check_clock, check_fits
from windvane.domain.server import DEAD_AFTER, Lease, ServerRecord, live_ids
from windvane.domain.task import TaskStatus
from windvane.store.base import Store, Transaction
from windvane.store.leadership import Leadership, Undisputed
from windvane.wording import counted

_LOG = logging.getLogger(__name__)

_LOOK_S = 1.0
_BEAT_S = 2.0
_LEADS_S = 6.0
"""Behind its last heartbeat, for which a leader believes that it leads: less than others wait before they take over."""


class Membership(Leadership, Protocol):
    """Keeps a server's place among the servers on its store, and knows the others.

    id         names this life of the server; names of its workers begin with it
    is_shared  whether there can be other servers
    """

    is_shared: bool

    @property
    def id(self) -> str: ...

    @property
    def up_since(self) -> datetime:
        """Since when one server or another has been up without a gap; known once `start` returned."""

    def live(self) -> tuple[ServerRecord, ...]:
        """Return the servers that live, in the order of their start; () where there can be one alone."""

    def lead_only_while(self, can_lead: Callable[[], bool]) -> None:
        """To be called before `start`: a server that cannot do what a leader has to do leaves the lead to others."""

    def beat_with(self, silent_s: Callable[[], float]) -> None:
        """Let heartbeats be as old as the last sign of what serves requests, `silent_s` ago; called before `start`."""

    def start(self) -> None:
        """Join. Tasks that servers which are no more have left are given back.

        raises    StoreUnusable if this server cannot be one of those that are there
        """

    def leave(self) -> None:
        """Tell the others that this server is about to stop; it leads no more."""

    def stop(self) -> None: ...

    def faults(self) -> list[str]:
        """What is not well, a sentence each."""


class SingleServerMembership(Undisputed):
    """The membership of a server that has its store for itself: its data folder is locked."""

    is_shared = False

    def __init__(self, server_id: str, store: Store, clock: Callable[[], datetime]) -> None:
        self.id = server_id
        self.up_since = clock()
        self._store = store

    def live(self) -> tuple[ServerRecord, ...]:
        return ()

    def lead_only_while(self, _can_lead: Callable[[], bool]) -> None:
        return

    def beat_with(self, _silent_s: Callable[[], float]) -> None:
        return

    def start(self) -> None:
        with self._store.transaction() as tx:
            _give_back(tx, {self.id})

    def leave(self) -> None:
        return

    def stop(self) -> None:
        return

    def faults(self) -> list[str]:
        return []


class SharedMembership:
    """The membership of a server whose store others may use, too. `start` once, `stop` once.

    own      what the others are to know of this server; its times are set by `start`
    clock    of this machine
    tell     what is told to the others with each heartbeat
    hear     is told what the others tell, by their ids, once a second
    spared   tasks of a server that is no more are given back once no more than this is left of their leases; None if at once
    """

    is_shared = True

    def __init__(
        self,
        store: Store,
        own: ServerRecord,
        clock: Callable[[], datetime],
        tell: Callable[[], Mapping[str, Any]] = dict,
        hear: Callable[[Mapping[str, Mapping[str, Any]]], None] = lambda _: None,
        spared: timedelta | None = None,
    ) -> None:
        self._store, self._own, self._clock = store, own, clock
        self._tell, self._hear = tell, hear
        self._spared, self._has_spared = spared, False
        self._live: tuple[ServerRecord, ...] = ()
        self._lease = Lease()
        self._is_leaving = False
        self._can_lead: Callable[[], bool] = lambda: True
        self._silent_s: Callable[[], float] = lambda: 0.0
        self._hangs = False
        self._beaten_at = 0.0
        self._skew = ""
        self._is_silent = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="membership", daemon=True)

    @property
    def id(self) -> str:
        return self._own.id

    @property
    def up_since(self) -> datetime:
        return self._own.up_since

    def live(self) -> tuple[ServerRecord, ...]:
        return self._live

    def lead(self) -> int | None:
        is_heard = time.monotonic() - self._beaten_at < _LEADS_S
        return self._lease.number if is_heard and self._lease.holder == self.id else None

    def still_leads(self, tx: Transaction, number: int) -> bool:
        return tx.lease() == Lease(self.id, number)

    def lead_only_while(self, can_lead: Callable[[], bool]) -> None:
        self._can_lead = can_lead

    def beat_with(self, silent_s: Callable[[], float]) -> None:
        self._silent_s = silent_s

    def start(self) -> None:
        with self._store.snapshot() as tx:
            check_clock(self._clocks(tx)[1])
        self._beaten_at = time.monotonic()
        with self._store.transaction() as tx:
            now = tx.store_time()
            for one in tx.servers():
                if one.folder == self._own.folder or not one.is_live(now):
                    tx.remove_server(one.id)
            others = tx.servers()
            check_fits(self._own, others)
            serving = [one.up_since for one in others if not one.is_host_only]
            up_since = min(serving, default=now)
            self._own = replace(self._own, started=now, heartbeat=now, up_since=up_since)
            tx.put_server(self._own)
            self._take_over(tx, now)
        _LOG.info("Server %s runs beside %s.", self.id, counted(len(others), "other server"))
        self._thread.start()

    def leave(self) -> None:
        self._is_leaving = True
        self._beat()
        self._look()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is None:
            return
        self._thread.join()
        with self._store.transaction() as tx:
            tx.remove_server(self.id)
            if tx.lease().holder == self.id:
                tx.hand_lease("")

    def look(self) -> None:
        """Tell the others that this server is alive, if it is time to, and learn of theirs."""
        if time.monotonic() - self._beaten_at >= _BEAT_S:
            self._beat()
        self._look()

    def faults(self) -> list[str]:
        silent_s = time.monotonic() - self._beaten_at
        is_silent = self._thread.is_alive() and silent_s > _LEADS_S
        silence = f"The database has taken no heartbeat of this server for {silent_s:.0f} s."
        return [one for one in (self._skew, silence if is_silent else "") if one]

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the end of a look: the next one tells the same
                if not self._is_silent:
                    _LOG.exception(
                        "The store does not answer; other servers may take this one for dead."
                    )
                self._is_silent = True
            else:
                if self._is_silent:
                    _LOG.warning("The store answers again.")
                self._is_silent = False

    def _beat(self) -> None:
        silent = timedelta(seconds=self._silent_s())
        self._note_silence(silent)
        if self._hangs:
            return
        began = time.monotonic()
        with self._store.out_of_turn() as tx:
            is_there = tx.beat(self.id, self._tell(), is_leaving=self._is_leaving, silent=silent)
        if not is_there:
            self._join_again(silent)
        self._beaten_at = began - silent.total_seconds()

    def _note_silence(self, silent: timedelta) -> None:
        """Whoever would be taken for dead at its next heartbeat gives none, and joins again once it goes on."""
        hangs = silent >= DEAD_AFTER
        if hangs and not self._hangs:
            _LOG.error("This server has served no request for %s: others take it for dead.", silent)
        elif self._hangs and not hangs:
            _LOG.warning("This server serves requests again.")
        self._hangs = hangs

    def _join_again(self, silent: timedelta) -> None:
        """Join again, when another server has taken this one for dead and what it did over; go on with what is new.
        The lead is not its own any more."""
        _LOG.warning("Other servers took this one for dead; it joins them again.")
        self._lease = Lease()
        with self._store.transaction() as tx:
            tx.put_server(replace(self._own, heartbeat=tx.store_time() - silent))

    def _look(self) -> None:
        """Learn who is there. What those left that died is taken over; so is the lead, if nobody has it."""
        with self._store.snapshot() as tx:
            now, offset = self._clocks(tx)
            servers, self._lease = tx.servers(), tx.lease()
        self._note_skew(offset)
        live = live_ids(servers, now)
        is_for_us = self._has_spared or self._must_lead(live) or self._must_not_lead
        if is_for_us or len(live) < len(servers):
            with self._store.transaction() as tx:
                self._take_over(tx, tx.store_time())
                servers = tx.servers()
        self._live = tuple(one for one in servers if one.is_live(now))
        self._hear({one.id: one.told for one in self._live if one.id != self.id})

    def _take_over(self, tx: Transaction, now: datetime) -> None:
        servers = tx.servers()
        live = live_ids(servers, now) | {self.id}
        for one in servers:
            if one.id not in live:
                _LOG.warning("The server %s is silent: others go on with its work.", one.named)
                tx.remove_server(one.id)
        _give_back(tx, live, None if self._spared is None else now + self._spared)
        self._has_spared = any(
            status is TaskStatus.RUNNING and server not in live
            for server, status in tx.open_task_counts()
        )
        self._lease = tx.lease()
        if self._must_lead(live):
            self._lease = tx.hand_lease(self.id)
            _LOG.info("Server %s leads (%s).", self.id, self._lease.number)
        elif self._must_not_lead:
            self._lease = tx.hand_lease("")

    def _must_lead(self, live: frozenset[str]) -> bool:
        return self._lease.holder not in live and self._may_lead

    @property
    def _must_not_lead(self) -> bool:
        return self._lease.holder == self.id and not self._may_lead

    @property
    def _may_lead(self) -> bool:
        is_able = not self._own.is_host_only and self._can_lead()
        return is_able and not (self._is_leaving or self._hangs or self._skew)

    def _clocks(self, tx: Transaction) -> tuple[datetime, timedelta]:
        """Return the time by the store's clock, and by how much this machine's is ahead, give or take half the time of
        the question."""
        ours, began = self._clock(), time.monotonic()
        theirs = tx.store_time()
        return theirs, ours + timedelta(seconds=(time.monotonic() - began) / 2) - theirs

    def _note_skew(self, offset: timedelta) -> None:
        """A clock that goes wrong while the server runs stops nothing, but such a server does not lead."""
        try:
            check_clock(offset)
        except ClockDiffers as error:
            if not self._skew:
                _LOG.error("%s", error)
            self._skew = str(error)
        else:
            self._skew = ""


def _give_back(
    tx: Transaction, live: frozenset[str] | set[str], leased_until: datetime | None = None
) -> None:
    """Make tasks of servers that are no more ready again; the claim does not count."""
    for task in tx.release_foreign(live, leased_until):
        _LOG.info("Task %s of %s begins anew: its server is gone.", task.key, task.job_arn)

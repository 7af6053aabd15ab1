"""Hosting: keeps model processes in step with the endpoints in the store.

Level-triggered: each round compares what is recorded with what runs and takes the next step, so that a lost
message or a restart changes nothing. Of servers that share a store each runs the instances that are placed on it (placing.py).
Requests go to a generation only once all its instances are ready, and an older one is let go only after that. What goes wrong with one endpoint takes no other with it.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from windvane.artifacts.base import Artifacts
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus
from windvane.domain.instance import InstanceState, Unit
from windvane.names import Scope
from windvane.notes.log import in_log
from windvane.process.sandbox import Sandbox
from windvane.serving.process import PROGRAM
from windvane.serving.router import Router
from windvane.serving.routes import Route, Table
from windvane.store.base import Store, Transaction
from windvane.work.download import folder_of
from windvane.work.hosting.clearing import Clearing
from windvane.work.hosting.endpoint_log import EndpointLog, tell_outcome
from windvane.work.hosting.fetching import (
    CheckData,
    CheckKey,
    Fetching,
    Permits,
    everywhere,
    no_key,
    whatever,
)
from windvane.work.hosting.fleet import Fleet
from windvane.work.hosting.folders import EndpointFolders
from windvane.work.hosting.generations import (
    FleetKey,
    Shares,
    Wanted,
    desired_key,
    failed,
    in_service,
    running_key,
    unit_of,
    wanted_of,
)
from windvane.work.hosting.model_disk_space import ModelDiskSpace
from windvane.work.hosting.place import ProcessSettings
from windvane.work.hosting.placing import ALL_HERE, NOTHING_PLACED, Placed, Placing
from windvane.work.hosting.removal import Removal
from windvane.work.hosting.routing import route_of

_LOG = logging.getLogger(__name__)

_POLL_S = 0.3
_TRY_AGAIN_S = 30.0


class Hosting:
    """`start` once, `stop` once, `wake` from any thread. Processes are started by its thread, whose end is
    theirs too.

    program    the command of a model process
    memory_mb  cap of one model process of an instance
    load_s     time within which a model process must be ready
    idle_s     time after which processes of a serverless variant go that nobody asks
    sandbox    confines every model process; None leaves them as they are
    check_key  raises what is wrong if a key of KMS (its ARN) cannot be used now
    permits    whether an account may use a bucket now
    check_data asked of models that have a role, before their data are fetched
    model_bytes
               that the models of one account's endpoints may take, unpacked; 0 means any number
    placing    what this server runs, and which endpoints it looks after
    """

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        data_dir: Path,
        router: Router,
        *,
        program: Sequence[str] = PROGRAM,
        memory_mb: int = 4096,
        load_s: float = 300.0,
        idle_s: float = 300.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sandbox: Sandbox | None = None,
        check_key: CheckKey = no_key,
        permits: Permits = everywhere,
        check_data: CheckData = whatever,
        model_bytes: int = 0,
        placing: Placing = ALL_HERE,
    ) -> None:
        self._placing = placing
        self._placed: Placed = NOTHING_PLACED
        self._store = store
        self._folders = EndpointFolders(data_dir)
        self._router = router
        self._clock = clock
        self._room = ModelDiskSpace(model_bytes)
        self._fetching = Fetching(artifacts, self._room, check_key, permits, check_data)
        self._removal = Removal(self.wake)
        self._clearing = Clearing(self._folders, self._removal)
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        environment = {"WINDVANE_DATA_DIR": str(data_dir)}
        answer_s = router.bounds.answer_s
        self._means = ProcessSettings(
            program, environment, memory_mb, load_s, answer_s, idle_s, self.wake, sandbox
        )
        self._log = EndpointLog(store, clock)
        self._fleets: dict[FleetKey, Fleet] = {}
        self._known: dict[str, Endpoint] = {}
        self._failed_at: dict[FleetKey, float] = {}
        self._tell_again: dict[str, float] = {}
        self._published: tuple[Table, frozenset[str] | None] = ({}, None)
        self._is_stopping = False
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="hosting", daemon=True)

    def start(self) -> None:
        """Begin to host. To be called on the event loop that serves requests: the router lives there. When this returns, every
        endpoint is known; those in service answer as soon as their processes are up."""
        self._folders.make()
        endpoints = self._endpoints()
        wanted = wanted_of(endpoints)
        shares = self._placed.shares(wanted)
        near = [one for one in endpoints if self._placed.is_own(one.arn)]
        self._clearing.begin(endpoints, near, {key: wanted[key] for key in shares})
        self._muster(endpoints, wanted, shares, time.monotonic())
        self._publish(endpoints)
        self._router.bind()
        self._thread.start()

    def stop(self) -> None:
        """Ends every model process. Endpoints stay as they are recorded and come back at the next start."""
        self._is_stopping = True
        self.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._is_closed = True
        os.close(self._waker)

    def wake(self) -> None:
        """Look at the store now instead of at the next poll."""
        if not self._is_closed:
            with suppress(OSError):
                os.eventfd_write(self._waker, 1)

    def looks_after(self, arn: str) -> bool:
        """Return whether this server looks after an endpoint (placing.py)."""
        return self._placed.is_own(arn)

    @property
    def n_here(self) -> int:
        """Instances placed on this server, where there are several."""
        return self._placed.n_here

    def gauges(self) -> Iterable[tuple[str, float]]:
        """Yield figures for /metrics."""
        fleets = list(self._fleets.values())
        yield "model_instances_up", float(sum(fleet.n_up for fleet in fleets))
        yield "model_instances_wanted", float(sum(fleet.n_wanted for fleet in fleets))
        yield "model_instances_without_room", float(self._placed.n_unplaced)
        yield "invocations_waiting", float(self._router.waiting())
        for name, value in asdict(self._router.figures).items():
            yield f"invocations_{name}", float(value)

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self._round(time.monotonic())
            except Exception:  # noqa: BLE001 - the end of a round: hosting goes on whatever happens
                _LOG.exception("A round of hosting failed; the next one tries again.")
            self._wait()
        for fleet in self._fleets.values():
            fleet.kill()
        self._router.publish({})

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._waker, select.POLLIN)
        for fleet in self._fleets.values():
            for descriptor in fleet.descriptors():
                poll.register(descriptor, select.POLLIN)
        starts = (fleet.next_start() for fleet in self._fleets.values())
        delay_s = min([_POLL_S, *(start - time.monotonic() for start in starts)])
        poll.poll(1000 * max(0.0, delay_s))
        with suppress(BlockingIOError):
            os.eventfd_read(self._waker)

    def _round(self, now: float) -> None:
        endpoints = self._endpoints()
        wanted = wanted_of(endpoints)
        shares = self._placed.shares(wanted)
        self._muster(endpoints, wanted, shares, now)
        for key, fleet in list(self._fleets.items()):
            with self._apart(key.arn):
                fleet.tick(now)
        self._log.flush()
        outcomes = [self._outcome(endpoint) for endpoint in endpoints]
        self._publish(outcomes)
        self._tell_states(shares)
        for endpoint, outcome in zip(endpoints, outcomes, strict=True):
            if outcome is not endpoint:
                with self._apart(endpoint.arn):
                    self._record(endpoint, outcome)
        self._sweep(endpoints, shares)

    @contextmanager
    def _apart(self, arn: str) -> Iterator[None]:
        """What concerns one endpoint alone: if it goes wrong, the next round tries again. It is told of once in a
        while."""
        try:
            yield
        except Exception:  # noqa: BLE001 - the end of one endpoint's part of a round
            now = time.monotonic()
            if now >= self._tell_again.get(arn, now):
                _LOG.exception("Something goes wrong with %s; it is tried again and again.", arn)
                self._tell_again[arn] = now + _TRY_AGAIN_S

    def _endpoints(self) -> list[Endpoint]:
        """Return every endpoint, once this server has placed what it is to place."""
        with self._store.snapshot() as tx:
            endpoints = tx.every(Endpoint, tuple(EndpointStatus))
            self._placed = self._placing.placed(tx, endpoints)
        if self._placed.live != self._published[1]:  # requests do not wait until this one may write
            self._publish(self._with_known(endpoints, tx.left_alone))
        if self._placed.is_due:
            with self._store.transaction() as tx:
                self._placing.settle(tx)
                endpoints = tx.every(Endpoint, tuple(EndpointStatus))
                self._placed = self._placing.placed(tx, endpoints)
        return self._with_known(endpoints, tx.left_alone)

    def _with_known(self, endpoints: list[Endpoint], newer: frozenset[str]) -> list[Endpoint]:
        """Return endpoints with those that a newer version has written since, as they were before: they are served on."""
        kept = [one for arn, one in self._known.items() if arn in newer]
        self._known = {one.arn.lower(): one for one in (*endpoints, *kept)}
        return [*endpoints, *kept]

    def _tell_states(self, shares: Shares) -> None:
        """Tell the server that looks after an endpoint what became of its instances here. It is told again if it cannot be now."""
        is_alone = self._placed.live is None
        news = {} if is_alone else self._placed.news(self._states(shares))
        if not news:
            return
        with self._store.out_of_turn() as tx:
            for placement, state in news.items():
                tx.tell_instance(placement, state)
        self.wake()

    def _states(self, shares: Shares) -> dict[Unit, InstanceState]:
        return {
            unit_of(key, share.deployed, number): fleet.state_of(share, number)
            for key, some in shares.items()
            if (fleet := self._fleets.get(key)) is not None
            for share in some
            for number in share.numbers
        }

    def _muster(
        self,
        endpoints: Sequence[Endpoint],
        wanted: Wanted,
        shares: Shares,
        now: float,
    ) -> None:
        by_arn = {endpoint.arn: endpoint for endpoint in endpoints}
        served = {running_key(endpoint) for endpoint in endpoints if endpoint.running}
        for key, some in shares.items():
            if not self._clearing.is_under_way(key):
                with self._apart(key.arn):
                    fleet = self._fleet(
                        key, by_arn[key.arn], wanted[key], now, has_served=key in served
                    )
                    fleet.want(some, now)
        for key, fleet in self._fleets.items():
            if key not in shares:
                with self._apart(key.arn):
                    fleet.want((), now)

    def _fleet(
        self,
        key: FleetKey,
        endpoint: Endpoint,
        deployed: Sequence[Deployed],
        now: float,
        *,
        has_served: bool,
    ) -> Fleet:
        """Return the fleet there is, or another if there is none or it is of no more use. It has the models of all variants: instances of
        others may be placed here later."""
        fleet = self._fleets.get(key)
        if fleet is not None and fleet.failure and self._is_to_be_tried_again(key, now):
            fleet.kill()
            fleet = None
        if fleet is None:
            fleet = self._new_fleet(key, endpoint, deployed, has_served=has_served)
            self._fleets[key] = fleet
            self._clearing.note(endpoint)
        return fleet

    def _is_to_be_tried_again(self, key: FleetKey, now: float) -> bool:
        """Return an endpoint in service whose processes cannot be brought up is tried for as long as it stands."""
        if now < self._failed_at.setdefault(key, now) + _TRY_AGAIN_S:
            return False
        del self._failed_at[key]
        return True

    def _new_fleet(
        self, key: FleetKey, endpoint: Endpoint, deployed: Sequence[Deployed], *, has_served: bool
    ) -> Fleet:
        folder = self._folders.of(endpoint)
        folder.mkdir(parents=True, exist_ok=True)
        models = self._folders.models(endpoint, key.generation, deployed)
        fleet = Fleet(
            f"{key.arn}/{folder.name}/{key.generation}",
            models,
            folder,
            self._means,
            self._log.of(endpoint, key.generation),
            has_served=has_served,
        )
        urls = {c.model_data_url for one in deployed for c in one.containers}
        there = frozenset(url for url in urls if folder_of(url, models).is_dir())
        fleet.prepare(partial(self._fetching.fetch, endpoint.scope, there), deployed)
        return fleet

    def _publish(self, endpoints: Sequence[Endpoint]) -> None:
        table: dict[tuple[Scope, str], Route] = {}
        for endpoint in endpoints:
            if endpoint.status is not EndpointStatus.DELETING:
                with self._apart(endpoint.arn):
                    fleet = self._fleets.get(running_key(endpoint))
                    route = route_of(endpoint, fleet, self._placed)
                    table[endpoint.scope, endpoint.name.lower()] = route
        if (table, self._placed.live) != self._published:
            self._router.publish(table, self._placed.live)
            self._published = table, self._placed.live

    def _outcome(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint as it is to be recorded: itself unless its creation or update has come to an end here."""
        if not self._placed.is_own(endpoint.arn):
            return endpoint
        if endpoint.status not in (EndpointStatus.CREATING, EndpointStatus.UPDATING):
            return endpoint
        progress = self._placed.progress(endpoint)
        fleet = self._fleets.get(desired_key(endpoint))
        if progress is None and fleet is not None:
            progress = fleet.progress(is_rescaling=endpoint.is_rescaling)
        if progress is None:  # something went wrong with it
            return endpoint
        if progress.is_ready:
            return in_service(endpoint)
        return endpoint if progress.failure is None else failed(endpoint, progress.failure)

    def _record(self, endpoint: Endpoint, outcome: Endpoint) -> None:
        with self._store.transaction() as tx:
            if self._is_still_own(tx, endpoint):
                now = self._clock()
                tx.update(replace(outcome, modified=now))
                tell_outcome(tx, outcome, endpoint.desired_generation, now)
        _LOG.info("endpoint %s is %s %s", outcome.name, outcome.status, in_log(outcome.failure))
        self.wake()

    def _sweep(self, endpoints: Sequence[Endpoint], kept: Iterable[FleetKey]) -> None:
        """Remove what nobody wants any more: generations, folders, and endpoints that are being deleted."""
        shares = set(kept)
        for key, fleet in list(self._fleets.items()):
            is_over = key not in shares or self._clearing.is_under_way(key)
            if is_over and fleet.is_gone:
                with self._apart(key.arn):
                    self._let_go(key, fleet)
        own = {(one.arn, one.created) for one in endpoints if self._placed.is_own(one.arn)}
        busy = {(key.arn, key.created) for key in self._fleets}
        for endpoint in self._clearing.strays(own | busy):
            with self._apart(endpoint.arn):
                self._clearing.is_endpoint_gone(endpoint)
        alive = {key.arn for key in self._fleets}
        for endpoint in endpoints:
            is_over = endpoint.status is EndpointStatus.DELETING and endpoint.arn not in alive
            if is_over and self._placed.is_own(endpoint.arn):
                with self._apart(endpoint.arn):
                    self._delete(endpoint)
        there = {endpoint.arn for endpoint in endpoints}
        self._tell_again = {arn: at for arn, at in self._tell_again.items() if arn in there}

    def _let_go(self, key: FleetKey, fleet: Fleet) -> None:
        """Forget a fleet without processes, once its models are gone."""
        if self._clearing.is_generation_gone(key, fleet.folder):
            del self._fleets[key]
            self._failed_at.pop(key, None)
            self._room.give_back(fleet.folder)

    def _delete(self, endpoint: Endpoint) -> None:
        """Delete an endpoint without fleets, once its folders are gone; not another one of its name, made since it was read."""
        if self._clearing.is_endpoint_gone(endpoint):
            with self._store.transaction() as tx:
                if self._is_still_own(tx, endpoint):
                    tx.delete(endpoint)

    def _is_still_own(self, tx: Transaction, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is as it was read, and this server is still the one that looks after it."""
        is_same = tx.find(Endpoint, endpoint.scope, endpoint.name) == endpoint
        return is_same and self._placing.placed(tx, [endpoint]).is_own(endpoint.arn)

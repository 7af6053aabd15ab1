"""Which of the servers that share a store runs which instances, and which looks after an endpoint.

A server looks after an endpoint: it divides the instances among all servers (spreading.py), and records whether they came up.
An endpoint without such a server is given to the one that looks after fewest; every server works out the same, and the one that is
meant takes it. Whatever is decided is decided again in the transaction that records it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus
from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.domain.server import ServerRecord
from windvane.names import fresh_suffix
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.serving.peers import Peer
from windvane.serving.routes import Elsewhere
from windvane.store.base import Transaction
from windvane.work.hosting.generations import (
    FleetKey,
    Progress,
    Share,
    Shares,
    Wanted,
    desired_key,
    numbers_of,
    unit_of,
    wanted_of,
)
from windvane.work.hosting.spreading import Changes, Host, spread

_ID_CHARACTERS = 16


class Placed(Protocol):
    """The placement of instances at one moment.

    live      ids of the servers that live; None for a server that has its store for itself
    is_due    whether something is to be placed, by this server
    """

    @property
    def live(self) -> frozenset[str] | None: ...

    @property
    def is_due(self) -> bool: ...

    def is_own(self, arn: str) -> bool:
        """Return whether this server looks after an endpoint."""

    def shares(self, wanted: Wanted) -> Shares:
        """Return what this server is to run of what all are."""

    def elsewhere(self, key: FleetKey) -> Mapping[str, Sequence[Elsewhere]]:
        """Return which other servers have instances that are up, by variant."""

    def down(self, key: FleetKey) -> Mapping[str, InstanceState]:
        """Return why variants have no instance on any server, nor soon will."""

    def news(self, states: Mapping[Unit, InstanceState]) -> Mapping[str, InstanceState]:
        """Return what is to be told of this server's instances, as it is not what is recorded, by the id of their placement."""

    def progress(self, endpoint: Endpoint) -> Progress | None:
        """Return how far an endpoint is that is created or updated; None if this server alone runs it, and knows by itself."""

    @property
    def n_here(self) -> int:
        """Return how many instances are placed on this server, of several."""

    @property
    def n_unplaced(self) -> int:
        """Return how many instances no server has room for, of endpoints that this server looks after."""


class Placing(Protocol):
    """The knowledge of the other servers that hosting needs."""

    def placed(self, tx: Transaction, endpoints: Sequence[Endpoint]) -> Placed: ...

    def settle(self, tx: Transaction) -> None:
        """Place what is to be placed by this server, as it is in this transaction."""


class AllHere:
    """The placing of a server that has its store for itself."""

    def placed(self, _tx: Transaction, _endpoints: Sequence[Endpoint]) -> Placed:
        return _ALL_PLACED_HERE

    def settle(self, _tx: Transaction) -> None:
        return


@dataclass(frozen=True)
class _AllPlacedHere:
    n_here: int = 0
    n_unplaced: int = 0
    live: None = None
    is_due: bool = False

    def is_own(self, _arn: str) -> bool:
        return True

    def shares(self, wanted: Wanted) -> Shares:
        return {
            key: tuple(Share(one, numbers_of(one)) for one in deployed)
            for key, deployed in wanted.items()
        }

    def elsewhere(self, _key: FleetKey) -> Mapping[str, Sequence[Elsewhere]]:
        return {}

    def down(self, _key: FleetKey) -> Mapping[str, InstanceState]:
        return {}

    def news(self, _states: Mapping[Unit, InstanceState]) -> Mapping[str, InstanceState]:
        return {}

    def progress(self, _endpoint: Endpoint) -> None:
        return


class SharedPlacing:
    """The placing of one of several servers.

    instance_mb    memory that an instance is counted with, in MiB; one that can have less, with that
    """

    def __init__(self, server_id: str, instance_mb: int) -> None:
        self._id, self._instance_mb = server_id, instance_mb

    def placed(self, tx: Transaction, endpoints: Sequence[Endpoint]) -> SharedPlaced:
        now = tx.store_time()
        servers = {one.id: one for one in tx.servers() if one.is_live(now)}
        return SharedPlaced(
            self._id,
            self._instance_mb,
            endpoints,
            servers,
            keepers=tx.placements(),
            instances=tx.instances(),
        )

    def settle(self, tx: Transaction) -> None:
        placed = self.placed(tx, tx.every(Endpoint, tuple(EndpointStatus)))
        for arn in placed.free:
            tx.place(arn, self._id)
        changes = placed.changes
        tx.remove_instances(one.id for one in changes.removed)
        tx.place_instances(
            PlacedInstance(fresh_suffix(_ID_CHARACTERS), unit, server, placed.memory_of_units[unit])
            for unit, server in changes.added
        )


@dataclass(frozen=True)
class SharedPlaced:
    """Which instances this server has, of endpoints that are divided among servers.

    keepers     the server that looks after an endpoint, by ARN in lower case; it may be gone
    """

    server_id: str
    instance_mb: int
    endpoints: Sequence[Endpoint]
    servers: Mapping[str, ServerRecord]
    keepers: Mapping[str, str]
    instances: Sequence[PlacedInstance]

    @property
    def live(self) -> frozenset[str]:
        return frozenset(self.servers)

    @property
    def is_due(self) -> bool:
        return bool(self.free or self.changes.added or self.changes.removed)

    @property
    def n_here(self) -> int:
        return sum(one.server == self.server_id for one in self.instances)

    @property
    def n_unplaced(self) -> int:
        return len(self.changes.unplaced)

    def is_own(self, arn: str) -> bool:
        return self.keepers.get(arn.lower()) == self.server_id

    @cached_property
    def free(self) -> frozenset[str]:
        """ARNs, in lower case, of endpoints that this server is to look after: none that lives and stays does."""
        staying = [
            one.id for one in self.servers.values() if not one.is_leaving and not one.is_host_only
        ]
        arns = [one.arn.lower() for one in self.endpoints]
        n_kept = Counter(dict.fromkeys(staying, 0))
        n_kept.update(keeper for arn in arns if (keeper := self.keepers.get(arn, "")) in n_kept)
        found = set()
        for arn in arns if staying else ():
            if self.keepers.get(arn) not in n_kept:
                heir = min(staying, key=lambda one: n_kept[one])
                n_kept[heir] += 1
                if heir == self.server_id:
                    found.add(arn)
        return frozenset(found)

    @cached_property
    def memory_of_units(self) -> Mapping[Unit, int]:
        """MiB that every unit is counted with of the endpoints that this server looks after, or is to."""
        own = [
            one for one in self.endpoints if self.is_own(one.arn) or one.arn.lower() in self.free
        ]
        return {
            unit_of(key, one, number): _memory_mb(one, self.instance_mb)
            for key, deployed in wanted_of(own).items()
            for one in deployed
            for number in numbers_of(one)
        }

    @cached_property
    def changes(self) -> Changes:
        """What is to be changed of the instances of these endpoints."""
        own = {one.arn.lower() for one in self.endpoints if self.is_own(one.arn)} | self.free
        running = {(one.arn.lower(), one.running_generation) for one in self.endpoints}
        placed, others = [], []
        for one in self.instances:
            if one.unit.arn not in own:
                others.append(one)
            elif (one.unit.arn, one.unit.generation) in running:
                placed.append(one)
            else:  # what fails to come up at first is the end of the endpoint, or of its update
                placed.append(replace(one, state=replace(one.state, failure=None)))
        return spread(self.memory_of_units, placed, others, self._hosts)

    @property
    def _hosts(self) -> list[Host]:
        return [
            Host(one.id, one.memory_mb, one.cores, one.is_leaving) for one in self.servers.values()
        ]

    @cached_property
    def _by_generation(self) -> Mapping[tuple[str, int], Sequence[PlacedInstance]]:
        found: dict[tuple[str, int], list[PlacedInstance]] = defaultdict(list)
        for one in self.instances:
            found[one.unit.arn, one.unit.generation].append(one)
        return found

    def _of(self, key: FleetKey) -> Sequence[PlacedInstance]:
        return self._by_generation.get((key.arn.lower(), key.generation), ())

    def shares(self, wanted: Wanted) -> Shares:
        found: Shares = {}
        for key, deployed in wanted.items():
            here = {one.unit for one in self._of(key) if one.server == self.server_id}
            shares = (
                Share(one, tuple(n for n in numbers_of(one) if unit_of(key, one, n) in here))
                for one in deployed
            )
            if some := tuple(share for share in shares if share.numbers):
                found[key] = some
        return found

    def elsewhere(self, key: FleetKey) -> Mapping[str, Sequence[Elsewhere]]:
        up: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self._of(key):
            if one.state.is_up and one.server != self.server_id and one.server in self.servers:
                up[one.unit.variant][one.server] += 1
        return {
            variant: tuple(Elsewhere(self._peer(server), n) for server, n in sorted(counts.items()))
            for variant, counts in up.items()
        }

    def _peer(self, server: str) -> Peer:
        told = self.servers[server]
        return Peer(told.id, told.address, told.certificate)

    def down(self, key: FleetKey) -> Mapping[str, InstanceState]:
        states: dict[str, list[InstanceState]] = defaultdict(list)
        for one in self._of(key):
            states[one.unit.variant].append(one.state)
        return {
            variant: told[0]
            for variant, told in states.items()
            if all(not one.is_up and (one.failure or one.why_down) for one in told)
        }

    def news(self, states: Mapping[Unit, InstanceState]) -> Mapping[str, InstanceState]:
        return {
            one.id: states[one.unit]
            for one in self.instances
            if one.server == self.server_id and one.unit in states and states[one.unit] != one.state
        }

    def progress(self, endpoint: Endpoint) -> Progress:
        key = desired_key(endpoint)
        states: dict[Unit, list[InstanceState]] = defaultdict(list)
        for placed in self._of(key):
            states[placed.unit].append(placed.state)
        units = [unit_of(key, one, n) for one in endpoint.desired for n in numbers_of(one)]
        is_ready = all(any(state.is_up for state in states.get(unit, ())) for unit in units)
        told = (state.failure for unit in units for state in states.get(unit, ()))
        return Progress(is_ready, next(filter(None, told), self._no_room(units)))

    def _no_room(self, units: Iterable[Unit]) -> Note | None:
        """Return that there is no memory for one of them; None if there is, or if all servers are about to stop."""
        unplaced = set(self.changes.unplaced)
        unit = next((unit for unit in units if unit in unplaced), None)
        if unit is None or all(host.is_leaving for host in self._hosts):
            return None
        why = Note(NoteCode.NO_SERVER_HAS_ROOM, {"memory_mb": self.memory_of_units[unit]})
        return Note(NoteCode.VARIANT_NOT_STARTED, {"variant": unit.variant}, why)


ALL_HERE = AllHere()
_ALL_PLACED_HERE = _AllPlacedHere()

NOTHING_PLACED = SharedPlaced("", 0, (), {}, {}, ())
"""Before anything is known."""


def _memory_mb(deployed: Deployed, instance_mb: int) -> int:
    serverless = deployed.variant.serverless
    if serverless is None:
        return instance_mb
    return serverless.most_processes * min(instance_mb, serverless.memory_mb)

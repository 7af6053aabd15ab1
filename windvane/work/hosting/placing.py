"""Which of the servers that share a store hosts an endpoint: each lives on exactly one.

An endpoint without a server is given to the one that hosts the fewest instances; every server works out the same, and the one
that is meant takes it. From a server that leaves, an endpoint is taken over once it is up where it goes; from one that died, at
once. Nothing is moved while its server lives and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from windvane.domain.deployment import Endpoint
from windvane.domain.server import ServerRecord, live_ids
from windvane.store.base import Transaction


@dataclass(frozen=True)
class Placed:
    """What is hosted where; ARNs in lower case.

    own          endpoints of this server
    free         those that it is to take, as no server hosts them
    coming       those that it is to take from a server that leaves, once they are up here
    elsewhere    the server that hosts an endpoint
    """

    own: frozenset[str]
    free: frozenset[str] = frozenset()
    coming: frozenset[str] = frozenset()
    elsewhere: Mapping[str, ServerRecord] = field(default_factory=dict)

    def is_own(self, endpoint: Endpoint) -> bool:
        return endpoint.arn.lower() in self.own

    def is_to_run(self, endpoint: Endpoint) -> bool:
        """Return whether its processes are to run here."""
        return self.is_own(endpoint) or endpoint.arn.lower() in self.coming


class Placing(Protocol):
    """What hosting has to know of the other servers."""

    def placed(self, tx: Transaction, endpoints: Sequence[Endpoint]) -> Placed: ...

    def take(self, tx: Transaction, arns: Iterable[str]) -> None:
        """Host these from now on, unless another server that lives and stays does."""


class AllHere:
    """The placing of a server that has its store for itself."""

    def placed(self, _tx: Transaction, endpoints: Sequence[Endpoint]) -> Placed:
        return Placed(frozenset(endpoint.arn.lower() for endpoint in endpoints))

    def take(self, _tx: Transaction, _arns: Iterable[str]) -> None:
        return


ALL_HERE = AllHere()


class SharedPlacing:
    """The placing of one of several servers."""

    def __init__(self, server_id: str) -> None:
        self._id = server_id

    def placed(self, tx: Transaction, endpoints: Sequence[Endpoint]) -> Placed:
        now, placements = tx.store_time(), tx.placements()
        live = {one.id: one for one in tx.servers() if one.is_live(now)}
        staying = [one.id for one in live.values() if not one.is_leaving]
        hosts = {
            one.arn.lower(): live.get(placements.get(one.arn.lower(), "")) for one in endpoints
        }
        heirs = _heirs(endpoints, hosts, staying)
        free = {arn for arn, heir in heirs.items() if heir == self._id and hosts[arn] is None}
        coming = {arn for arn, heir in heirs.items() if heir == self._id and arn not in free}
        elsewhere = {arn: one for arn, one in hosts.items() if one and one.id != self._id}
        own = {arn for arn, one in hosts.items() if one and one.id == self._id}
        return Placed(frozenset(own), frozenset(free), frozenset(coming), elsewhere)

    def take(self, tx: Transaction, arns: Iterable[str]) -> None:
        servers, placements = tx.servers(), tx.placements()
        kept = live_ids((one for one in servers if not one.is_leaving), tx.store_time())
        for arn in arns:
            if placements.get(arn) not in kept:
                tx.place(arn, self._id)


def _heirs(
    endpoints: Sequence[Endpoint],
    hosts: Mapping[str, ServerRecord | None],
    staying: Sequence[str],
) -> dict[str, str]:
    """Return the server that is to host an endpoint whose own one leaves or is gone."""
    load = Counter(dict.fromkeys(staying, 0))
    homeless = []
    for endpoint in endpoints:
        host = hosts[endpoint.arn.lower()]
        if host is None or host.is_leaving:
            homeless.append(endpoint)
        else:
            load[host.id] += _instances(endpoint)
    heirs: dict[str, str] = {}
    for endpoint in homeless if staying else ():
        heir = min(staying, key=lambda one: load[one])
        heirs[endpoint.arn.lower()] = heir
        load[heir] += _instances(endpoint)
    return heirs


def _instances(endpoint: Endpoint) -> int:
    deployed = endpoint.running or endpoint.desired
    return max(1, sum(one.variant.most_processes for one in deployed))

"""Where a request goes: to processes of this server, or to another one that has instances of the variant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from windvane.errors import InvalidRequest
from windvane.serving.comparing import Compared
from windvane.serving.forwarding import Nowhere
from windvane.serving.model_faults import check_is_up
from windvane.serving.peers import NotHere, Peer
from windvane.serving.pool import Pool
from windvane.serving.routes import Route, VariantRoute
from windvane.serving.tally import Activity


@dataclass
class Way:
    """A variant on the event loop; `credit` is its share not yet used (smooth weighted round robin).

    pool       its processes here; None if it has none here
    credits    likewise, of the servers that have instances, by id; "" is this one
    """

    route: VariantRoute
    pool: Pool | None
    credit: float = 0.0
    credits: dict[str, float] = field(default_factory=dict)


@dataclass
class KnownEndpoint:
    """An endpoint on the event loop.

    ways      by name, those that answer
    shadow    the one that is sent copies; None if there is none
    compared  its answers; None if there is none
    """

    route: Route
    activity: Activity
    ways: dict[str, Way] = field(default_factory=dict)
    shadow: Way | None = None
    compared: Compared | None = None

    @property
    def every_way(self) -> tuple[Way, ...]:
        return (*self.ways.values(), *(() if self.shadow is None else (self.shadow,)))

    def add(self, variant: VariantRoute, pool: Pool | None, before: KnownEndpoint | None) -> None:
        """Add a variant, which goes on with what is kept of it.

        before    the endpoint as it was until now, if it was there
        """
        every = {} if before is None else {way.route.name: way for way in before.every_way}
        old = every.get(variant.name)
        way = Way(variant, pool, *((old.credit, old.credits) if old else (0.0, {})))
        if variant.name != self.route.shadow:
            self.ways[variant.name] = way
            return
        self.shadow = way
        is_same = (
            before is not None
            and before.shadow is not None
            and before.shadow.route.key == variant.key
        )
        self.compared = before.compared if before and is_same else Compared(variant.name)

    @property
    def shadow_share(self) -> float:
        """The share of the requests that are copied: the shadow's weight relative to that of the variant that answers, at most 1."""
        if self.shadow is None:
            return 0.0
        weight = sum(way.route.weight for way in self.ways.values())
        return min(1.0, self.shadow.route.weight / weight) if weight > 0 else 1.0


class Target(NamedTuple):
    """The target of a request: processes of this server, or, if there is a peer, those of that one. A tuple because one is made
    for every request."""

    found: KnownEndpoint
    way: Way
    peer: Peer | None = None

    @property
    def variant(self) -> str:
        return self.way.route.name


def way_of(endpoint: KnownEndpoint, target: str) -> Way:
    """Return a variant by its name, or, for "", the next one by weight (smooth weighted round robin).

    raises    InvalidRequest for an unknown variant
    """
    ways, shadow = endpoint.ways, endpoint.shadow
    if target:
        if shadow is not None and target == shadow.route.name:
            return shadow
        if target not in ways:
            raise InvalidRequest(
                f"Endpoint {endpoint.route.name} has no production variant {target}. "
                f"It has: {', '.join(ways)}."
            )
        return ways[target]
    if len(ways) == 1:
        return next(iter(ways.values()))
    total = sum(way.route.weight for way in ways.values())
    for way in ways.values():
        way.credit += way.route.weight / total if total > 0 else 1 / len(ways)
    chosen = max(ways.values(), key=lambda way: way.credit)
    chosen.credit -= 1.0
    return chosen


def weightiest(endpoint: KnownEndpoint) -> str:
    """Return the name of the variant that answers most requests."""
    return max(endpoint.route.production, key=lambda variant: variant.weight).name


def pool_of(way: Way) -> Pool:
    """Return the processes of a variant on this server.

    raises    NotHere if it has none (any more)
    """
    if way.pool is None:
        raise NotHere(way.route.name)
    return way.pool


def balanced(found: KnownEndpoint, way: Way, avoided: Collection[str]) -> Target:
    """Return the server that is to answer, in proportion to the instances that each has up (smooth weighted round robin).

    raises    Nowhere; ModelFault if none will soon be up
    """
    route = way.route
    if not route.elsewhere:
        return _only_here(found, way)
    weights = {one.peer.id: one.n_up for one in route.elsewhere if one.peer.id not in avoided}
    if way.pool is not None and way.pool.n_up:
        weights[""] = way.pool.n_up
    if not weights:
        raise Nowhere
    total = sum(weights.values())
    way.credits = {
        server: way.credits.get(server, 0.0) + n / total for server, n in weights.items()
    }
    chosen = max(way.credits, key=way.credits.__getitem__)
    way.credits[chosen] -= 1.0
    peers = {one.peer.id: one.peer for one in route.elsewhere}
    return Target(found, way, peers.get(chosen))


def nearest(found: KnownEndpoint, way: Way, avoided: Collection[str]) -> Target:
    """Return this server if it has an instance that is up, or else any other one.

    raises    as `balanced`
    """
    if not way.route.elsewhere or (way.pool is not None and way.pool.n_up):
        return _only_here(found, way)
    for one in way.route.elsewhere:
        if one.peer.id not in avoided:
            return Target(found, way, one.peer)
    raise Nowhere


def of_here(found: KnownEndpoint, way: Way) -> Target:
    """Return this server, which another one takes to have an instance that is up.

    raises    Nowhere if it has none, and others have
    """
    if way.pool is None or (way.route.elsewhere and not way.pool.n_up):
        raise Nowhere
    return Target(found, way)


def _only_here(found: KnownEndpoint, way: Way) -> Target:
    if way.pool is None:
        check_is_up(found.route, way.route)
        raise Nowhere
    return Target(found, way)

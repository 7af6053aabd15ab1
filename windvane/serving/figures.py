"""What servers know of the requests to an endpoint: each of those to its own instances."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

from windvane.names import Scope
from windvane.serving.forwarding import Forwarding
from windvane.serving.peers import Peer, PeerFailed, PeerGone
from windvane.serving.readings import Sent, Snapshot
from windvane.serving.targets import KnownEndpoint

Arrivals = Mapping[tuple[Scope, str, str], int]
"""Requests that came, by scope, lower-case endpoint name and variant."""

_FIGURES_S = 5.0
"""That another server may take to tell its figures."""


@dataclass
class Figures:
    """The outcomes of the requests to all endpoints since the server started; `seconds` is the sum over those that a
    model answered, well or with an error."""

    answered: int = 0
    client_errors: int = 0
    server_errors: int = 0
    turned_away: int = 0
    seconds: float = 0.0


def arrived(endpoints: Mapping[tuple[Scope, str], KnownEndpoint]) -> Arrivals:
    """Return how many requests came to each variant of these endpoints, by scope and lower-case name."""
    return {
        (*key, name): count
        for key, endpoint in endpoints.items()
        for name, count in endpoint.activity.arrived.items()
    }


def snapshot_of(endpoint: KnownEndpoint | None) -> Snapshot:
    """Return what this server knows of an endpoint's requests; nothing for None. To be called on its event loop."""
    if endpoint is None:
        now = time.time()
        return Snapshot(now, now, {}, (), ())
    activity = endpoint.activity
    ways = {way.route.name: way for way in endpoint.every_way}
    sent = {name: Sent(one.newest, one.counts()) for name, one in activity.tallies.items()}
    return Snapshot(
        time.time(),
        activity.since,
        {
            name: replace(
                sent.get(name, Sent()),
                n_up=way.pool.n_up if way.pool else 0,
                n_waiting=way.pool.n_waiting if way.pool else 0,
            )
            for name, way in ways.items()
        },
        tuple(one for name, one in sent.items() if name not in ways),
        tuple(reversed(activity.last)),
        deepcopy(endpoint.compared),
    )


async def told_elsewhere(forwarding: Forwarding, endpoint: KnownEndpoint) -> list[bytes]:
    """Return what the other servers tell that have instances of an endpoint, as readings.snapshot_to_json writes it; nothing of
    those that do not answer."""
    scope, name = endpoint.route.scope, endpoint.route.name
    asked = {
        "ask": "figures",
        "account": scope.account,
        "region": scope.region,
        "endpoint": name,
    }
    until = asyncio.get_running_loop().time() + _FIGURES_S

    async def of(peer: Peer) -> bytes | None:
        try:
            return (await forwarding.ask(peer, asked, b"", until))[1]
        except (PeerGone, PeerFailed, TimeoutError):
            return None

    elsewhere = [one.peer for way in endpoint.every_way for one in way.route.elsewhere]
    told = await asyncio.gather(*map(of, {peer.id: peer for peer in elsewhere}.values()))
    return [one for one in told if one is not None]

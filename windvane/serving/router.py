"""InvokeEndpoint's way: endpoint to variant by weight, variant to a process, and the answer back.

Hosting publishes the table of what is to be reached; the router follows it on the server's event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from windvane.errors import EndpointMissing, InvalidRequest, ModelFault, ModelNotReady, Throttled
from windvane.names import Scope
from windvane.process.frames import Frame, pack
from windvane.serving.content_types import DESCRIBE
from windvane.serving.model_faults import answered, check_description, check_is_up, refused
from windvane.serving.passing_on import PassingOn
from windvane.serving.peers import PeerFailed, PeerGone, Peers
from windvane.serving.pool import (
    USUAL,
    Bounds,
    Pool,
    Retired,
)
from windvane.serving.readings import Sent, Snapshot, snapshot_from_json
from windvane.serving.routes import Answer, Invocation, Route, Table, VariantRoute
from windvane.serving.tally import Activity, Ended, Outcome

_DESCRIBE = pack({DESCRIBE: True})
_LOOP_S = 30.0
"""That the event loop may take to answer another thread that asks again and again."""

_MOVES = 5
"""How often one request may follow an endpoint that is being replaced."""


@dataclass
class Figures:
    """What became of the requests to all endpoints since the server started; `seconds` is the sum over those that a
    model answered, well or with an error."""

    answered: int = 0
    client_errors: int = 0
    server_errors: int = 0
    turned_away: int = 0
    seconds: float = 0.0


@dataclass
class _Way:
    """A variant on the event loop; `credit` is its share not yet used (smooth weighted round robin)."""

    route: VariantRoute
    pool: Pool
    credit: float = 0.0


@dataclass
class _Endpoint:
    route: Route
    activity: Activity
    ways: dict[str, _Way] = field(default_factory=dict)


class Router:
    """`publish` from any thread; everything else on the event loop given to `bind`.

    peers    asks servers that host what this one does not; None where this server hosts everything
    """

    def __init__(self, bounds: Bounds = USUAL, peers: Peers | None = None) -> None:
        self.bounds = bounds
        self._passing = (
            None if peers is None else PassingOn(peers, self._known_route, bounds.answer_s)
        )
        self._table: Table = {}
        self._followed: Table = self._table
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pools: dict[str, Pool] = {}
        self._endpoints: dict[tuple[Scope, str], _Endpoint] = {}
        self.figures = Figures()

    def bind(self) -> None:
        """To be called once on the running event loop, before the first request."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._follow()

    def publish(self, table: Table) -> None:
        """Requests that arrive after this returns see the table; those under way end where they are."""
        with self._lock:
            self._table = table
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._follow)

    async def invoke(
        self, scope: Scope, endpoint: str, invocation: Invocation, hops: int = 0
    ) -> Answer:
        """hops      servers that have passed the request on

        raises    EndpointMissing, ModelNotReady, ModelFault, Throttled, InvalidRequest for an unknown variant
        """
        header = {"content_type": invocation.content_type, "accept": invocation.accept}
        asked = {"ask": "invoke", **header, "variant": invocation.target_variant}
        request = pack(header, invocation.body)
        until = asyncio.get_running_loop().time() + self.bounds.answer_s
        for _ in range(_MOVES):
            told = await self.passed_on(scope, endpoint, asked, invocation.body, hops)
            if told is not None:
                return Answer(told[1], told[0]["content_type"], told[0]["variant"])
            found = self._find(scope, endpoint)
            way = self._choose(found, invocation.target_variant)
            try:
                return await self._ask(found, way, request, len(invocation.body), until)
            except Retired:
                continue
        raise _replaced(endpoint)

    async def passed_on(
        self,
        scope: Scope,
        endpoint: str,
        asked: Mapping[str, Any],
        body: bytes = b"",
        hops: int = 0,
    ) -> Frame | None:
        """Return what the server answers that hosts an endpoint; None if this one does (passing_on.py).

        raises    as `invoke`
        """
        if self._passing is None:
            return None
        return await self._passing.answer(scope, endpoint, asked, body, hops)

    async def describe(
        self, scope: Scope, endpoint: str, variant: str, hops: int = 0
    ) -> tuple[str, bytes]:
        """Return a variant, and what its model takes and gives (serving/model_description.py), JSON. It is no invocation.

        variant   "" for the one that answers most requests
        hops      as of `invoke`
        raises    as `invoke`
        """
        asked = {"ask": "describe", "variant": variant}
        until = asyncio.get_running_loop().time() + self.bounds.answer_s
        for _ in range(_MOVES):
            if (told := await self.passed_on(scope, endpoint, asked, hops=hops)) is not None:
                return told[0]["variant"], told[1]
            found = self._find(scope, endpoint)
            way = self._choose(found, variant or _weightiest(found.route).name)
            try:
                check_is_up(found.route, way.route)
                answer = way.pool.ask(_DESCRIBE, until)
                header, body = await answered(answer, found.route, way.route)
            except Retired:
                continue
            if header["status"] != 200:
                raise refused(found.route, header)
            check_description(found.route, way.route, body)
            return way.route.name, body
        raise _replaced(endpoint)

    def variant(self, scope: Scope, endpoint: str, variant: str) -> tuple[Route, VariantRoute]:
        """Return an endpoint and one of its variants; "" for the one that answers most requests.

        raises    as `invoke`
        """
        found = self._find(scope, endpoint)
        return found.route, self._choose(found, variant or _weightiest(found.route).name).route

    def weights(self, scope: Scope, endpoint: str) -> dict[str, float]:
        """Return what share of the requests each variant of an endpoint is given now."""
        found = self._find(scope, endpoint)
        return {name: way.route.weight for name, way in found.ways.items()}

    def waiting(self) -> int:
        """Requests that wait for an instance now."""
        return sum(pool.n_waiting for pool in self._pools.values())

    def snapshot(self, scope: Scope, endpoint: str) -> Snapshot:
        """What is known of an endpoint's requests; nothing of one that is not hosted (yet).

        To be called from any thread but that of the event loop, which is asked.
        """
        with self._lock:
            loop = self._loop
        if loop is None:
            return _nothing()

        async def told() -> Snapshot | bytes:
            known = self._endpoints.get((scope, endpoint.lower()))
            if known is None or known.route.is_here:
                return self.own_snapshot(scope, endpoint)
            try:
                frame = await self.passed_on(scope, endpoint, {"ask": "figures"}, hops=1)
            except (PeerGone, PeerFailed):
                frame = None
            return _nothing() if frame is None else frame[1]

        found = asyncio.run_coroutine_threadsafe(told(), loop).result()
        return snapshot_from_json(found) if isinstance(found, bytes) else found

    def arrivals(self) -> dict[tuple[Scope, str, str], int]:
        """Return how many requests came to each variant since the server started, or the endpoint was created; by scope,
        lower-case endpoint name and variant.

        To be called from any thread but that of the event loop, which is asked.
        """
        with self._lock:
            loop = self._loop
        if loop is None:
            return {}

        async def told() -> dict[tuple[Scope, str, str], int]:
            return {
                (*key, name): count
                for key, endpoint in self._endpoints.items()
                for name, count in endpoint.activity.arrived.items()
            }

        return asyncio.run_coroutine_threadsafe(told(), loop).result(_LOOP_S)

    def own_snapshot(self, scope: Scope, name: str) -> Snapshot:
        """Return what this server knows of an endpoint's requests, on its event loop; nothing if it does not host it."""
        endpoint = self._endpoints.get((scope, name.lower()))
        if endpoint is None:
            return _nothing()
        activity, ways = endpoint.activity, endpoint.ways
        sent = {name: Sent(one.newest, one.counts()) for name, one in activity.tallies.items()}
        return Snapshot(
            time.time(),
            activity.since,
            {
                name: replace(
                    sent.get(name, Sent()), n_up=way.pool.n_up, n_waiting=way.pool.n_waiting
                )
                for name, way in ways.items()
            },
            tuple(one for name, one in sent.items() if name not in ways),
            tuple(reversed(activity.last)),
        )

    async def _ask(
        self, found: _Endpoint, way: _Way, request: bytes, n_bytes: int, until: float
    ) -> Answer:
        route, figures = found.route, self.figures
        arrived = found.activity.arrived
        arrived[way.route.name] = arrived.get(way.route.name, 0) + 1
        started = time.perf_counter()

        def ended(outcome: Outcome, status: int, bytes_out: int = 0) -> float:
            seconds = time.perf_counter() - started
            found.activity.note(
                Ended(time.time(), way.route.name, outcome, status, seconds, n_bytes, bytes_out)
            )
            return seconds

        try:
            check_is_up(route, way.route)
            header, body = await answered(way.pool.ask(request, until), route, way.route)
        except ModelFault as fault:
            figures.server_errors += 1
            ended(Outcome.MODEL_ERROR, fault.status)
            raise
        except (Throttled, ModelNotReady):
            figures.turned_away += 1
            ended(Outcome.TURNED_AWAY, 429)
            raise
        status = int(header["status"])
        if status == 200:
            figures.answered += 1
            figures.seconds += ended(Outcome.ANSWERED, status, len(body))
            return Answer(body, header["content_type"], way.route.name)
        if status < 500:
            figures.client_errors += 1
            figures.seconds += ended(Outcome.CLIENT_ERROR, status)
        else:
            figures.server_errors += 1
            figures.seconds += ended(Outcome.MODEL_ERROR, status)
        raise refused(route, header)

    def _known_route(self, scope: Scope, name: str) -> Route:
        return self._find(scope, name).route

    def _find(self, scope: Scope, name: str) -> _Endpoint:
        self._follow()
        endpoint = self._endpoints.get((scope, name.lower()))
        if endpoint is None:
            raise EndpointMissing(name, scope.account)
        if not endpoint.ways and endpoint.route.is_here:
            if endpoint.route.is_hopeless:
                raise InvalidRequest(endpoint.route.why_not)
            raise ModelNotReady(endpoint.route.why_not)
        return endpoint

    def _choose(self, endpoint: _Endpoint, target: str) -> _Way:
        ways = endpoint.ways
        if target:
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

    def _follow(self) -> None:
        """Go by the newest table: a request may see it before the loop comes to what `publish` asked of it."""
        with self._lock:
            table = self._table
        if table is self._followed:
            return
        pools: dict[str, Pool] = {}
        endpoints: dict[tuple[Scope, str], _Endpoint] = {}
        for key, route in table.items():
            before = self._endpoints.get(key)
            activity = before.activity if before else Activity(time.time())
            endpoints[key] = _Endpoint(route, activity)
            for variant in route.variants:
                pool = self._pools.get(variant.key) or Pool(self.bounds, variant.demand)
                pools[variant.key] = pool
                pool.size, pool.most = variant.size, variant.most
                pool.use_slots(variant.slots)
                old = before.ways.get(variant.name) if before else None
                credit = old.credit if old else 0.0
                endpoints[key].ways[variant.name] = _Way(variant, pool, credit)
            activity.keep(variant.name for variant in route.variants)
        gone = [pool for key, pool in self._pools.items() if key not in pools]
        self._pools, self._endpoints, self._followed = pools, endpoints, table
        if self._passing is not None:
            self._passing.changed()
        for pool in gone:
            pool.retire()


def _weightiest(route: Route) -> VariantRoute:
    return max(route.variants, key=lambda variant: variant.weight)


def _replaced(endpoint: str) -> ModelNotReady:
    return ModelNotReady(f"Endpoint {endpoint} is being replaced; try again in a few seconds.")


def _nothing() -> Snapshot:
    now = time.time()
    return Snapshot(now, now, {}, (), ())

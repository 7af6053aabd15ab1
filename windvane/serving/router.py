"""InvokeEndpoint's way: endpoint to variant by weight, variant to a process of this or of another server, and the answer back.

Hosting publishes the table of what is to be reached; the router follows it on the server's event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from windvane.errors import EndpointMissing, InvalidRequest, ModelFault, ModelNotReady, Throttled
from windvane.names import Scope
from windvane.process.frames import Frame, pack
from windvane.serving.content_types import DESCRIBE
from windvane.serving.endings import Died, InstanceLost, Retired
from windvane.serving.figures import Arrivals, Figures, arrived, snapshot_of, told_elsewhere
from windvane.serving.forwarding import MOST_LOST, Forwarding
from windvane.serving.model_faults import (
    answered,
    check_description,
    check_is_up,
    died,
    refused,
)
from windvane.serving.model_span import current_trace_header, model_span, trace_header
from windvane.serving.peers import NotHere, Peers
from windvane.serving.pool import (
    USUAL,
    Bounds,
    Pool,
)
from windvane.serving.readings import Snapshot, merged, snapshot_from_json
from windvane.serving.routes import Answer, Invocation, Route, Table, VariantRoute
from windvane.serving.shadowing import Shadowing
from windvane.serving.tally import Activity, Ended, Outcome
from windvane.serving.targets import (
    KnownEndpoint,
    Target,
    Way,
    balanced,
    nearest,
    of_here,
    pool_of,
    way_of,
    weightiest,
)
from windvane.tracing.span import OpenSpan, Record, open_here, unrecorded

_News = tuple[Table, frozenset[str] | None]
"""What is published: routes, and ids of the servers that live."""

_DESCRIBE = pack({DESCRIBE: True})
_LOOP_S = 30.0
"""That the event loop may take to answer another thread that asks again and again."""

_MOVES = 5
"""How often one request may follow an endpoint that is being replaced."""


class Router:
    """`publish` from any thread; everything else on the event loop given to `bind`.

    peers          asks servers that have instances, too; None where this server has all of them
    record_span    takes in what processes had to do with requests that are traced
    """

    def __init__(
        self,
        bounds: Bounds = USUAL,
        peers: Peers | None = None,
        record_span: Record = unrecorded,
    ) -> None:
        self.bounds = bounds
        self._record_span = record_span
        self._forwarding = None if peers is None else Forwarding(peers, bounds.answer_s)
        self._news: _News = ({}, None)
        self._followed: _News = self._news
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pools: dict[str, Pool] = {}
        self._endpoints: dict[tuple[Scope, str], KnownEndpoint] = {}
        self._recent: Arrivals = {}
        self._shadowing = Shadowing(self.invoke)
        self.figures = Figures()

    def bind(self) -> None:
        """Take the running event loop for this router's. To be called once on the running event loop, before the first
        request."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._follow()

    def publish(self, table: Table, live: frozenset[str] | None = None) -> None:
        """Requests that arrive after this returns see the table; those under way end where they are, unless that is a server that
        does not live any more.

        live    ids of the servers that live; None where there is this one alone
        """
        with self._lock:
            self._news = table, live
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._follow)

    async def invoke(
        self, scope: Scope, endpoint: str, invocation: Invocation, *, is_passed_on: bool = False
    ) -> Answer:
        """Answer a request to an endpoint, here or by a server that has instances of it.

        is_passed_on    by another server, for instances that are here

        raises    EndpointMissing, ModelNotReady, ModelFault, Throttled, InvalidRequest for an unknown variant; NotHere
        """
        header = {"content_type": invocation.content_type, "accept": invocation.accept}
        span = open_here()
        request = pack({**header, **trace_header(span)}, invocation.body)
        until = asyncio.get_running_loop().time() + self.bounds.answer_s

        n_lost = 0
        for _ in range(_MOVES):
            if self._forwarding is None:
                found = self._find(scope, endpoint)
                way = way_of(found, invocation.target_variant)
            elif is_passed_on:
                found, way = await self._here(self._forwarding, scope, endpoint, invocation)
            else:
                answer, found, way, n_lost = await self._sent(
                    self._forwarding, scope, endpoint, invocation, n_lost
                )
                if answer is not None:
                    return answer
            try:
                answer = await self._ask(found, way, request, len(invocation.body), until, span)
            except Retired:
                continue
            except InstanceLost as lost:
                n_lost += 1
                if is_passed_on:
                    raise
                if n_lost >= MOST_LOST:
                    raise died(found.route, way.route.primary) from lost
            else:
                self._shadowing.answered(found, invocation, answer)
                return answer
        raise _replaced(endpoint)

    async def _here(
        self, forwarding: Forwarding, scope: Scope, endpoint: str, invocation: Invocation
    ) -> tuple[KnownEndpoint, Way]:
        """Return the instances of this server that a request is for which another one has passed on.

        raises    NotHere
        """

        def choose(_avoided: Collection[str]) -> Target:
            found = self._find(scope, endpoint)
            return of_here(found, way_of(found, invocation.target_variant))

        target = await forwarding.here(choose)
        return target.found, target.way

    async def _sent(
        self,
        forwarding: Forwarding,
        scope: Scope,
        endpoint: str,
        invocation: Invocation,
        n_lost: int,
    ) -> tuple[Answer | None, KnownEndpoint, Way, int]:
        """Return what another server answers, or None if this one is to answer; where the request went; and how many instances
        were lost with it by now.

        n_lost    of instances, already
        """
        target: Target | None = None

        def choose(avoided: Collection[str]) -> Target:
            nonlocal target
            found = self._find(scope, endpoint)
            target = balanced(found, way_of(found, invocation.target_variant), avoided)
            return target

        asked = {
            "ask": "invoke",
            "content_type": invocation.content_type,
            "accept": invocation.accept,
            **current_trace_header(),
        }
        try:
            frame, chosen, n_lost = await forwarding.send(
                scope, endpoint, asked, invocation.body, choose, n_lost
            )
        except Died as error:
            if target is None:
                raise
            raise died(target.found.route, target.way.route.primary) from error
        if frame is None:
            return None, chosen.found, chosen.way, n_lost
        told, body = frame
        answer = Answer(body, told["content_type"], told["variant"])
        return answer, chosen.found, chosen.way, n_lost

    async def passed_on(
        self,
        scope: Scope,
        endpoint: str,
        asked: Mapping[str, Any],
        body: bytes = b"",
        *,
        is_passed_on: bool = False,
    ) -> Frame | None:
        """Return what a server answers that has instances of a variant; None if this one does (forwarding.py).

        asked     with the variant, "" for the one that answers most requests
        raises    as `invoke`
        """
        forwarding = self._forwarding
        if forwarding is None:
            return None

        def choose(avoided: Collection[str]) -> Target:
            found = self._find(scope, endpoint)
            way = way_of(found, asked["variant"] or weightiest(found))
            return nearest(found, way, () if is_passed_on else avoided)

        if is_passed_on:
            if (await forwarding.here(choose)).peer is not None:
                raise NotHere(endpoint)
            return None
        try:
            return (await forwarding.send(scope, endpoint, asked, body, choose))[0]
        except Died as error:
            route, variant = self.variant(scope, endpoint, asked["variant"])
            raise died(route, variant.primary) from error

    async def describe(
        self, scope: Scope, endpoint: str, variant: str, *, is_passed_on: bool = False
    ) -> tuple[str, bytes]:
        """Return a variant, and what its model takes and gives (serving/model_description.py), JSON. It is no invocation.

        variant   "" for the one that answers most requests
        raises    as `invoke`
        """
        asked = {"ask": "describe", "variant": variant}
        until = asyncio.get_running_loop().time() + self.bounds.answer_s
        for _ in range(_MOVES):
            told = await self.passed_on(scope, endpoint, asked, is_passed_on=is_passed_on)
            if told is not None:
                return told[0]["variant"], told[1]
            found = self._find(scope, endpoint)
            way = way_of(found, variant or weightiest(found))
            try:
                check_is_up(found.route, way.route)
                answer = pool_of(way).ask(_DESCRIBE, until)
                header, body = await answered(answer, found.route, way.route)
            except (Retired, InstanceLost):
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
        return found.route, way_of(found, variant or weightiest(found)).route

    def weights(self, scope: Scope, endpoint: str) -> dict[str, float]:
        """Return what share of the requests each variant of an endpoint is given now."""
        found = self._find(scope, endpoint)
        return {name: way.route.weight for name, way in found.ways.items()}

    def waiting(self) -> int:
        """Requests that wait for an instance now."""
        return sum(pool.n_waiting for pool in self._pools.values())

    def snapshot(self, scope: Scope, endpoint: str) -> Snapshot:
        """Return what is known of an endpoint's requests; nothing of one that is not hosted (yet).

        To be called from any thread but that of the event loop, which is asked.
        """
        with self._lock:
            loop = self._loop
        if loop is None:
            return snapshot_of(None)
        future = asyncio.run_coroutine_threadsafe(self._told(scope, endpoint), loop)
        own, others = future.result()
        return merged([own, *map(snapshot_from_json, others)]) if others else own

    def processes_up(self, scope: Scope, endpoint: str) -> dict[str, int]:
        """Return how many processes of each variant could be asked now, as `snapshot` counts them."""
        variants = self.snapshot(scope, endpoint).variants
        return {name: sent.n_up for name, sent in variants.items()}

    def arrivals(self) -> Arrivals:
        """Return how many requests came to the instances here of each variant since the server started, or the endpoint was
        created.

        To be called from any thread but that of the event loop, which is asked.
        """
        with self._lock:
            loop = self._loop
        if loop is None:
            return {}

        async def told() -> Arrivals:
            return arrived(self._endpoints)

        return asyncio.run_coroutine_threadsafe(told(), loop).result(_LOOP_S)

    def recent_arrivals(self) -> Arrivals:
        """Return the same as it was when this was asked last: it never waits, whatever the event loop does."""
        with self._lock:
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._note_arrivals)
        return self._recent

    def _note_arrivals(self) -> None:
        self._recent = arrived(self._endpoints)

    def own_snapshot(self, scope: Scope, name: str) -> Snapshot:
        """Return what this server knows of an endpoint's requests, on its event loop."""
        return snapshot_of(self._endpoints.get((scope, name.lower())))

    async def _told(self, scope: Scope, name: str) -> tuple[Snapshot, list[bytes]]:
        """Return what this server knows of an endpoint's requests, and what others tell that have instances."""
        known = self._endpoints.get((scope, name.lower()))
        if known is None or self._forwarding is None:
            return snapshot_of(known), []
        return snapshot_of(known), await told_elsewhere(self._forwarding, known)

    async def _ask(
        self,
        found: KnownEndpoint,
        way: Way,
        request: bytes,
        n_bytes: int,
        until: float,
        span: OpenSpan | None,
    ) -> Answer:
        pool, route, figures = pool_of(way), found.route, self.figures
        arrived = found.activity.arrived
        arrived[way.route.name] = arrived.get(way.route.name, 0) + 1
        started = time.perf_counter()

        def ended(outcome: Outcome, status: int, bytes_out: int = 0) -> float:
            seconds = time.perf_counter() - started
            found.activity.note(
                Ended(time.time(), way.route.name, outcome, status, seconds, n_bytes, bytes_out)
            )
            if span is not None and outcome is not Outcome.TURNED_AWAY:
                self._record_span(model_span(span, route, way.route, status, header))
            return seconds

        header: Mapping[str, Any] = {}
        try:
            check_is_up(route, way.route)
            header, body = await answered(pool.ask(request, until), route, way.route)
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

    def _find(self, scope: Scope, name: str) -> KnownEndpoint:
        self._follow()
        endpoint = self._endpoints.get((scope, name.lower()))
        if endpoint is None:
            raise EndpointMissing(name, scope.account)
        if not endpoint.ways:
            if endpoint.route.is_hopeless:
                raise InvalidRequest(endpoint.route.why_not)
            raise ModelNotReady(endpoint.route.why_not)
        return endpoint

    def _follow(self) -> None:
        """Go by the newest table: a request may see it before the loop comes to what `publish` asked of it."""
        with self._lock:
            news = self._news
        if news is self._followed:
            return
        table, live = news
        pools: dict[str, Pool] = {}
        endpoints: dict[tuple[Scope, str], KnownEndpoint] = {}
        for key, route in table.items():
            before = self._endpoints.get(key)
            activity = before.activity if before else Activity(time.time())
            endpoints[key] = KnownEndpoint(route, activity)
            for variant in route.variants:
                pool = self._pool(variant) if variant.is_here else None
                if pool is not None:
                    pools[variant.key] = pool
                endpoints[key].add(variant, pool, before)
            if before and before.route.shadow not in ("", route.shadow):
                activity.forget(before.route.shadow)
            activity.keep(variant.name for variant in route.variants)
        gone = [pool for key, pool in self._pools.items() if key not in pools]
        self._pools, self._endpoints, self._followed = pools, endpoints, news
        if self._forwarding is not None:
            self._forwarding.changed(live)
        for pool in gone:
            pool.retire()

    def _pool(self, variant: VariantRoute) -> Pool:
        """Return the pool of a variant, with its newest processes."""
        pool = self._pools.get(variant.key) or Pool(self.bounds, variant.demand)
        pool.size, pool.most = variant.size, variant.most
        pool.has_others = bool(variant.elsewhere)
        pool.use_slots(variant.slots)
        return pool


def _replaced(endpoint: str) -> ModelNotReady:
    return ModelNotReady(f"Endpoint {endpoint} is being replaced; try again in a few seconds.")

"""Requests to endpoints that another server hosts, on their way there: one hop, or a wait while an endpoint moves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from windvane.errors import EndpointMissing, ModelNotReady
from windvane.names import Scope
from windvane.process.frames import Frame
from windvane.serving.peers import MOST_HOPS, PeerGone, Peers
from windvane.serving.routes import Route

_LOG = logging.getLogger(__name__)

_NEWS_S = 0.6
"""Within which every server knows what is recorded: twice what hosting waits between two looks."""

_AGAIN_S = 0.5
"""After which a server that did not answer is asked again, if nothing has become known of it meanwhile."""


class PassingOn:
    """On the event loop of a server.

    route_of    the route of an endpoint as it is known now; raises as Router.invoke
    answer_s    how long a request may take
    """

    def __init__(
        self, peers: Peers, route_of: Callable[[Scope, str], Route], answer_s: float
    ) -> None:
        self._peers, self._route_of, self._answer_s = peers, route_of, answer_s
        self._changed: asyncio.Event | None = None

    def changed(self) -> None:
        """To be told of every change of routes."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def answer(
        self, scope: Scope, endpoint: str, asked: Mapping[str, Any], body: bytes, hops: int
    ) -> Frame | None:
        """Return what the server answers that hosts an endpoint; None if this one does. While it moves, or its server does not
        answer, another one is waited for.

        asked     of that server
        hops      servers that have passed the request on
        raises    PeerGone to a server that has passed it on, if it is hosted elsewhere by now; as Router.invoke
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._answer_s
        place = {"account": scope.account, "region": scope.region, "endpoint": endpoint}
        while not (route := await self._route(scope, endpoint)).is_here:
            header = {**asked, **place, "hops": hops + 1}
            try:
                if route.host is not None and hops < MOST_HOPS:
                    return await self._peers.ask(route.host, header, body, until - loop.time())
            except PeerGone as gone:
                _LOG.info("A request to %s is tried again: %s", endpoint, gone)
            except TimeoutError as error:
                raise _unhosted(endpoint) from error
            if hops:
                raise PeerGone(endpoint)
            if self._route_of(scope, endpoint) is route:
                await self._change(min(until, loop.time() + _AGAIN_S))
            if loop.time() >= until:
                raise _unhosted(endpoint)
        return None

    async def _route(self, scope: Scope, endpoint: str) -> Route:
        """Return the route of an endpoint. What another server has just brought into service is known here a moment later:
        that moment is waited for."""
        try:
            return self._route_of(scope, endpoint)
        except (EndpointMissing, ModelNotReady):
            await self._change(asyncio.get_running_loop().time() + _NEWS_S)
        return self._route_of(scope, endpoint)

    async def _change(self, until: float) -> None:
        """Wait for a change of routes, until a time of the loop at most."""
        if self._changed is None:
            self._changed = asyncio.Event()
        try:
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        except TimeoutError:
            return


def _unhosted(endpoint: str) -> ModelNotReady:
    return ModelNotReady(
        f"The server that hosts endpoint {endpoint} does not answer, and no other one has taken it over yet; try again."
    )

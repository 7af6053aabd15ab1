"""Requests to instances on other servers, on their way there: one hop, to another instance if one is lost, or a wait while there is
none."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

from windvane.errors import EndpointMissing, InvalidRequest, ModelNotReady
from windvane.names import Scope
from windvane.process.frames import Frame
from windvane.serving.endings import Died
from windvane.serving.peers import NotHere, Peer, PeerGone, PeerInstanceLost, PeerLost, Peers

_LOG = logging.getLogger(__name__)

_NEWS_S = 0.6
"""Within which every server knows what is recorded: twice what hosting waits between two looks."""

_AGAIN_S = 0.5
"""After which servers that did not answer are asked again, if nothing has become known of them meanwhile."""

_AVOIDED_S = 2.0
"""For which a server that was not reached is asked by no other request, unless there is no other server."""

_LATER_S = 1.0
"""That the answer of another server may come later than this one's would: it tells of a model that took too long."""

MOST_LOST = 2
"""Instances that may be lost with one request, with or without their servers: it may be what ends them."""


class Nowhere(Exception):
    """There is no instance at the moment, and one will soon be."""


class Target(Protocol):
    """The target of a request.

    peer      None for this server
    variant   that it is for
    """

    @property
    def peer(self) -> Peer | None: ...

    @property
    def variant(self) -> str: ...


T = TypeVar("T", bound=Target)

Choose = Callable[[Collection[str]], T]
"""Returns where a request goes, given the ids of servers to be avoided; raises Nowhere, and as Router.invoke."""


class Forwarding:
    """Forwards requests to servers that have instances; on the event loop of a server.

    answer_s    how long a request may take
    """

    def __init__(self, peers: Peers, answer_s: float) -> None:
        self._peers, self._answer_s = peers, answer_s
        self._changed: asyncio.Event | None = None
        self._live: frozenset[str] | None = None
        self._limits: dict[str, set[asyncio.Timeout]] = defaultdict(set)
        self._avoided: dict[str, float] = {}

    def changed(self, live: frozenset[str] | None) -> None:
        """Take in a change of routes. To be told of every one. Requests to servers that do not live any more have waited for long enough.

        live    ids of the servers that live; None if nothing is known of them
        """
        self._live = live
        if live is not None:
            now = asyncio.get_running_loop().time()
            for server in self._limits.keys() - live:
                for limit in self._limits.pop(server):
                    if not limit.expired():
                        limit.reschedule(now)
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def send(
        self,
        scope: Scope,
        endpoint: str,
        asked: Mapping[str, Any],
        body: bytes,
        choose: Choose[T],
        n_lost: int = 0,
    ) -> tuple[Frame | None, T, int]:
        """Return what another server answers, or None if the request is for an instance of this one; where it went; and how many
        instances were lost with it by now.

        A server that cannot be reached, or has no instance any more, has not begun: another one is asked, for as long as the
        request may take. From one that is lost with the request, it goes to another one once.

        asked     of a server
        n_lost    of instances, already
        raises    Died if another one is; as Router.invoke
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._answer_s
        tried: set[str] = set()
        while True:
            try:
                target = await self._chosen(choose, tried)
            except Nowhere:
                tried.clear()
                await self._change(min(until, loop.time() + _AGAIN_S))
                if loop.time() >= until:
                    raise _unhosted(endpoint) from None
                continue
            if (peer := target.peer) is None:
                return None, target, n_lost
            try:
                header = {**asked, **_place(scope, endpoint), "variant": target.variant}
                answer = await self.ask(peer, header, body, until + _LATER_S)
            except PeerGone as gone:
                _LOG.info("A request to %s goes to another server: %s", endpoint, gone)
                n_lost += isinstance(gone, PeerLost)
                if n_lost == MOST_LOST:
                    raise Died from gone
                if not isinstance(gone, NotHere | PeerInstanceLost):
                    self._avoided[peer.id] = loop.time() + _AVOIDED_S
            except TimeoutError as error:
                raise _unhosted(endpoint) from error
            else:
                return answer, target, n_lost
            tried.add(peer.id)

    async def _chosen(self, choose: Choose[T], tried: Collection[str]) -> T:
        """Return where a request goes. What another server has just brought into service is known here a moment later: that
        moment is waited for."""
        try:
            return self._choice(choose, tried)
        except (EndpointMissing, ModelNotReady):
            await self._change(asyncio.get_running_loop().time() + _NEWS_S)
        return self._choice(choose, tried)

    async def here(self, choose: Choose[T]) -> T:
        """Return the instances of this server that a request is for which another one has passed on: that knows what this one
        does not know yet, or what is not so any more.

        raises    NotHere; as `choose`, but for what may become known in a moment
        """
        try:
            try:
                return choose(())
            except (EndpointMissing, ModelNotReady, InvalidRequest):
                await self._change(asyncio.get_running_loop().time() + _NEWS_S)
                return choose(())
        except (EndpointMissing, ModelNotReady, InvalidRequest, Nowhere) as error:
            raise NotHere(str(error)) from error

    async def ask(self, peer: Peer, header: Mapping[str, Any], body: bytes, until: float) -> Frame:
        """Return what a server answers, by a time of the loop; one that stops living has no more time.

        raises    as Peers.ask
        """
        loop, limits = asyncio.get_running_loop(), self._limits[peer.id]
        try:
            async with asyncio.timeout_at(until) as limit:
                limits.add(limit)
                try:
                    return await self._peers.ask(peer, header, body, until - loop.time())
                finally:
                    limits.discard(limit)
        except TimeoutError:
            if loop.time() >= until or self._live is None or peer.id in self._live:
                raise
            raise PeerLost(f"{peer.address} does not live any more") from None

    def _choice(self, choose: Choose[T], tried: Collection[str]) -> T:
        """Servers that were not reached a moment ago are asked only where there is no other one."""
        now = asyncio.get_running_loop().time()
        self._avoided = {server: at for server, at in self._avoided.items() if at > now}
        if not self._avoided:
            return choose(tried)
        try:
            return choose({*tried, *self._avoided})
        except Nowhere:
            return choose(tried)

    async def _change(self, until: float) -> None:
        """Wait for a change of routes, until a time of the loop at most."""
        if self._changed is None:
            self._changed = asyncio.Event()
        try:
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        except TimeoutError:
            return


def _place(scope: Scope, endpoint: str) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region, "endpoint": endpoint}


def _unhosted(endpoint: str) -> ModelNotReady:
    return ModelNotReady(
        f"No server that has an instance of endpoint {endpoint} answers, and no other one has taken it over yet; try again."
    )

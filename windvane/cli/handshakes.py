"""Accepts connections that are to speak TLS, and bounds those that do not do so yet.

The web server counts a connection once its handshake is over. Until then it costs a descriptor and 60 KB, and nobody knows
who it is: so few of them are waited for, of one peer and in all, and not for long. Where there are as many as there may be,
the oldest of them is given up for the next one: who speaks TLS says so in milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from windvane.addresses import peer_of

HANDSHAKE_S = 10.0
OF_PEER = 128
IN_ALL = 1024

_AFTER_A_FAULT_S = 0.5

_LOG = logging.getLogger(__name__)


class Handshakes:
    """Accepts connections and completes their TLS handshakes, each within a time limit.

    listener    that connections come to
    protocol    makes what serves one, once it speaks TLS
    """

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self._listener, self._context, self._protocol = listener, context, protocol
        self._of_peer: dict[str, dict[asyncio.Task[None], None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def accept(self) -> None:
        """Accept connections until cancelled."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        try:
            while True:
                try:
                    connection, address = await loop.sock_accept(self._listener)
                except OSError as error:  # there are no descriptors left, or the client went away
                    _LOG.warning("A connection could not be accepted: %s", error.strerror)
                    await asyncio.sleep(_AFTER_A_FAULT_S)
                else:
                    self._begin(connection, peer_of(address[0]))
                    await asyncio.sleep(0)  # what has been accepted begins, however many more wait
        finally:
            for task in self._under_way:
                task.cancel()

    def _begin(self, connection: socket.socket, peer: str) -> None:
        if len(self._of_peer.get(peer, ())) >= OF_PEER:
            self._give_up_oldest(peer)
        elif len(self._under_way) >= IN_ALL:
            self._give_up_oldest(max(self._of_peer, key=lambda one: len(self._of_peer[one])))
        task = asyncio.get_running_loop().create_task(self._shake_hands(connection))
        self._under_way.add(task)
        self._of_peer.setdefault(peer, {})[task] = None
        task.add_done_callback(lambda done: self._end(done, peer))

    async def _shake_hands(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # of a client that does not speak TLS, or none that is spoken here
            await loop.connect_accepted_socket(
                self._protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_S,
            )

    def _give_up_oldest(self, peer: str) -> None:
        oldest = next(iter(self._of_peer[peer]))
        oldest.cancel()
        self._end(oldest, peer)

    def _end(self, task: asyncio.Task[None], peer: str) -> None:
        """Count a handshake as over. One that was given up comes here twice."""
        self._under_way.discard(task)
        own = self._of_peer.get(peer, {})
        own.pop(task, None)
        if not own:
            self._of_peer.pop(peer, None)


class TlsServer(uvicorn.Server):
    """Uvicorn's server, which accepts connections by `Handshakes`."""

    _accepting: tuple[asyncio.Task[None], ...] = ()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        context = self.config.ssl
        if context is None:
            raise ValueError("A TLS server needs a certificate.")
        self._accepting = tuple(
            asyncio.create_task(Handshakes(listener, context, self._connection).accept())
            for listener in sockets or ()
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        await super().shutdown(sockets)

    def _connection(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state={}, _loop=None
        )
        return made

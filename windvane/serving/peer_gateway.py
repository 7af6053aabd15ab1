"""Where other servers of the store ask for what runs on this one (peers.py)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from windvane.errors import CallerFault, InvalidRequest
from windvane.process.frames import BadFrame, Frame, FrameBuffer, pack
from windvane.serving.endings import InstanceLost
from windvane.serving.peers import (
    PATH,
    SIGNATURE,
    TOLD,
    NotHere,
    RequestSigner,
    hash_of,
    told_error,
)
from windvane.wire.bodies import Bodies
from windvane.wire.exchange import Receive, Scope, Send

_MOST_BYTES = (6 << 20) + (1 << 16)
"""Of a request: a body of InvokeEndpoint, and what is said of it."""
_BODY_S = 60.0
_WITHIN_S = 30.0
"""For which a signature is good: clocks of servers differ by four seconds at most."""

Ask = Callable[[Mapping[str, Any], bytes], Awaitable[Frame]]
"""Answers one kind of request; raises NotHere if there is no instance for it on this server."""


class PeerGateway:
    """An ASGI application. What cannot prove that it comes from a server gets 403 before its body is read.

    secret    that all servers of the store share
    asks      by what the header of a request calls them
    """

    def __init__(self, secret: bytes, bodies: Bodies, asks: Mapping[str, Ask]) -> None:
        self._bodies, self._asks = bodies, asks
        self.replace(secret)

    def replace(self, secret: bytes) -> None:
        """Use another secret from now on."""
        self._signer = RequestSigner(secret)

    @staticmethod
    def is_for(scope: Scope) -> bool:
        """Return whether a request says that it comes from a server."""
        return (
            scope["path"] == PATH
            and scope["method"] == "POST"
            and any(name == SIGNATURE.encode() for name, _ in scope["headers"])
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        signatures = [value for name, value in scope["headers"] if name == SIGNATURE.encode()]
        verified = self._signer.verify(signatures[0].decode("latin-1"), time.time(), _WITHIN_S)
        if verified is None or len(signatures) > 1:
            await _answer(send, 403, b"")
            return
        try:
            with self._bodies.open_for(receive, verified.account, _MOST_BYTES, _BODY_S) as reader:
                body = await reader.whole()
                if hash_of(body) != verified.body_hash:
                    await _answer(send, 403, b"")
                    return
                answer = await self._asked(body)
        except CallerFault as error:  # of the body, as it comes
            answer = pack({"error": told_error(error)})
        await _answer(send, 200, answer)

    async def _asked(self, body: bytes) -> bytes:
        try:
            header, rest = _frame_of(body)
            return pack(*await self._ask_of(header)(header, rest))
        except TOLD as error:
            return pack({"error": told_error(error)})
        except NotHere:
            return pack({"is_moved": True})
        except InstanceLost:
            return pack({"is_lost": True})
        except BadFrame as error:
            return pack(
                {"error": told_error(InvalidRequest(f"A server asked no question: {error}"))}
            )

    def _ask_of(self, header: Mapping[str, Any]) -> Ask:
        ask = self._asks.get(header.get("ask", ""))
        if ask is None:
            raise InvalidRequest(
                "The server that has an instance of this endpoint has another version and does not know what is asked of it."
            )
        return ask


def _frame_of(body: bytes) -> Frame:
    """Parse the frame of a request.

    raises    BadFrame
    """
    frames = FrameBuffer()
    frames.feed(body)
    if (found := frames.next_frame()) is None:
        raise BadFrame("It is less than a frame.")
    return found


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

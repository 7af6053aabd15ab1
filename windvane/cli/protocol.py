"""How HTTP is read from a connection: uvicorn's protocol, with bounds that it lacks."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 1 << 16
"""Of a request's head, of the trailers of its body, or of what stands around one chunk. Together with one read from the
socket it is all that is kept of them."""

HEAD_S = 60.0
"""Within which the head of a request is there, from when the connection is made or the head begins."""

_NO_UPGRADE = "A request with a body cannot ask for another protocol: leave out the header Upgrade. This server speaks HTTP/1.1."
_TOO_LARGE = b"The head of the request is longer than 65536 bytes."
_LAST_WORD_S = 0.5


class NotThatProtocol(Exception):
    """A request asks for another protocol and has a body."""


class Bounded(HttpToolsProtocol):
    """Ends a connection that sends head without end, which the parser would keep, or none at all. Refuses a body behind
    an Upgrade header: the parser would leave it unread, and the request would be served without it."""

    head_s = HEAD_S
    _patience: asyncio.TimerHandle | None = None
    _has_moved = False
    _n_bytes = 0
    _in_head = False
    _complaint = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_moved = False
        super().data_received(data)
        self._n_bytes = 0 if self._has_moved else self._n_bytes + len(data)
        if self._n_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._end()
        elif self._in_head and self._patience is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        self._has_moved = self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._has_moved, self._in_head = True, False
        self._wait_no_more()
        if self.parser.should_upgrade() and self._announces_body():
            self._complaint = _NO_UPGRADE
            raise NotThatProtocol
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_moved = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(self._complaint or msg)

    def _wait_for_head(self) -> None:
        self._patience = self.loop.call_later(self.head_s, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        )

    def _end(self) -> None:
        if not self._in_head:
            self.transport.abort()
            return
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(_TOO_LARGE), _TOO_LARGE)
        )
        self.transport.close()


class EndedSoon(Bounded):
    """Over TLS a connection ends with a word of the client, who does not say it while it keeps the connection for
    later: when the server stops, it is not waited for."""

    def shutdown(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        super().shutdown()
        if idle:
            self.loop.call_later(_LAST_WORD_S, self.transport.abort)

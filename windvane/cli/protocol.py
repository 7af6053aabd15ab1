"""How HTTP is read from a connection: uvicorn's protocol, with bounds that it lacks."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from windvane.addresses import peer_of
from windvane.wire.bodies import FLOOR_BYTES_PER_S
from windvane.wire.exchange import IS_GONE
from windvane.wire.heads import BODILESS, MAX_HEADERS, MAX_TARGET

MAX_HEAD_BYTES = 1 << 16
"""Of a request's head, of the trailers of its body, or of what stands around one chunk. Together with one read from the
socket it is all that is kept of them."""

HEAD_S = 60.0
"""Within which the head of a request is there, from when the connection is made or the head begins."""

READING_S = 20.0
"""A client has to take `FLOOR_BYTES_PER_S` of its answer on average over so long."""

UNREAD_PIECES = 4096
"""Of a body that waits: each costs memory, however few bytes are in it."""

UNREAD_BYTES = 1 << 19
"""Of a body that somebody reads, this and one read from the socket may wait for being read; before, HIGH_WATER_LIMIT."""

PIPELINED = 16
"""Requests that may wait on a connection behind the one that is answered: a read from the socket holds thousands, and each
is taken apart and kept before anybody knows who sent it. Browsers and SDKs send none."""

LINGER_S = 10.0
LINGER_BYTES = 8 << 20
"""What a client still sends of a body that was refused is read and dropped up to here: a connection that is closed on
unread data is reset, and the client would lose the answer. The largest body of an operation is 6 MiB."""

_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

UNTAKEN_BYTES = 1 << 28
"""Of answers that clients of one address have not taken yet, in memory: a connection that would leave more is let go."""

_JOINED_BYTES = 1 << 16
"""Of a body's first piece: a longer one is not copied behind its head."""

_NO_UPGRADE = "A request with a body cannot have the header Upgrade: leave it out. This server only speaks HTTP/1.1."
_TOO_LARGE = b"The head of the request is longer than 65536 bytes."
_CROWDED = b"Too many connections at once; try again later."
_LAST_WORD_S = 0.5
_BODILESS = frozenset(method.encode() for method in BODILESS)


class Refused(Exception):
    """A request that is not served, whoever sent it."""


class Bounded(HttpToolsProtocol):
    """Ends a connection that sends head without end, which the parser would keep, or none at all; or that takes nothing
    of its answer; or that has many requests wait. Refuses requests that two readers would read in two ways: a target
    that is no path, a method without a body that has one, and a body behind an Upgrade header, which the parser would
    leave unread."""

    head_s = HEAD_S
    reading_s = READING_S
    linger_s = LINGER_S
    untaken_bytes = UNTAKEN_BYTES
    untaken: ClassVar[Counter[str]] = Counter()
    """Bytes by peer, of all connections of the process."""

    _patience: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _lingering: asyncio.TimerHandle | None = None
    _has_moved = False
    _n_bytes = 0
    _n_unsent = 0
    _n_untaken = 0
    _n_dropped = 0
    _in_head = False
    _read_by: RequestResponseCycle | None = None
    _served: RequestResponseCycle | None = None
    _complaint: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_crowded():
            self.connections.discard(self)  # its client may take its time to let go of it
            self._answer_and_close(503, _CROWDED)
            return
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        for timer in (self._reading, self._lingering):
            if timer is not None:
                timer.cancel()
        self._tell_served()
        self._count_untaken(0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering is not None:
            self._drop(len(data))
            return
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
        if len(self.pipeline) >= PIPELINED:
            self._tell_served()
            self.transport.abort()
            raise Refused(f"More than {PIPELINED} requests wait on one connection.")
        self._has_moved, self._in_head = True, False
        self._wait_no_more()
        if len(self.headers) > MAX_HEADERS:
            self._refuse(f"The request has more than {MAX_HEADERS} headers.", 431)
        if self.url[:1] != b"/":
            self._refuse("The request's target must be a path: it must begin with '/'.")
        if len(self.url) > MAX_TARGET:
            self._refuse(f"The request's target is longer than {MAX_TARGET} characters.")
        if self.parser.get_method() in _BODILESS and self._announces_body():
            method = self.parser.get_method().decode("ascii")
            self._refuse(f"A {method} request has no body: leave it out.")
        if self.parser.should_upgrade() and self._announces_body():
            self._refuse(_NO_UPGRADE)
        super().on_headers_complete()
        self.headers = []  # trailers, which uvicorn would add to the headers of the request that is being served

    def on_body(self, body: bytes) -> None:
        self._has_moved = True
        cycle = self.cycle
        if cycle.response_complete:
            return
        if not isinstance(cycle.body, _Unread):
            cycle.body = _Unread(UNREAD_BYTES if self._read_by is cycle else HIGH_WATER_LIMIT)
            self._read_by = cycle
        cycle.body.add(body)
        if cycle.body.is_enough:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._has_moved = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._lingering is not None:
            self.server_state.total_requests += 1
            return
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        if self.transport.is_closing():
            return
        if self._complaint is None:
            super().send_400_response(msg)
        else:
            status, sentence = self._complaint
            self._answer_and_close(status, sentence.encode("ascii"))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()
        self._count_untaken(self._n_unsent)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._count_untaken(0)
        if self._reading is not None and not self.transport.is_closing():
            self._reading.cancel()
            self._reading = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._served = cycle
        cycle.transport = _CycleTransport(self, cycle)  # type: ignore[assignment]
        cycle.scope["state"][IS_GONE] = lambda: cycle.disconnected
        has_body = cycle.scope["method"].encode() not in _BODILESS
        super()._start_asgi_task(cycle, _closing_early(app, cycle) if has_body else app)

    def _tell_served(self) -> None:
        """Tell the request that is answered that nobody is there: uvicorn tells the last that came, which may wait."""
        if self._served is not None:
            self._served.disconnected = True
            self._served.message_event.set()

    def end_softly(self, cycle: RequestResponseCycle) -> None:
        """Close once the answer is sent and the client has had time to read it, whatever it still sends."""
        if self.transport.is_closing():
            return
        if not cycle.more_body:
            self.transport.close()
            self._watch_reader()
            return
        self._lingering = self.loop.call_later(self.linger_s, self.transport.abort)
        cycle.body = bytearray()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _drop(self, n_bytes: int) -> None:
        self._n_dropped += n_bytes
        if self._n_dropped > LINGER_BYTES:
            self.transport.abort()

    def _watch_reader(self) -> None:
        self._n_unsent = self.transport.get_write_buffer_size()
        if self._reading is None and self._n_unsent:
            self._reading = self.loop.call_later(self.reading_s, self._check_reader)

    def _count_untaken(self, n_bytes: int) -> None:
        """Note what waits for this client now; let it go if all of its address wait for too much."""
        peer = peer_of(self.client[0]) if self.client is not None else ""
        self.untaken[peer] += n_bytes - self._n_untaken
        self._n_untaken = n_bytes
        if not self.untaken[peer]:
            del self.untaken[peer]
        elif n_bytes and self.untaken[peer] > self.untaken_bytes:
            self.loop.call_soon(self.transport.abort)

    def _check_reader(self) -> None:
        self._reading = None
        taken = self._n_unsent - self.transport.get_write_buffer_size()
        if taken < min(self._n_unsent, int(FLOOR_BYTES_PER_S * self.reading_s)):
            self.transport.abort()
        else:
            self._watch_reader()

    def _is_crowded(self) -> bool:
        """Each peer leaves others room: it has no more connections than are free, so one has half of all at most, a
        second one a quarter, and so on."""
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] == resource.RLIM_INFINITY:
            return False
        most, n = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2, len(self.connections)
        if n <= most // 2 or self.client is None:
            return False
        peers = (getattr(other, "client", None) or ("",) for other in self.connections)
        own = peer_of(self.client[0])
        same = sum(peer_of(peer[0]) == own for peer in peers)
        return same > most - n

    def _refuse(self, sentence: str, status: int = 400) -> None:
        """Refuse the request and end its parsing.

        raises    Refused, which the parser hands to `send_400_response`
        """
        self._complaint = status, sentence
        raise Refused(sentence)

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
        self._answer_and_close(431, _TOO_LARGE)

    def _answer_and_close(self, status: int, sentence: bytes) -> None:
        self.transport.write(
            b"%bcontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
            % (STATUS_LINE[status], len(sentence), sentence)
        )
        self.transport.close()


class _Unread(bytearray):
    """The bytes of a body that have come since the application asked last: pieces, joined when it asks again.

    is_enough    no more is to be read until then
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most, self._size = most, 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)

    @property
    def is_enough(self) -> bool:
        return self._size > self._most or len(self._pieces) > UNREAD_PIECES

    def __bytes__(self) -> bytes:
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)


class _CycleTransport:
    """The transport as one request's cycle sees it: the head of an answer leaves together with what follows it at once,
    which spares a system call and the client a wake-up, and what the cycle closes is closed softly."""

    __slots__ = ("_cycle", "_has_begun", "_head", "_protocol", "_write", "is_closing")

    def __init__(self, protocol: Bounded, cycle: RequestResponseCycle) -> None:
        self._write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self._protocol, self._cycle = protocol, cycle
        self._has_begun, self._head = False, b""

    def write(self, data: bytes) -> None:
        """Send it; hold a head until the body's first bytes, or until the event loop has nothing to do before them."""
        if self._has_begun or not self._cycle.response_started:
            if self._head and len(data) <= _JOINED_BYTES:
                data, self._head = self._head + data, b""
            self._send_head()
            self._write(data)
            return
        self._has_begun, self._head = True, data
        self._protocol.loop.call_soon(self._send_head)

    def close(self) -> None:
        self._send_head()
        self._protocol.end_softly(self._cycle)

    def _send_head(self) -> None:
        if self._head and not self.is_closing():
            self._write(self._head)
        self._head = b""


def _closing_early(app: Any, cycle: RequestResponseCycle) -> Any:
    """An answer before the end of the body ends the connection: what follows on it would be the rest of that body."""

    def answering(scope: Any, receive: Any, send: _Send) -> Awaitable[None]:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if cycle.more_body and message["type"] == "http.response.start":
                cycle.keep_alive = False
            await send(message)

        answered: Awaitable[None] = app(scope, receive, sending if cycle.more_body else send)
        return answered

    return answering


class EndedSoon(Bounded):
    """Over TLS a connection ends with a word of the client, who does not say it while it keeps the connection for
    later: when the server stops, or turns it away, it is not waited for."""

    def shutdown(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        super().shutdown()
        if idle:
            self.loop.call_later(_LAST_WORD_S, self.transport.abort)

    def _answer_and_close(self, status: int, sentence: bytes) -> None:
        super()._answer_and_close(status, sentence)
        self.loop.call_later(_LAST_WORD_S, self.transport.abort)

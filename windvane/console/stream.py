"""Pages that live: fragments are drawn again and again, and those that changed are sent (server-sent events), for as
long as whoever watches is signed in."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import StreamingResponse

from windvane.api.authenticator import Authenticator
from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import Throttled, WindvaneError
from windvane.tracing.context import within

_LOG = logging.getLogger(__name__)
_HEARTBEAT_S = 15.0

Render = Callable[[], Awaitable[Mapping[str, str]]]
"""Fragments by the name of their event."""

IsSignedIn = Callable[[], Awaitable[bool]]
"""Whether the session still holds with which the page was asked for."""

END = "end"
"""An event of this name ends the stream; its text is not drawn again."""


class PageStreams:
    """Every stream of one server.

    at_most    that may be open at once; one account has half of them at most, a second one a quarter, and so on
    """

    def __init__(self, at_most: int = 128) -> None:
        self._at_most = at_most
        self._n_open = 0
        self._open_of: Counter[str] = Counter()
        self._closing = asyncio.Event()

    def _may_have_more(self, account: str) -> bool:
        """Return whether it leaves others as many as it has."""
        return self._open_of[account] < self._at_most - self._n_open

    def close(self) -> None:
        """Every stream ends soon, and no other begins."""
        self._closing.set()

    def open(
        self, request: Request, render: Render, every_s: float, is_signed_in: IsSignedIn
    ) -> StreamingResponse:
        """Begin to stream the fragments of a page.

        raises    Throttled if there are enough already
        """
        if self._n_open >= self._at_most or self._closing.is_set():
            raise Throttled(
                f"{self._n_open} live pages are already open; this server allows at most {self._at_most}. Try again later."
            )
        account = context_of(request).caller.account
        if not self._may_have_more(account):
            raise Throttled(
                f"The account {account} has {self._open_of[account]} live pages open; the rest are left to "
                "other accounts. Close a page and try again."
            )
        headers = {**PAGE_HEADERS, "X-Accel-Buffering": "no"}
        chunks = self._chunks(request, _while(is_signed_in, render), every_s, account)
        return StreamingResponse(chunks, headers=headers, media_type="text/event-stream")

    async def _chunks(
        self, request: Request, render: Render, every_s: float, account: str
    ) -> AsyncIterator[str]:
        if not self._may_have_more(account):
            return  # others came in between
        self._n_open += 1
        self._open_of[account] += 1
        try:
            yield "retry: 1000\n\n"
            sent: dict[str, str] = {}
            quiet_s = 0.0
            while not self._closing.is_set() and not await request.is_disconnected():
                fragments = await _drawn(render)
                changed = {name: text for name, text in fragments.items() if sent.get(name) != text}
                for name, text in changed.items():
                    yield _event(name, text)
                if END in fragments:
                    return
                sent.update(changed)
                quiet_s = 0.0 if changed else quiet_s + every_s
                if quiet_s >= _HEARTBEAT_S:
                    yield ": still here\n\n"
                    quiet_s = 0.0
                await self._pause(every_s)
        finally:
            self._n_open -= 1
            self._open_of[account] -= 1

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _while(is_signed_in: IsSignedIn, render: Render) -> Render:
    """Return the fragments; after signing out, or the end of the session or its key, the end of the stream in their place."""

    async def render_if_in() -> Mapping[str, str]:
        return await render() if await is_signed_in() else {END: "signed out"}

    return render_if_in


async def _drawn(render: Render) -> Mapping[str, str]:
    """What is told in place of a page that cannot be drawn any more is its end. What is drawn again and again is in no trace."""
    try:
        with within(None):
            return await render()
    except WindvaneError as error:
        _LOG.info("A watched page ends: %s", error)
        return {END: "gone"}


def stream_fragments(request: Request, render: Render, every_s: float = 1.0) -> StreamingResponse:
    """Answer with the fragments of a page, each time that they change, until the reader leaves or signs out.

    raises    Throttled if too many pages are watched already
    """
    streams: PageStreams = request.app.state.streams
    authenticator: Authenticator = request.app.state.authenticator
    kept = authenticator.text_of(context_of(request).session)

    async def is_signed_in() -> bool:
        return await asyncio.to_thread(authenticator.again, kept) is not None

    return streams.open(request, render, every_s, is_signed_in)


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"

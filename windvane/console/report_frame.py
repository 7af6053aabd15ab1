"""Reports that a page shows in a frame: as the engine wrote them, in the theme that this page has."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from windvane.console.draw import theme_of
from windvane.console.request_context import context_of
from windvane.console.security import REPORT_HEADERS

_ASKS_SYSTEM = b"@media (prefers-color-scheme: dark)"
_SCHEMES = b"color-scheme: light dark;"
_ALWAYS = {"dark": b"@media all", "light": b"@media not all"}


async def report_in_frame(request: Request, uri: str) -> Response:
    """Return a report as a document that may do nothing. It asks the system for its colours; where a theme was chosen, that is
    the answer.

    Sent as it is read: it lies where others write, and whoever reads it slowly must not keep all of it in memory.

    uri       of the object
    raises    NotFound, AccessDenied
    """
    chunks = context_of(request).objects.chunks(uri)
    first = await anext(chunks, b"")

    async def page() -> AsyncIterator[bytes]:
        yield _in_theme(first, theme_of(request))
        async for chunk in chunks:
            yield chunk

    return StreamingResponse(page(), headers=REPORT_HEADERS, media_type="text/html; charset=utf-8")


def _in_theme(begin: bytes, theme: str) -> bytes:
    """Return the beginning of the document, where its colours are."""
    if theme in _ALWAYS:
        begin = begin.replace(_ASKS_SYSTEM, _ALWAYS[theme], 1)
        begin = begin.replace(_SCHEMES, f"color-scheme: {theme};".encode(), 1)
    return begin

"""Reports that a page shows in a frame: as the engine wrote them, in the theme that this page has."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from windvane.console.draw import theme_of
from windvane.console.security import REPORT_HEADERS

_ASKS_SYSTEM = b"@media (prefers-color-scheme: dark)"
_SCHEMES = b"color-scheme: light dark;"
_ALWAYS = {"dark": b"@media all", "light": b"@media not all"}


def framed(request: Request, page: bytes) -> Response:
    """A report as a document that may do nothing. It asks the system for its colours; where a theme was chosen, that is
    the answer."""
    theme = theme_of(request)
    if theme in _ALWAYS:
        page = page.replace(_ASKS_SYSTEM, _ALWAYS[theme], 1)
        page = page.replace(_SCHEMES, f"color-scheme: {theme};".encode(), 1)
    return Response(page, headers=REPORT_HEADERS, media_type="text/html; charset=utf-8")

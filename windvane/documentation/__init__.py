"""The documentation as a site at `/docs/`: the pages of docs/, which `make docs` builds into `pages/` beside this file.

The pages are public: they are part of what is installed, and tell nothing of this server.
"""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

PREFIX = "/docs/"
PAGES = Path(__file__).parent / "pages"

INLINE_SCRIPT_SHA256 = "sha256-ySvT2PEZeueHGC1y2crNuNTfphBynFPP7i+U21fEgX0="
"""Of the one script that stands in every page, which sets light or dark before the page is drawn.

source    https://www.w3.org/TR/CSP3/#match-element-to-source-list
"""

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self' '{INLINE_SCRIPT_SHA256}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_NOT_BUILT = (
    "The documentation is not part of this installation. In a clone of Windvane, `make docs` builds it; "
    "its pages are also the files of the folder docs.\n"
)
_NO_PAGE = "The documentation has no such page. It begins at /docs/.\n"


def is_built(pages: Path = PAGES) -> bool:
    """Return whether this installation has the documentation."""
    return (pages / "index.html").is_file()


class DocumentationSite:
    """The ASGI application of everything below `/docs/`."""

    def __init__(self, pages: Path = PAGES) -> None:
        self._files = StaticFiles(directory=pages) if is_built(pages) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(scope)
        response.headers.update(HEADERS)
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        if self._files is None:
            return PlainTextResponse(_NOT_BUILT, 404)
        try:
            path = scope["path"].removeprefix(PREFIX)
            return await self._files.get_response(path or "index.html", scope)
        except HTTPException as error:
            return PlainTextResponse(_NO_PAGE, error.status_code)

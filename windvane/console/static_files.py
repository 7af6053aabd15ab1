"""Styles, scripts and pictures of the console, each at a place of its content's own."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from windvane.console.draw import STATIC

_FOREVER = "public, max-age=31536000, immutable"


class KeptFiles(StaticFiles):
    """Files of static/; what is asked for by its content may be kept for ever."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = (
            _FOREVER if scope["query_string"].startswith(b"v=") else "no-cache"
        )
        return response

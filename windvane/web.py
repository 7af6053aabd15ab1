"""The outermost ASGI application: health, metrics and the console by path, everything else is AWS traffic.

A signed request is AWS traffic whatever its path, so a bucket may be called `metrics`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from windvane.console.front import SECURITY_HEADERS, front_page
from windvane.telemetry import CONTENT_TYPE, Telemetry

Health = Callable[[], list[str]]
"""What is not well, a sentence each; empty if everything is."""

_OWN_PATHS = frozenset({"/", "/healthz", "/metrics", "/console", "/console/"})


class Web:
    """edge    answers AWS traffic"""

    def __init__(self, edge: ASGIApp, telemetry: Telemetry, health: Health) -> None:
        self._edge = edge
        self._telemetry = telemetry
        self._health = health
        self._pages = Starlette(
            routes=[
                Route("/", self._root, methods=["GET"]),
                Route("/healthz", self._healthz, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
                Route("/console", self._root, methods=["GET"]),
                Route("/console/", self._console, methods=["GET"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        is_own = scope["path"] in _OWN_PATHS and scope["method"] in ("GET", "HEAD")
        answer = self._pages if is_own and not _is_signed(scope) else self._edge
        await answer(scope, receive, _with_date(send))

    async def _root(self, _: Request) -> Response:
        return RedirectResponse("/console/")

    def _healthz(self, _: Request) -> Response:
        faults = self._health()
        return PlainTextResponse("\n".join(faults) or "ok", 503 if faults else 200)

    def _metrics(self, _: Request) -> Response:
        return Response(self._telemetry.exposition(), media_type=CONTENT_TYPE)

    async def _console(self, request: Request) -> Response:
        return HTMLResponse(front_page(str(request.base_url).rstrip("/")), headers=SECURITY_HEADERS)


def _is_signed(scope: Scope) -> bool:
    return b"X-Amz-" in scope["query_string"] or any(
        name == b"authorization" for name, _ in scope["headers"]
    )


def _with_date(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if not any(name.lower() == b"date" for name, _ in headers):
                headers.append((b"date", _date(int(time.time()))))
                message = {**message, "headers": headers}
        await send(message)

    return sent


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """Worked out once a second, not once a request."""
    return formatdate(second, usegmt=True).encode()

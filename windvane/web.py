"""The outermost ASGI application: health, metrics, the console and the documentation by path, everything else is AWS
traffic.

A signed request, and one with a bearer token, is AWS traffic whatever its path, so a bucket may be called `metrics`. What a browser gets of AWS
traffic, by a presigned link, is a document of no origin: an object of S3 must not act as a page of the console.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from windvane import documentation
from windvane.documentation import DocumentationSite
from windvane.errors import CallerFault, StoreUnreachable
from windvane.serving.peer_gateway import PeerGateway
from windvane.telemetry import CONTENT_TYPE, Telemetry
from windvane.wire.bodies import Bodies
from windvane.wire.exchange import read_head, source_ip
from windvane.wire.heads import check_head
from windvane.wire.open_inference import paths as open_inference

Health = Callable[[], list[str]]
"""What is not well, a sentence each; empty if everything is."""

_OWN_PATHS = frozenset({"/", "/healthz", "/console", "/docs", *open_inference.PUBLIC})
_METRICS = "/metrics"
_CONSOLE = "/console/"
_OF_NO_ORIGIN = (
    (b"content-security-policy", b"sandbox"),
    (b"x-content-type-options", b"nosniff"),
)

_METRICS_ELSEWHERE = PlainTextResponse(
    "Metrics have an address of their own on this server: the setting [server] metrics. The server's log says where it "
    "listens.\n",
    404,
)

_LINK_OF_V2 = (b"AWSAccessKeyId=", b"Signature=", b"Expires=")
"""The query of a link that was signed as Version 2 does."""


class Web:
    """The outermost ASGI application: passes each request on to what answers it.

    edge       answers AWS traffic
    console    answers below /console/
    metrics    answers /metrics; None where that has an address of its own
    bodies     the bounds of all bodies that are read, by the edge and by the console
    peers      answers other servers of the store; None where there are none
    """

    def __init__(
        self,
        edge: ASGIApp,
        console: ASGIApp,
        metrics: ASGIApp | None,
        health: Health,
        bodies: Bodies | None = None,
        peers: PeerGateway | None = None,
    ) -> None:
        self._peers = peers
        self._bodies = bodies or Bodies()
        self._edge = edge
        self._console = console
        self._metrics = metrics
        self._health = health
        self._documentation = DocumentationSite()
        self._pages = Starlette(
            routes=[
                Route("/", self._root, methods=["GET"]),
                Route("/healthz", self._healthz, methods=["GET"]),
                *(
                    Route(path, self._healthz, methods=["GET"])
                    for path in sorted(open_inference.HEALTH)
                ),
                Route(open_inference.PREFIX, self._about, methods=["GET"]),
                Route("/console", self._root, methods=["GET"]),
                Route("/docs", self._docs_root, methods=["GET"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self._peers is not None and self._peers.is_for(scope):
            await self._peers(scope, receive, send)
            return
        has_authorization = _has_authorization(scope)
        answer = self._edge if has_authorization else self._answer(scope)
        if answer is not self._edge:
            answer = _sound(scope) or answer
        if answer is self._edge and not has_authorization:
            send = _with_headers(send, _OF_NO_ORIGIN)
        if answer is self._console:
            with self._bodies.open(receive, source_ip(scope)) as body:
                await answer(scope, body.message, _finished(send))
        else:
            await answer(scope, receive, _finished(send))

    def _answer(self, scope: Scope) -> ASGIApp:
        if _is_signed_link(scope["query_string"]):
            return self._edge
        path = scope["path"]
        if path.startswith(_CONSOLE):
            return self._console
        if scope["method"] not in ("GET", "HEAD"):
            return self._edge
        if path.startswith(documentation.PREFIX):
            return self._documentation
        if path == _METRICS:
            return self._metrics or _METRICS_ELSEWHERE
        return self._pages if path in _OWN_PATHS else self._edge

    async def _root(self, _: Request) -> Response:
        return RedirectResponse("/console/")

    async def _docs_root(self, _: Request) -> Response:
        return RedirectResponse(documentation.PREFIX)

    async def _about(self, _: Request) -> Response:
        """Answer with the server's metadata. Which version it is of is nothing that strangers are told."""
        return JSONResponse({"name": "windvane", "version": "", "extensions": []})

    async def _healthz(self, _: Request) -> Response:
        faults = self._health()
        return PlainTextResponse("\n".join(faults) or "ok", 503 if faults else 200)


def metrics_page(telemetry: Telemetry) -> ASGIApp:
    """Return what answers /metrics, and 404 elsewhere."""
    scrapes = _Scrapes(telemetry)

    async def metrics(_: Request) -> Response:
        try:
            return Response(await scrapes.text(), media_type=CONTENT_TYPE)
        except StoreUnreachable as away:
            return PlainTextResponse(f"{away}\n", 503)

    page = Starlette(routes=[Route(_METRICS, metrics, methods=["GET"])])

    async def finished(scope: Scope, receive: Receive, send: Send) -> None:
        await page(scope, receive, _finished(send))

    return finished


class _Scrapes:
    """The figures of a server, made one at a time whoever asks: a tenth of a second of the interpreter each. All who
    ask while one is made get the next one."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._turn = asyncio.Lock()
        self._n_begun = self._made = 0
        self._text = b""

    async def text(self) -> bytes:
        """Return figures that are as of now or later."""
        n_begun = self._n_begun
        async with self._turn:
            if self._made <= n_begun:
                self._n_begun += 1
                self._text = await run_in_threadpool(self._telemetry.exposition)
                self._made = self._n_begun
            return self._text


def _has_authorization(scope: Scope) -> bool:
    """Return whether a request says who sends it. Clients of the Open Inference Protocol send their token with everything, and
    so where none is needed."""
    is_public = scope["path"] in open_inference.PUBLIC
    return any(
        name == b"authorization" and not (is_public and value.lower().startswith(b"bearer "))
        for name, value in scope["headers"]
    )


def _sound(scope: Scope) -> ASGIApp | None:
    """Return the refusal of a head that can be read in two ways; None if it cannot. (The edge tells it in AWS's words.)"""
    try:
        check_head(read_head(scope))
    except CallerFault as error:
        return PlainTextResponse(str(error), 400)
    return None


def _is_signed_link(query: bytes) -> bool:
    return b"X-Amz-" in query or all(one in query for one in _LINK_OF_V2)


def _with_headers(send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return sent


def _finished(send: Send) -> Send:
    """Add what every answer says: its date, and that it is of the type that it is said to be."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            names = [name.lower() for name, _ in headers]
            if b"date" not in names:
                headers.append((b"date", _date(int(time.time()))))
            if b"x-content-type-options" not in names:
                headers.append((b"x-content-type-options", b"nosniff"))
            message = {**message, "headers": headers}
        await send(message)

    return sent


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """Return the time as a header has it, worked out once a second, not once a request."""
    return formatdate(second, usegmt=True).encode()

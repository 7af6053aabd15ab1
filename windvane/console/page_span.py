"""What a span tells of a page that a browser asks for: its route, never its path or query, in which names stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Message, Send

from windvane.tracing.span import Attribute, OpenSpan, Span, SpanKind

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "_OTHER"
_OUR_FAULT = 500
_OF_STREAMS = b"text/event-stream"


class WatchedPage:
    """Passes an answer on, and tells once that it has ended: with all of it, or with the head of a stream, which goes on for as
    long as somebody watches.

    ended    is told the status; 0 if there was no answer
    """

    def __init__(self, send: Send, ended: Callable[[int], object]) -> None:
        self._send, self._ended = send, ended
        self._status, self._is_over = 0, False

    async def __call__(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._status = message["status"]
            types = [value for name, value in message["headers"] if name == b"content-type"]
            if any(one.startswith(_OF_STREAMS) for one in types):
                self.end()

    def end(self) -> None:
        """Tell of the end, unless that was told."""
        if not self._is_over:
            self._is_over = True
            self._ended(self._status)


def span_of_page(
    span: OpenSpan, request: Request, routes: Sequence[BaseRoute], status: int
) -> Span:
    """Return the span of a request to the console that has been answered.

    status    of the answer; 0 if there was none
    source    "HTTP spans" of OpenTelemetry's semantic conventions, version 1.43
    """
    method = request.method if request.method in _METHODS else _OTHER
    route = route_of(request, routes)
    attributes: dict[str, Attribute] = {
        "http.request.method": method,
        "url.scheme": request.scope["scheme"],
    }
    if route:
        attributes["http.route"] = route
    if status:
        attributes["http.response.status_code"] = status
    error = str(status) if status >= _OUR_FAULT else ""
    if error:
        attributes["error.type"] = error
    words = ("HTTP" if method == _OTHER else method, route)
    return span.ended(" ".join(filter(None, words)), SpanKind.SERVER, attributes, error)


def route_of(request: Request, routes: Sequence[BaseRoute]) -> str:
    """Return the route of a request, such as /console/jobs/{name}; "" if it has none."""
    asked = {name: request.scope[name] for name in ("type", "method", "path")}
    by_match: dict[Match, str] = {}
    for route in routes:
        if isinstance(route, Route):
            by_match.setdefault(route.matches(asked)[0], route.path_format)
    return by_match.get(Match.FULL) or by_match.get(Match.PARTIAL, "")

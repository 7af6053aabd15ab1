"""The hook on every answer: an ASGI application around another that has each answer judged and written down before the
last of it is sent. Streams and the answers of S3 go through as they are."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conformance.answers import Response, Verdict, judge
from conformance.asked import Asked, asked_of, members_given
from conformance.clients import client_of
from conformance.notes import Fact, Notes
from conformance.places import path_of

from windvane.wire.call import Request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

_STREAMED = b"text/event-stream"
_REFUSED_PLACE = re.compile(
    r"'([A-Za-z][\w.]*)' (?:is not supported by this server|cannot be honoured)"
)


def watched(app: App, notes: Notes | None) -> App:
    """notes    None watches nothing"""
    if notes is None:
        return app

    async def watching(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_ours(scope):
            await app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, notes)
        await app(scope, exchange.receive, exchange.send)

    return watching


def _is_ours(scope: Any) -> bool:
    """Whether it is neither for S3 nor one of the server's own pages, as far as its head tells."""
    return asked_of(_request(scope, b"")) is not None


def _request(scope: Any, body: bytes) -> Request:
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        tuple(headers),
        body,
    )


class _Exchange:
    """One request and its answer, kept as they pass."""

    def __init__(self, scope: Any, receive: Receive, send: Send, notes: Notes) -> None:
        self._scope, self._receive, self._send, self._notes = scope, receive, send, notes
        self._test = notes.test()
        self._asked_body: list[bytes] = []
        self._start: Message = {}
        self._body: list[bytes] = []

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._asked_body.append(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            if self._is_stream():
                self._note(Response(200, {}, b""), Verdict())
        elif not self._is_stream():
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._judge()
        await self._send(message)

    def _is_stream(self) -> bool:
        return any(
            v == _STREAMED for n, v in self._start["headers"] if n.lower() == b"content-type"
        )

    def _judge(self) -> None:
        headers = {n.decode().lower(): v.decode("latin-1") for n, v in self._start["headers"]}
        response = Response(self._start["status"], headers, b"".join(self._body))
        self._note(response, None)

    def _note(self, response: Response, verdict: Verdict | None) -> None:
        request = _request(self._scope, b"".join(self._asked_body))
        asked = asked_of(request)
        if asked is None:
            return
        found = judge(asked, response) if verdict is None else verdict
        for fault in found.faults:
            self._notes.complain(self._test, f"{_named(asked)}: {fault}")
        if asked.operation is not None:
            self._notes.add(_fact(self._test, asked, request, found))


def _fact(test: str, asked: Asked, request: Request, found: Verdict) -> Fact:
    agent = next((value for name, value in request.headers if name == "user-agent"), "")
    return Fact(
        test,
        client_of(agent),
        asked.service.name,
        asked.operation.name,
        () if found.error else tuple(members_given(asked, request)),
        found.members,
        tuple(sorted({path_of(place) for place in _REFUSED_PLACE.findall(found.message)})),
        found.error,
    )


def _named(asked: Asked) -> str:
    if asked.service is None:
        return "a request for nobody"
    return f"{asked.service.name} {asked.operation.name if asked.operation else '(no operation)'}"

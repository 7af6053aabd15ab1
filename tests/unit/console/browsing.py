"""A browser without a window: it keeps cookies, and asks the console in process."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

HOST = "127.0.0.1:8470"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    set_cookies: list[str]

    @property
    def text(self) -> str:
        is_packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if is_packed else self.body).decode()


@dataclass
class Browser:
    site: Any
    host: str = HOST
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, b"", headers)

    def head(self, path: str) -> Answer:
        return self._ask("HEAD", path, b"", {})

    def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """As a page of this console would: with its token, and saying where it comes from."""
        given = {"origin": f"{self.scheme}://{self.host}", **headers}
        body = urlencode({"csrf_token": self.csrf, **(fields or {})}, doseq=True).encode()
        given["content-type"] = "application/x-www-form-urlencoded"
        return self._ask("POST", path, body, given)

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        told = {"host": self.host, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.cookies:
            told["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = asyncio.run(ask_site(self.site, method, path, body, told, self.scheme))
        for line in answer.set_cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        if "text/html" in answer.headers.get("content-type", ""):
            found = re.search(r'name="csrf-token" content="(\w+)"', answer.text)
            self.csrf = found[1] if found else self.csrf
        return answer


async def ask_site(
    site: Any, method: str, path: str, body: bytes, headers: Mapping[str, str], scheme: str
) -> Answer:
    url = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 8470),
        "client": ("127.0.0.1", 40000),
    }
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # it stays connected until it has its answer
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await site(scope, receive, send)
    answered = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    return Answer(
        sent[0]["status"],
        dict(answered),
        b"".join(message.get("body", b"") for message in sent[1:]),
        [value for name, value in answered if name == "set-cookie"],
    )

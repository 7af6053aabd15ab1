"""A client that is no browser: it sends what it is told, and keeps a session's cookie."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode()


class Plain:
    def __init__(self, url, cookie=""):
        self.url = url
        self.netloc = urlsplit(url).netloc
        self.cookie = cookie

    def ask(self, method, path, body=None, **headers):
        """Header names are written with underscores; a header whose value is None is not sent."""
        given = {"Host": self.netloc, "Cookie": self.cookie or None}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.netloc, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if body is not None:
                given["Content-Length"] = str(len(body))
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answered = connection.getresponse()
            is_endless = answered.headers.get("Content-Type", "").startswith("text/event-stream")
            return Answer(answered.status, answered.headers, b"" if is_endless else answered.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, fields=None, **headers):
        """As a page of this server does it, but for the headers named."""
        given = {"Origin": self.url, "Content_Type": FORM, **headers}
        return self.ask("POST", path, urlencode(fields or {}).encode(), **given)

    def enter(self, link):
        """Keeps the session's cookie that a one-time link gives."""
        answer = self.get(link.removeprefix(self.url))
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def csrf(self):
        [token] = re.findall(
            r'<meta name="csrf-token" content="(\w+)">', self.get("/console/").text
        )
        return token

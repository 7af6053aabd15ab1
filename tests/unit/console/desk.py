"""The console as a browser without scripts sees it, in process: the real site over real operations and a real store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from api.identities import allow_s3
from api.world import ACCOUNT, REGION, ROLE, Keys, World, build_parts, build_world, close

from windvane.api.authenticator import Authenticator
from windvane.api.in_process import InProcessClient
from windvane.api.served import operations
from windvane.api.sign_ins import SignIns
from windvane.artifacts.mapped import BucketMap
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.console.security import Hosts
from windvane.console.site import Site, SiteServices
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.directory import Directory
from windvane.control.identity.overviews import IdentityOverviews
from windvane.control.object_uses import ObjectUses
from windvane.control.objects import Objects
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.settings import LimitSettings
from windvane.tracing.span import unrecorded
from windvane.tracing.tracer import Tracer
from windvane.wire.failures import FailureCounter
from windvane.wire.rates import AccountRates

HOST = "localhost:8470"
SECRET = b"s" * 32
_ANY_NUMBER = AccountRates()
_LIMITS = LimitSettings()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def words(self) -> str:
        """What is to be read: text outside tags, blanks made one."""
        return " ".join(_words(self.text).split())


@dataclass
class Desk:
    """Somebody who is signed in."""

    world: World
    site: Site
    cookie: str
    csrf: str

    def get(self, path: str) -> Answer:
        return asyncio.run(self._send("GET", path, b"", {}))

    def post(self, path: str, fields: Sequence[tuple[str, str]] = ()) -> Answer:
        return self.post_as(path, [("csrf_token", self.csrf), *fields])

    def post_as(self, path: str, fields: Sequence[tuple[str, str]]) -> Answer:
        """Without the token of a form."""
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": f"http://{HOST}",
        }
        return asyncio.run(self._send("POST", path, urlencode(fields).encode(), headers))

    def watch(
        self, path: str, n_events: int, meanwhile: Mapping[int, Any] | None = None
    ) -> dict[str, list[str]]:
        """The texts of the first events of a stream by name; after the n-th one something may happen."""
        return asyncio.run(self._watch(path, n_events, meanwhile or {}))

    async def _send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        parts: list[dict[str, Any]] = []
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if given:
                return given.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            parts.append(message)

        await self.site(self._scope(method, path, headers), receive, send)
        text = b"".join(part.get("body", b"") for part in parts[1:]).decode()
        found = {name.decode(): value.decode() for name, value in parts[0]["headers"]}
        return Answer(parts[0]["status"], found, text)

    async def _watch(
        self, path: str, n_events: int, meanwhile: Mapping[int, Any]
    ) -> dict[str, list[str]]:
        seen: dict[str, list[str]] = {}
        done, n = asyncio.Event(), 0

        async def receive() -> dict[str, Any]:
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            nonlocal n
            for name, text in _events(message.get("body", b"").decode()):
                seen.setdefault(name, []).append(text)
                n += 1
                if n in meanwhile:
                    await asyncio.to_thread(meanwhile[n])
                if n >= n_events:
                    done.set()

        await asyncio.wait_for(self.site(self._scope("GET", path, {}), receive, send), 60)
        return seen

    def _scope(self, method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        path, _, query = path.partition("?")
        sent = {"host": HOST, "cookie": f"windvane-session-8470={self.cookie}", **headers}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "server": ("127.0.0.1", 8470),
            "client": ("127.0.0.1", 5),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }


@contextmanager
def opened(
    folder: Path,
    rates: AccountRates = _ANY_NUMBER,
    webhooks: tuple[str, ...] = (),
    tracer: Tracer | None = None,
    limits: LimitSettings = _LIMITS,
) -> Iterator[Desk]:
    """rates     requests that each account may make
    webhooks  names of those that its jobs may ask for
    tracer    decides which pages are traced
    limits    of its jobs
    """
    world = build_world(folder)
    entry = Authenticator(Keys(), OneTimeTokens(world.store, world.clock), SECRET, world.clock)

    def webhooks_of(account: str) -> tuple[str, ...]:
        return webhooks if account == ACCOUNT else ()

    parts = build_parts(world.store, world.artifacts, world.clock, limits, webhooks=webhooks_of)
    record_span = unrecorded if tracer is None else tracer.record
    inside = InProcessClient(operations(parts), {}, record_span=record_span)
    objects = Objects(world.artifacts, None, BucketMap(()), allow_s3)
    site = Site(
        SiteServices(
            entry,
            inside,
            objects,
            ObjectUses(world.store, world.artifacts),
            Hosts([]),
            lambda _: (ROLE,),
            SignIns(FailureCounter(), None, lambda _: None),
            IdentityOverviews(Authorizer(Directory(world.store), world.clock), world.store),
            DefaultLimits(limits.max_candidates, limits.max_runtime_s),
            rates=rates,
            webhooks=webhooks_of,
            account=ACCOUNT,
            tracer=tracer,
        )
    )
    session = entry.by_keys(ACCOUNT, "secret", REGION)
    assert session is not None
    yield Desk(world, site, entry.text_of(session), entry.csrf_token(session))
    close(world)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in ("script", "style", "title", "noscript")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style", "title", "noscript")
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def _words(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    return "".join(reader.parts)


def _events(chunk: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"event: (\S+)\n((?:data: .*\n)*)", chunk):
        lines = [line.removeprefix("data: ") for line in found[2].splitlines()]
        yield found[1], "\n".join(lines)

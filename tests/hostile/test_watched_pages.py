"""Pages that are watched by somebody who has no business there any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from migrated import migrated_database
from starlette.requests import Request
from starlette.routing import Route
from unit.console.browsing import Browser

from windvane.api.authenticator import SESSION_LIFETIME, Authenticator
from windvane.api.keyring import KeyRing
from windvane.console import site as console_site
from windvane.console.security import Hosts
from windvane.console.site import Site, SiteServices
from windvane.console.stream import END, stream_fragments
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.store.open import FILE_NAME, open_store

N_LOOKS = 3
"""After so many something happens; a stream that goes on after it goes on to `N_TOO_MANY`."""

N_TOO_MANY = 12


@dataclass
class Watched:
    """A page whose fragment changes with every look.

    meanwhile    happens during look number N_LOOKS
    """

    meanwhile: Callable[[], object] = lambda: None
    n_looks: int = 0
    sessions: list[Any] = field(default_factory=list)

    async def page(self, request: Request) -> Any:
        self.sessions.append(request.state.context.session)

        async def render() -> dict[str, str]:
            self.n_looks += 1
            if self.n_looks == N_LOOKS:
                self.meanwhile()
            over = {END: "drawn too often"} if self.n_looks >= N_TOO_MANY else {}
            return {"look": str(self.n_looks), **over}

        return stream_fragments(request, render, 0.001)


@dataclass
class World:
    browser: Browser
    authenticator: Authenticator
    keys: KeyRing
    watched: Watched
    now: datetime


@pytest.fixture
def world(tmp_path, monkeypatch):
    (tmp_path / FILE_NAME).write_bytes(migrated_database())
    store, watched = open_store("", tmp_path), Watched()
    ring = KeyRing([("111122223333", "AKIA1", "one")], b"r" * 32)
    built: World

    def clock() -> datetime:
        return built.now

    authenticator = Authenticator(ring, OneTimeTokens(store, clock), b"k" * 32, clock)
    routes = (*console_site.ROUTES, Route("/console/watched", watched.page))
    monkeypatch.setattr(console_site, "ROUTES", routes)
    unused: Any = None
    site = Site(
        SiteServices(
            authenticator, unused, unused, unused, Hosts([]), lambda _: (), unused, unused, unused
        )
    )
    built = World(
        Browser(site), authenticator, ring, watched, datetime.now(UTC).replace(microsecond=0)
    )
    session = authenticator.by_keys("AKIA1", "one", "us-east-1")
    built.browser.cookies["windvane-session-8470"] = authenticator.text_of(session)
    yield built
    store.close()


def sign_out(world: World) -> None:
    world.authenticator.end(world.watched.sessions[0])


def outlive(world: World) -> None:
    world.now += SESSION_LIFETIME + timedelta(seconds=1)


def retire_key(world: World) -> None:
    world.keys.replace([], b"r" * 32)


def renew_secret(world: World) -> None:
    world.keys.replace([("111122223333", "AKIA1", "two")], b"r" * 32)


@pytest.mark.parametrize("end", [sign_out, outlive, retire_key, renew_secret])
def test_a_watched_page_ends_with_the_session(world, end):
    """The attack: whoever signed out, or lost the key, left a page open and went on reading what it tells."""
    world.watched.meanwhile = lambda: end(world)
    told = world.browser.get("/console/watched").text
    assert world.watched.n_looks == N_LOOKS
    assert told.endswith(f"event: {END}\ndata: signed out\n\n")


def test_a_watched_page_goes_on_while_the_session_holds(world):
    assert "drawn too often" in world.browser.get("/console/watched").text

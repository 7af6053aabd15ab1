"""The console over operations that the test names, and somebody who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api.identities import allow_s3
from api.world import build_parts
from migrated import migrated_database
from unit.console.board import Jobs
from unit.console.browsing import Browser

from windvane.api.authenticator import Authenticator, new_link
from windvane.api.in_process import InProcessClient
from windvane.api.keyring import KeyRing
from windvane.api.served import operations
from windvane.api.sign_ins import SignIns
from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
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
from windvane.names import default_role
from windvane.settings import LimitSettings
from windvane.store.open import FILE_NAME, open_store
from windvane.wire.failures import FailureCounter

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
KEY, SECRET = "AKIA1", "one"
TOKEN_SECRET = b"k" * 32


class Owners:
    """Buckets of the other account begin with `other`."""

    def owner(self, bucket: str) -> str:
        return OTHER_ACCOUNT if bucket.startswith("other") else ACCOUNT


@dataclass
class Console:
    """operations    what pages may ask: (service, operation) -> handler of a Call"""

    site: Site
    artifacts: LocalArtifacts
    entry: Authenticator
    operations: dict[tuple[str, str], Callable[[Any], Any]]
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def advance(self, by: timedelta) -> None:
        self.now += by

    def browser(self) -> Browser:
        return Browser(self.site)

    def link(self) -> str:
        link = new_link(TOKEN_SECRET, (KEY, SECRET), "us-east-1", self.now)
        return f"/console/enter?link={link}"

    def put(self, uri: str, data: bytes) -> None:
        location = parse_location(uri)
        self.artifacts.ensure_bucket(location.bucket)
        self.artifacts.write(location, data)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    (tmp_path / FILE_NAME).write_bytes(migrated_database())
    store = open_store("", tmp_path)
    artifacts = LocalArtifacts(tmp_path / "s3")
    ring = KeyRing([(ACCOUNT, KEY, SECRET), (OTHER_ACCOUNT, "AKIA2", "two")], b"r" * 32)
    asked: dict[tuple[str, str], Callable[[Any], Any]] = {}
    built: Console

    def clock() -> datetime:
        return built.now

    entry = Authenticator(ring, OneTimeTokens(store, clock), TOKEN_SECRET, clock)
    site = Site(
        SiteServices(
            entry,
            InProcessClient(asked, {}),
            Objects(artifacts, Owners(), BucketMap(), allow_s3),
            ObjectUses(store, artifacts),
            Hosts(["ml.example.org"]),
            lambda caller: (default_role(caller.account),),
            SignIns(FailureCounter(100, lambda: 0.0), None, lambda _: None),
            IdentityOverviews(Authorizer(Directory(store), clock), store),
            DefaultLimits(250, 3600),
        )
    )
    built = Console(site, artifacts, entry, asked)
    yield built
    store.close()


@pytest.fixture
def browser(console: Console) -> Browser:
    """Signed in by a one-time link."""
    one = console.browser()
    assert one.get(console.link()).status == 200
    return one


@pytest.fixture
def jobs(console: Console, tmp_path: Path) -> Iterator[Jobs]:
    """The console asks the real operations; what they find is put there by the test."""
    store = open_store("", tmp_path)
    limits = LimitSettings()
    console.operations.update(
        operations(build_parts(store, console.artifacts, lambda: console.now, limits))
    )
    yield Jobs(store, console)
    store.close()

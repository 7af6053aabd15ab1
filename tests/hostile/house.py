"""The server's whole edge in process, with resources in every state: what the tables and the generated requests meet.

The clock stands still, so a request is answered alike whenever it is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from api.identities import identity_of, permit_of
from api.world import build_parts
from botocore.parsers import create_parser
from hostile.asking import ACCOUNT, NOW, OTHER, OTHER_ACCOUNT, OWNER, SESSION_SECRET, Ask
from hostile.hosted import Hosted
from hostile.resources import fill
from hostile.signing import Sent
from migrated import migrated_database
from s3.gateways import own_gateway

from windvane.api.authenticator import Authenticator
from windvane.api.events import event_operations
from windvane.api.identity import identity_operations
from windvane.api.in_process import InProcessClient
from windvane.api.runtime import runtime_operations
from windvane.api.served import operations
from windvane.api.sign_ins import SignIns
from windvane.artifacts.base import Artifacts
from windvane.artifacts.folder import Folder
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.mapped import BucketMap
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.console.security import Hosts
from windvane.console.site import Site
from windvane.console.site import SiteServices as ConsoleParts
from windvane.control.buckets import StoredBuckets
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.overviews import IdentityOverviews
from windvane.control.object_uses import ObjectUses
from windvane.control.objects import Objects
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.errors import AccessDenied
from windvane.events.poller import EventPoller
from windvane.events.stream import Streams
from windvane.objects.store import open_objects
from windvane.settings import LimitSettings
from windvane.store.open import FILE_NAME, open_store
from windvane.telemetry import Telemetry
from windvane.web import Web, metrics_page
from windvane.wire.call import Caller
from windvane.wire.edge import Edge
from windvane.wire.failures import FailureCounter
from windvane.wire.model import load_service
from windvane.wire.s3.gateway import S3Gateway
from windvane.wire.s3.mapped import MappedBucket

_ANSWER_S = 120.0
_PATIENT = 10**9
"""Failures that are told as what they are: nothing is throttled for them."""


def clock() -> datetime:
    return NOW


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Told:
    """What a client learns of a refusal."""

    status: int
    code: str
    text: str


class House:
    """artifacts    the S3 store; a folder if none is given
    app          as the web server gets it
    """

    def __init__(self, folder: Path, artifacts: Artifacts | None = None, **limits: int) -> None:
        self._file = folder / FILE_NAME
        self._file.write_bytes(migrated_database())
        self._store = open_store("", folder)
        artifacts = artifacts or LocalArtifacts(folder / "s3")
        fill(self._store, artifacts)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._hosted = Hosted(folder / "hosted")
        self.run(self._hosted.start())
        identity = identity_of(
            [
                (ACCOUNT, OWNER.access_key, OWNER.secret),
                (OTHER_ACCOUNT, OTHER.access_key, OTHER.secret),
            ],
            store=self._store,
            clock=clock,
            secret=SESSION_SECRET,
        )
        self._keys, permit = identity.keyring, permit_of(identity)
        parts = build_parts(self._store, artifacts, clock, LimitSettings(**limits))
        streams = self.run(self._streams())
        self._objects = open_objects(folder / "objects")
        self._gateway = self._new_gateway(folder / "samples")
        served = {**operations(parts), **identity_operations(identity)}
        at_once = runtime_operations(self._hosted.router)
        followed = event_operations(parts.jobs, streams)
        self.operations = sorted([*served, *at_once, *followed])
        self._edge = Edge(
            self._keys,
            served,
            at_once,
            self._gateway,
            clock,
            streams=followed,
            failures=FailureCounter(_PATIENT),
        )
        console = self._new_console(
            artifacts, InProcessClient(served, at_once, permit), identity.authorizer
        )
        self.app = Web(
            self._edge, console, metrics_page(Telemetry(self._store, clock, lambda: ())), list
        )

    def _new_console(
        self, artifacts: Artifacts, inside: InProcessClient, authorizer: Authorizer
    ) -> Site:
        owners = StoredBuckets(self._store, clock)
        entry = Authenticator(self._keys, OneTimeTokens(self._store, clock), SESSION_SECRET, clock)
        objects = Objects(artifacts, owners, BucketMap(), authorizer)
        sign_ins = SignIns(FailureCounter(_PATIENT), None, lambda _: None)
        uses = ObjectUses(self._store, artifacts)
        overviews = IdentityOverviews(authorizer, self._store)
        limits = DefaultLimits(candidates=250, runtime_s=3600)
        return Site(
            ConsoleParts(
                entry, inside, objects, uses, Hosts([]), lambda _: (), sign_ins, overviews, limits
            )
        )

    def close(self) -> None:
        self.run(self._gateway.close())
        self._hosted.stop()
        self._edge.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._objects.close()
        self._store.close()

    def send(self, sent: Sent) -> Answered:
        return self.run(_call(self.app, sent))

    def contents(self) -> str:
        """The same as long as nothing in the store has changed."""
        with sqlite3.connect(self._file) as connection:
            return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()

    def backup(self) -> sqlite3.Connection:
        """The store as it is."""
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(self._file) as connection:
            connection.backup(kept)
        return kept

    def restore(self, kept: sqlite3.Connection) -> None:
        with sqlite3.connect(self._file) as connection:
            kept.backup(connection)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.start(coroutine).result(_ANSWER_S)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """On the event loop of the requests."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _streams(self) -> Streams:
        return Streams(self._store, EventPoller(self._store), 4)

    def _new_gateway(self, samples: Path) -> S3Gateway:
        samples.mkdir()
        (samples / "a.csv").write_bytes(b"x,y\n1,2\n")
        mapped = {
            "samples": MappedBucket(Folder(samples), "us-east-1", ()),
            "for-others": MappedBucket(Folder(samples), "us-east-1", (OTHER_ACCOUNT,)),
        }
        for bucket, account in {
            "data": ACCOUNT,
            "results": ACCOUNT,
            "theirs": OTHER_ACCOUNT,
        }.items():
            self._objects.create_bucket(bucket, account, "us-east-1")
        return own_gateway(self._objects, self._keys, clock, _allow_permanent, mapped.get)


def _allow_permanent(
    caller: Caller, action: str, resource: str, facts: Mapping[str, str] = MappingProxyType({})
) -> None:
    if not caller.credential.permanent:
        raise AccessDenied("Access Denied")


def read_refusal(answered: Answered, ask: Ask) -> Told:
    """As botocore reads it."""
    protocol = "rest-xml" if ask.service == "s3" else load_service(ask.service).protocol.value
    if protocol == "smithy-rpc-v2-cbor" and ask.sent.header("x-amz-target"):
        protocol = "json"  # botocore's second choice
    answer = {
        "status_code": answered.status,
        "headers": answered.headers,
        "body": answered.body,
    }
    error = create_parser(protocol).parse(answer, None)["Error"]
    return Told(answered.status, error["Code"], error["Message"])


async def _call(app: Any, sent: Sent) -> Answered:
    messages: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": sent.path,
        "raw_path": sent.path.encode("latin-1"),
        "query_string": sent.query.encode("latin-1"),
        "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in sent.headers],
    }
    if sent.body and sent.method in ("POST", "PUT") and not sent.header("content-length"):
        scope["headers"].append((b"content-length", str(len(sent.body)).encode()))

    asked, begun = iter([sent.body]), asyncio.Event()

    async def receive() -> dict[str, Any]:
        """The body, and the end of the connection once there is something of the answer."""
        for body in asked:
            return {"type": "http.request", "body": body, "more_body": False}
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)
        if message.get("body"):
            begun.set()

    started = time.perf_counter()
    await app(scope, receive, send)
    seconds = time.perf_counter() - started
    headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in messages[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Answered(messages[0]["status"], headers, body, seconds)

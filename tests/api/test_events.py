"""Our own operations that stream events, over the real edge."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, Keys, World, _call
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hostile.requests import v2_request

from windvane.api.events import event_operations
from windvane.control.buckets import StoredBuckets
from windvane.control.encryption import Encryption
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.directory import Directory
from windvane.control.jobs import Jobs
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import new_key_service
from windvane.control.lists import Lists
from windvane.control.roles import Roles
from windvane.events.poller import EventPoller
from windvane.events.stream import Streams
from windvane.names import PageTokens
from windvane.settings import LimitSettings
from windvane.wire.edge import Edge


def ask(
    world: World, path: str, account: str = ACCOUNT, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    roles = Roles(
        Authorizer(Directory(world.store), world.clock), StoredBuckets(world.store, world.clock)
    )
    lists = Lists(world.store, PageTokens(b"k" * 32))
    encryption = Encryption(
        new_key_service(
            world.store, MasterKeys(master_key(b"m" * 32)), PageTokens(b"k" * 32), world.clock
        ).ciphers
    )
    jobs = Jobs(
        world.store, world.artifacts, roles, LimitSettings(), lists, encryption, world.clock
    )

    async def asked() -> tuple[int, dict[str, str], bytes]:
        streams = Streams(world.store, EventPoller(world.store, 0.01), 4)
        tables = event_operations(jobs, streams)
        edge = Edge(Keys(), {}, {}, None, lambda: datetime.now(UTC), streams=tables)
        request = AWSRequest("GET", f"http://windvane.test{path}", headers=headers)
        SigV4Auth(Credentials(account, "secret"), "sagemaker", REGION).add_auth(request)
        try:
            return await asyncio.wait_for(_call_staying(edge, request.prepare()), 120)
        finally:
            edge.close()

    return asyncio.run(asked())


async def _call_staying(edge: Edge, request: Any) -> tuple[int, dict[str, str], bytes]:
    """With a client that stays until it is answered."""
    stays = asyncio.Event()
    first = True

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def receive_once() -> Any:
            nonlocal first
            if not first:
                await stays.wait()
            first = False
            return await receive()

        await edge(scope, receive_once, send)

    return await _call(app, request)


def sequences(body: bytes) -> list[int]:
    return [int(line[4:]) for line in body.decode().splitlines() if line.startswith("id: ")]


def documents(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.decode().splitlines() if line[:6] == "data: "]


def test_everything_that_is_kept_is_told_as_server_sent_events(world: World) -> None:
    arn = world.create_job("churn")
    world.client().stop_auto_ml_job(AutoMLJobName="churn")
    status, headers, body = ask(world, "/windvane/events?follow=false")
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    first, second = documents(body)
    assert first["resources"] == second["resources"] == [arn]
    assert first["detail"]["AutoMLJobStatus"] == "InProgress"
    assert second["detail"]["AutoMLJobStatus"] == "Stopping"


def test_a_stream_goes_on_after_the_id_that_it_is_told(world: World) -> None:
    world.create_job("churn")
    world.client().stop_auto_ml_job(AutoMLJobName="churn")
    _, _, body = ask(world, "/windvane/events?follow=false")
    first, second = sequences(body)
    for path, headers in (
        (f"/windvane/events?follow=false&after={first}", {}),
        ("/windvane/events?follow=false&after=0", {"Last-Event-ID": str(first)}),
    ):
        assert sequences(ask(world, path, **headers)[2]) == [second]
    assert sequences(ask(world, "/windvane/events?follow=false&after=latest")[2]) == []


def test_a_jobs_events_are_its_own(world: World) -> None:
    world.create_job("churn")
    world.create_job("other")
    _, _, body = ask(world, "/windvane/jobs/churn/events?follow=false")
    assert [d["detail"]["AutoMLJobName"] for d in documents(body)] == ["churn"]


def test_a_job_of_the_second_api_has_events_too(world: World) -> None:
    world.client().create_auto_ml_job_v2(**v2_request("churn"))
    status, _, body = ask(world, "/windvane/jobs/churn/events?follow=false")
    assert (status, [d["detail"]["AutoMLJobName"] for d in documents(body)]) == (200, ["churn"])


def test_accounts_do_not_see_each_other(world: World) -> None:
    world.create_job("churn")
    _, _, body = ask(world, "/windvane/events?follow=false", OTHER_ACCOUNT)
    assert documents(body) == []
    status, _, _ = ask(world, "/windvane/jobs/churn/events?follow=false", OTHER_ACCOUNT)
    assert status == 400


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/windvane/jobs/nobody/events", "ResourceNotFound"),
        ("/windvane/events?after=soon", "ValidationException"),
        ("/windvane/events?after=-1", "ValidationException"),
        ("/windvane/events?follow=perhaps", "SerializationException"),
    ],
)
def test_what_cannot_be_followed_is_refused(world: World, path: str, code: str) -> None:
    status, _, body = ask(world, path)
    assert (status, json.loads(body)["__type"]) == (400, code)


def test_without_a_signature_there_is_no_stream(world: World) -> None:
    async def asked() -> tuple[int, dict[str, str], bytes]:
        request = AWSRequest("GET", "http://windvane.test/windvane/events").prepare()
        streams = Streams(world.store, EventPoller(world.store), 4)
        jobs: Any = None
        tables = event_operations(jobs, streams)
        edge = Edge(Keys(), {}, {}, None, lambda: datetime.now(UTC), streams=tables)
        try:
            return await _call(edge, request)
        finally:
            edge.close()

    status, _, body = asyncio.run(asked())
    assert (status, json.loads(body)["__type"]) == (400, "MissingAuthenticationTokenException")

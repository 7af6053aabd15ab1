"""The control plane as a client sees it, in process: a real boto3 client, the real edge, SQLite and a folder."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from conformance import session
from conformance.watching import watched
from migrated import migrated_database

from windvane.api.operation import Services
from windvane.api.served import operations
from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.control.alarms.service import Alarms
from windvane.control.buckets import StoredBuckets
from windvane.control.cluster import Cluster
from windvane.control.encryption import Encryption
from windvane.control.endpoint_configs import EndpointConfigs
from windvane.control.endpoints import Endpoints
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.declared import role_id
from windvane.control.identity.directory import Directory
from windvane.control.jobs import Jobs
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import new_key_service
from windvane.control.leaderboard import Leaderboards
from windvane.control.lists import Lists
from windvane.control.logs import Logs
from windvane.control.models import Models
from windvane.control.networks import Networks
from windvane.control.overviews import Overviews
from windvane.control.previews import Previews
from windvane.control.progress import Progress
from windvane.control.reports import Reports
from windvane.control.roles import Roles
from windvane.control.scaling.service import new_scaling
from windvane.control.steps import Steps
from windvane.control.tags import Tags
from windvane.control.transforms import Transforms
from windvane.control.webhooks import WebhooksOf, no_webhooks
from windvane.domain.images import image_uri
from windvane.domain.resource import Resource
from windvane.domain.server import ServerRecord
from windvane.names import PageTokens, Scope, default_role
from windvane.serving.router import Router
from windvane.settings import LimitSettings, NetworkSettings, Role
from windvane.store.base import Store
from windvane.store.open import FILE_NAME, open_store
from windvane.tracing.span import unrecorded
from windvane.tracing.tracer import Tracer
from windvane.wire.call import Credential
from windvane.wire.edge import Edge

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
REGION = "us-east-1"
SCOPE = Scope(ACCOUNT, REGION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/windvane"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
INPUT = "s3://data/train/"
OUTPUT = "s3://results/jobs"
MODEL_DATA = "s3://results/model.tar.gz"
IMAGE = image_uri(SCOPE, "xgboost")

MEMORY = {"run/train-1/1": 123_456_789}
"""Workers, and what their tasks hold, in bytes."""


class Clock:
    """Stands still until told otherwise; starts now, since clients sign with the real time."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float = 1) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class Keys:
    """A key for each account: the account's number."""

    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential:
        arn = f"arn:aws:sts::{access_key}:assumed-role/windvane/test"
        role = default_role(access_key)
        return Credential(
            access_key, access_key, "secret", arn, f"{role_id(role)}:test", role_arn=role
        )


@dataclass
class World:
    store: Store
    artifacts: LocalArtifacts
    clock: Clock
    edge: Edge
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(
        self, account: str = ACCOUNT, region: str = REGION, service: str = "sagemaker"
    ) -> Any:
        if (account, region, service) not in self._clients:
            client = boto3.client(
                service,
                region_name=region,
                endpoint_url="http://windvane.test",
                aws_access_key_id=account,
                aws_secret_access_key="secret",
                config=Config(retries={"total_max_attempts": 1}),
            )
            client.meta.events.register(f"before-send.{service}", self._send)
            self._clients[account, region, service] = client
        return self._clients[account, region, service]

    def put(self, uri: str, data: bytes = b"x") -> None:
        location = parse_location(uri)
        self.artifacts.ensure_bucket(location.bucket)
        self.artifacts.write(location, data)

    def insert(self, *records: Resource) -> None:
        with self.store.transaction() as tx:
            for record in records:
                assert tx.insert(record)

    def update(self, record: Resource) -> None:
        with self.store.transaction() as tx:
            tx.update(record)

    def insert_anew(self, record: Resource) -> None:
        """In place of the one of its name, whatever the status of that."""
        with self.store.transaction() as tx:
            tx.delete(record)
            assert tx.insert(record)

    def create_job(self, name: str = "churn", **changes: Any) -> str:
        answer = self.client().create_auto_ml_job(**job_request(name, **changes))
        return answer["AutoMLJobArn"]

    def create_model(self, name: str = "m", **changes: Any) -> str:
        self.put(MODEL_DATA)
        return self.client().create_model(**model_request(name, **changes))["ModelArn"]

    def create_config(self, name: str = "c", **changes: Any) -> str:
        request = config_request(name, **changes)
        return self.client().create_endpoint_config(**request)["EndpointConfigArn"]

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        status, headers, body = asyncio.run(_call(self.edge, request))
        return AWSResponse(request.url, status, headers, _Raw(body))


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


async def _call(app: Any, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
    url = urlsplit(request.url)
    sent: list[dict[str, Any]] = []
    headers = [(name.lower().encode(), _bytes(value)) for name, value in request.headers.items()]
    if not any(name == b"host" for name, _ in headers):
        headers.append((b"host", url.netloc.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": _bytes(request.body or b""), "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await watched(app, session.notes())(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:])


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def build_parts(
    store: Store,
    artifacts: LocalArtifacts,
    clock: Callable[[], datetime],
    limits: LimitSettings,
    roles: Roles | None = None,
    webhooks: WebhooksOf = no_webhooks,
) -> Services:
    authorizer = Authorizer(
        Directory(store, (Role(READER, read=("data",), write=("results",)),)), clock
    )
    roles = roles or Roles(authorizer, StoredBuckets(store, clock))
    lists = Lists(store, PageTokens(b"k" * 32))
    networks = Networks((NetworkSettings(("subnet-a", "subnet-b"), ("sg-a",)),))
    kms = new_key_service(store, MasterKeys(master_key(b"m" * 32)), PageTokens(b"k" * 32), clock)
    encryption = Encryption(kms.ciphers)
    most_jobs = limits.jobs_in_flight
    steps = Steps(store, artifacts, roles, lists, encryption, clock, networks, most_jobs)
    began = clock()
    router = Router()
    return Services(
        jobs=Jobs(store, artifacts, roles, limits, lists, encryption, clock, networks, webhooks),
        models=Models(store, artifacts, roles, lists, clock, networks),
        endpoint_configs=EndpointConfigs(store, lists, encryption, clock),
        endpoints=Endpoints(store, limits, lists, clock),
        tags=Tags(store, webhooks),
        steps=steps,
        reports=Reports(store, steps),
        transforms=Transforms(store, artifacts, roles, encryption, clock, most_jobs),
        logs=Logs(store, PageTokens(b"k" * 32), 30),
        overviews=Overviews(store, lists),
        progress=Progress(store, lambda: began, MEMORY.get, clock),
        leaderboards=Leaderboards(store),
        previews=Previews(artifacts, roles),
        router=router,
        kms=kms,
        scaling=new_scaling(store, PageTokens(b"k" * 32), clock),
        alarms=Alarms(store, PageTokens(b"k" * 32), clock),
        cluster=Cluster(
            store, own_server(began), ACCOUNT, router.processes_up, has_task_cluster=False
        ),
    )


def own_server(began: datetime) -> ServerRecord:
    """As the server that is asked knows itself."""
    return ServerRecord(
        id="run",
        folder="f",
        version="0.1.0",
        host="machine-1",
        address="http://10.0.0.1:8470",
        certificate="",
        objects="o",
        workers=2,
        started=began,
        up_since=began,
        heartbeat=began,
        memory_mb=8000,
        cores=4,
    )


def build_world(
    folder: Path,
    database: bytes | None = None,
    webhooks: WebhooksOf = no_webhooks,
    **limits: int,
) -> World:
    """database    of an earlier version; None for an empty one
    webhooks    names of those that jobs of an account may ask for
    """
    (folder / FILE_NAME).write_bytes(database or migrated_database())
    store = open_store("", folder)
    if database is not None:
        store.migrate()
    artifacts = LocalArtifacts(folder / "s3")
    clock = Clock()
    edge = Edge(
        Keys(),
        operations(
            build_parts(store, artifacts, clock, LimitSettings(**limits), webhooks=webhooks)
        ),
        {},
        None,
        lambda: datetime.now(UTC),
        tracer=Tracer(unrecorded, 0.0, {ACCOUNT}),
    )
    world = World(store, artifacts, clock, edge)
    world.put(f"{INPUT}part-0.csv", b"a,y\n1,0\n")
    artifacts.ensure_bucket("results")
    return world


def close(world: World) -> None:
    world.edge.close()
    world.store.close()


def job_request(name: str = "churn", **changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "AutoMLJobName": name,
        "InputDataConfig": [channel()],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "RoleArn": ROLE,
    }
    return request | changes


def channel(uri: str = INPUT, kind: str = "S3Prefix", **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}
    return {"DataSource": source, "TargetAttributeName": "y", **changes}


def model_request(name: str = "m", **changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": MODEL_DATA},
    }
    return request | changes


def variant(name: str = "AllTraffic", **changes: Any) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    } | changes


def config_request(name: str = "c", **changes: Any) -> dict[str, Any]:
    return {"EndpointConfigName": name, "ProductionVariants": [variant()]} | changes


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Code and message of the error that a client gets."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]

"""An endpoint `live` of two variants, A and B, with real processes, behind the real edge."""

import asyncio
import io
import sys
import tarfile
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
from api import world as worlds
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from migrated import migrated_store

from windvane.api.runtime import runtime_operations
from windvane.api.served import operations
from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.serving.router import Router
from windvane.settings import LimitSettings
from windvane.wire.edge import Edge
from windvane.work.hosting.hosting import Hosting

FAKE = Path(__file__).parents[1] / "unit" / "serving" / "fake_instance.py"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def model_data():
    files = {
        "transformers/version": "7.5",
        "transformers/manifest.json": "",
        "model/manifest.json": "",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return archive.getvalue()


def an_endpoint():
    containers = (Container("image", "s3://b/m.tar.gz"),)
    variants = [Variant(name, "m", 1, 1.0) for name in ("A", "B")]
    return Endpoint(
        scope=worlds.SCOPE,
        name="live",
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=tuple(Deployed(variant, containers) for variant in variants),
    )


class Service:
    """Edge, router and hosting on an event loop in a thread of its own."""

    def __init__(self, folder):
        self._store = migrated_store(folder)
        artifacts = LocalArtifacts(folder / "s3")
        artifacts.ensure_bucket("b")
        artifacts.write(parse_location("s3://b/m.tar.gz"), model_data())
        with self._store.transaction() as tx:
            tx.insert(an_endpoint())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        router = Router()
        program = (sys.executable, str(FAKE))
        self._hosting = Hosting(self._store, artifacts, folder, router, program=program)
        self._run(self._start())
        self.clock = worlds.Clock()
        built = worlds.build_parts(self._store, artifacts, self.clock, LimitSettings())
        parts = replace(built, router=router)
        self._edge = Edge(
            worlds.Keys(),
            operations(parts),
            runtime_operations(router),
            None,
            lambda: datetime.now(UTC),
        )

    async def _start(self):
        self._hosting.start()
        async with asyncio.timeout(120):
            while self._status() is not EndpointStatus.IN_SERVICE:
                await asyncio.sleep(0.02)

    def _status(self):
        with self._store.snapshot() as tx:
            return tx.find(Endpoint, worlds.SCOPE, "live").status

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(240)

    def send(self, request, **_):
        status, headers, body = self._run(worlds._call(self._edge, request))
        return AWSResponse(request.url, status, headers, worlds._Raw(body))

    def client(self, service="sagemaker-runtime"):
        client = boto3.client(
            service,
            region_name=worlds.REGION,
            endpoint_url="http://windvane.test",
            aws_access_key_id=worlds.ACCOUNT,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(f"before-send.{service}", self.send)
        return client

    def close(self):
        self._hosting.stop()
        self._run(asyncio.sleep(0.05))
        self._edge.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._store.close()

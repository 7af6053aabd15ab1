"""Endpoints of real models behind the real edge: hosting, router and edge on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from api import world as worlds
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.runtime import runtime_operations
from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.engine.packages.tarball import pack
from windvane.serving.explaining import ExplainBounds, Explaining
from windvane.serving.router import Router
from windvane.store.open import open_store
from windvane.wire.edge import Edge
from windvane.work.hosting.hosting import Hosting

NOW = datetime(2026, 1, 2, tzinfo=UTC)
KEYS = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
UNHURRIED = ExplainBounds(answer_s=240, evaluate_s=240)


class HostedModels:
    """One endpoint, `live`, with a variant for each model.

    packages    variant -> the folder of its packages; the first has most of the weight
    """

    def __init__(self, folder: Path, packages: Mapping[str, Path]) -> None:
        self._store = open_store("", folder)
        self._store.migrate()
        artifacts = LocalArtifacts(folder / "s3")
        artifacts.ensure_bucket("b")
        for name, source in packages.items():
            pack(source, folder / f"{name}.tar.gz")
            data = (folder / f"{name}.tar.gz").read_bytes()
            artifacts.write(parse_location(f"s3://b/{name}.tar.gz"), data)
        with self._store.transaction() as tx:
            tx.insert(_endpoint(list(packages)))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.router = Router()
        self._hosting = Hosting(self._store, artifacts, folder, self.router)
        self._run(self._start())
        self.edge = self.edge_with(self.explaining(UNHURRIED))

    def edge_with(self, explaining: Explaining) -> Edge:
        operations = {
            **runtime_operations(self.router),
            **explanation_operations(self.router, explaining),
        }
        return Edge(worlds.Keys(), {}, operations, None, lambda: datetime.now(UTC))

    def explaining(self, bounds: ExplainBounds, *program: str) -> Explaining:
        return (
            Explaining(self.router, {}, bounds, program)
            if program
            else Explaining(self.router, {}, bounds)
        )

    async def _start(self) -> None:
        self._hosting.start()
        async with asyncio.timeout(240):
            while self._status() is not EndpointStatus.IN_SERVICE:
                await asyncio.sleep(0.02)

    def _status(self) -> EndpointStatus:
        with self._store.snapshot() as tx:
            found = tx.find(Endpoint, worlds.SCOPE, "live")
        assert found is not None
        return found.status

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(300)

    def sent(self, *requests: AWSRequest, edge: Edge | None = None) -> list[tuple[int, Any]]:
        """Status and document of each; all at once."""

        async def all_of_them() -> list[Any]:
            calls = [worlds._call(edge or self.edge, one.prepare()) for one in requests]
            return await asyncio.gather(*calls)

        return [(status, json.loads(body)) for status, _, body in self._run(all_of_them())]

    @contextmanager
    def listening(self) -> Iterator[str]:
        """The address where it is served over HTTP."""
        server = uvicorn.Server(uvicorn.Config(self.edge, port=0, lifespan="off", log_config=None))
        serving = asyncio.run_coroutine_threadsafe(server.serve(), self._loop)
        self._run(_started(server))
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            serving.result(240)

    def close(self) -> None:
        self._hosting.stop()
        self._run(asyncio.sleep(0.05))
        self.edge.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._store.close()


async def _started(server: uvicorn.Server) -> None:
    async with asyncio.timeout(240):
        while not server.started:
            await asyncio.sleep(0.01)


def signed(method: str, path: str, body: bytes = b"", **options: Any) -> AWSRequest:
    """options   account, secret"""
    request = AWSRequest(method, f"http://windvane.test{path}", data=body)
    if body:
        request.headers["content-type"] = "application/json"
    keys = Credentials(options.get("account", worlds.ACCOUNT), options.get("secret", "secret"))
    SigV4Auth(keys, "sagemaker", worlds.REGION).add_auth(request)
    return request


def _endpoint(variants: list[str]) -> Endpoint:
    return Endpoint(
        scope=worlds.SCOPE,
        name="live",
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=tuple(
            Deployed(
                Variant(name, name, 1, 1.0 / number),
                (Container("image", f"s3://b/{name}.tar.gz", KEYS if number == 1 else {}),),
            )
            for number, name in enumerate(variants, 1)
        ),
    )

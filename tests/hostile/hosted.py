"""Endpoints with real model processes: one that answers, one whose model is damaged, one that is still starting."""

from __future__ import annotations

import asyncio
import io
import sys
import tarfile
from pathlib import Path

from api.world import SCOPE
from hostile.asking import NOW
from migrated import migrated_store

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.serving.router import Router
from windvane.work.hosting.hosting import Hosting

_PROGRAM = Path(__file__).parents[1] / "unit" / "serving" / "fake_instance.py"
_READY_S = 240.0


class Hosted:
    """In a store of their own, since what happens to them is written there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._store = migrated_store(folder)
        self._never = folder / "never"
        artifacts = LocalArtifacts(folder / "s3")
        artifacts.ensure_bucket("b")
        for name, how in {
            "live": "",
            "broken": "refuse",
            "starting": f"hang:{self._never}",
        }.items():
            artifacts.write(parse_location(f"s3://b/{name}.tar.gz"), _model_data(how))
            with self._store.transaction() as tx:
                tx.insert(_endpoint(name))
        self.router = Router()
        self._hosting = Hosting(
            self._store,
            artifacts,
            folder,
            self.router,
            program=(sys.executable, str(_PROGRAM)),
            clock=lambda: NOW,
        )

    async def start(self) -> None:
        """On the event loop of the requests."""
        self._hosting.start()
        async with asyncio.timeout(_READY_S):
            while self._status("live") is not EndpointStatus.IN_SERVICE:
                await asyncio.sleep(0.02)
            while self._status("broken") is not EndpointStatus.FAILED:
                await asyncio.sleep(0.02)

    def stop(self) -> None:
        self._hosting.stop()
        self._store.close()

    def _status(self, name: str) -> EndpointStatus:
        with self._store.snapshot() as tx:
            endpoint = tx.find(Endpoint, SCOPE, name)
        assert endpoint is not None
        return endpoint.status


def _endpoint(name: str) -> Endpoint:
    containers = (Container("image", f"s3://b/{name}.tar.gz"),)
    return Endpoint(
        scope=SCOPE,
        name=name,
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=(Deployed(Variant("AllTraffic", "m", 1, 1.0), containers),),
    )


def _model_data(load: str) -> bytes:
    files = {
        "transformers/version": "7.5",
        "transformers/load": load,
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

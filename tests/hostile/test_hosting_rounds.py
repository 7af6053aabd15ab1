"""Endpoints of one account that keep the hosting of all others waiting."""

from __future__ import annotations

import asyncio
import tarfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact
from windvane.names import Scope
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.hosting import removal
from windvane.work.hosting.fleet import Fleet
from windvane.work.hosting.hosting import Hosting

HOSTILE, OTHER = Scope("111122223333", "us-east-1"), Scope("444455556666", "us-east-1")
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WAIT_S = 240


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store("", tmp_path)
    store.migrate()
    yield store
    store.close()


def test_an_archive_of_very_many_folders_is_refused(tmp_path: Path) -> None:
    """87 KB, of 10,000 files each in 15 folders of its own, took 600 MB of the disk that no quota counts, and minutes to
    remove."""
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for number in range(1000):
            packed.addfile(tarfile.TarInfo("/".join([f"{number}", *["d"] * 14, "f"])))
    with pytest.raises(CorruptArtifact, match="more than 10000 files and folders"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_models_that_are_removed_hold_up_no_other_endpoint(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosting removed them itself, and looked after nobody's processes meanwhile."""
    begun, go_on = threading.Event(), threading.Event()

    def remove(_folder: Path) -> None:
        begun.set()
        go_on.wait(WAIT_S)

    monkeypatch.setattr(removal, "remove_beneath", remove)

    async def scene() -> None:
        _create(store, HOSTILE)
        await _until(begun.is_set)
        _create(store, OTHER)
        await _until(lambda: _status(store, OTHER) is EndpointStatus.FAILED)
        go_on.set()

    _play(store, tmp_path, scene)


def test_an_endpoint_is_deleted_once_its_folders_are_gone(store: Store, tmp_path: Path) -> None:
    async def scene() -> None:
        _create(store, HOSTILE, EndpointStatus.DELETING)
        await _until(lambda: _status(store, HOSTILE) is None)

    stray = tmp_path / "endpoints" / "gone" / "1"
    stray.mkdir(parents=True)
    _play(store, tmp_path, scene)
    assert not stray.exists()


def test_what_goes_wrong_with_one_endpoint_takes_no_other_with_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round ended with the first error: the endpoints that came after it were never looked at again."""
    tick = Fleet.tick

    def fail(fleet: Fleet, now: float) -> None:
        if HOSTILE.account in fleet._key:
            raise ZeroDivisionError
        tick(fleet, now)

    monkeypatch.setattr(Fleet, "tick", fail)

    async def scene() -> None:
        _create(store, HOSTILE)
        _create(store, OTHER)
        await _until(lambda: _status(store, OTHER) is EndpointStatus.FAILED)
        assert _status(store, HOSTILE) is EndpointStatus.CREATING

    _play(store, tmp_path, scene)


def _create(store: Store, scope: Scope, status: EndpointStatus = EndpointStatus.CREATING) -> None:
    """Of a model that is not there, so that it fails."""
    variant = Deployed(Variant("A", "m", 1, 1.0), (Container("image", "s3://bucket/none"),))
    made = Endpoint(
        scope=scope,
        name="E",
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=(variant,),
        status=status,
    )
    with store.transaction() as tx:
        tx.insert(made)


def _status(store: Store, scope: Scope) -> EndpointStatus | None:
    with store.snapshot() as tx:
        endpoint = tx.find(Endpoint, scope, "E")
    return None if endpoint is None else endpoint.status


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.02)


def _play(store: Store, folder: Path, scene: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        artifacts = LocalArtifacts(folder / "s3")
        artifacts.ensure_bucket("bucket")
        hosting = Hosting(store, artifacts, folder, Router(Bounds()))
        hosting.start()
        try:
            await scene()
        finally:
            await asyncio.to_thread(hosting.stop)

    asyncio.run(run())

"""A bucket that is deleted, and created by another account, between the moment when somebody was allowed to use it and the
moment when it is used: what waits for its turn, or takes long, finds nothing of the other account."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hostile.test_tasks import job_of

from windvane.artifacts.base import Location
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.embedded import EmbeddedFolder, ObjectStoreArtifacts
from windvane.control import previews
from windvane.control.previews import Previews
from windvane.domain.candidate import Container
from windvane.domain.datasource import DataSource
from windvane.domain.deployment import Deployed, Variant
from windvane.domain.task import Task, TaskKind
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.objects.base import ObjectStore
from windvane.objects.store import open_objects
from windvane.serving.router import Bounds, Router
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.wire.call import Caller, Credential
from windvane.work.exchange import InFolder
from windvane.work.hosting.hosting import Hosting
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.order import TaskOrder, work_of
from windvane.work.workers.starting import TaskPlaces

ACCOUNT, OTHER, REGION = "000000000000", "444455556666", "us-east-1"
WAIT_S = 240.0


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    opened = open_objects(tmp_path / "s3")
    for bucket in ("data", "results"):
        opened.create_bucket(bucket, ACCOUNT, REGION)
    yield opened
    opened.close()


@pytest.fixture
def artifacts(objects: ObjectStore) -> ObjectStoreArtifacts:
    return ObjectStoreArtifacts(objects, ACCOUNT, REGION)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("", tmp_path)
    opened.migrate()
    yield opened
    opened.close()


def changes_hands(objects: ObjectStore, bucket: str, key: str = "") -> None:
    """key    of an object in it, before and after"""
    if key:
        objects.delete(bucket, key)
    objects.delete_bucket(bucket)
    objects.create_bucket(bucket, OTHER, REGION)
    if key:
        ObjectStoreArtifacts(objects, OTHER, REGION).write(Location(bucket, key), b"theirs")


def test_buckets_of_others_are_not_there(
    objects: ObjectStore, artifacts: ObjectStoreArtifacts
) -> None:
    place = Location("data", "rows")
    artifacts.of(ACCOUNT).write(place, b"ours")
    assert artifacts.of(ACCOUNT).read(place) == b"ours"
    changes_hands(objects, "data", "rows")
    late = artifacts.of(ACCOUNT)
    assert late.info(place) is None
    assert list(late.list(Location("data", ""))) == []
    with pytest.raises(FileNotFoundError):
        late.open(place)
    with pytest.raises(FileNotFoundError):
        late.write(place, b"ours again")
    late.delete(place)
    assert artifacts.read(place) == b"theirs"


def test_what_a_task_uploads_reaches_no_bucket_of_another_account(
    tmp_path: Path, objects: ObjectStore, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large object takes minutes; whose the bucket was had been asked before them."""
    job = job_of(ACCOUNT)
    begun: list[str] = []
    place = EmbeddedFolder(tmp_path / "s3", ACCOUNT, REGION)
    keys = ("00" * 32,)
    config = WorkConfig(
        tmp_path, "run", datetime.now(UTC), 1, 4000, objects=place, master_keys=keys
    )

    def permits(*_: Any) -> Callable[[str], bool]:
        return lambda bucket: bucket != "results" or not begun or _late(objects)

    monkeypatch.setattr(TaskPlaces, "_permits", permits)
    task = Task(
        id=1,
        job_arn=job.arn,
        kind=TaskKind.SPLIT,
        key="a",
        payload={},
        created=datetime.now(UTC),
    )
    order = TaskOrder(job, task, InFolder(tmp_path / "work"), time.time() + 60, {})
    channel = TaskPlaces(config, store).place_of(work_of(order, 4000)).passed_socket
    assert channel is not None
    begun.append(job.name)
    told = BrokeredArtifacts(channel, tmp_path / "work")
    made = Location("results", "jobs/churn/made")
    with channel, pytest.raises(OSError, match="no bucket"):
        told.write(made, b"made")
    assert not objects.list_objects("results").objects


def _late(objects: ObjectStore) -> bool:
    """Whether it may be used, as it was when that was asked."""
    changes_hands(objects, "results")
    return True


def test_a_model_that_waits_for_its_turn_is_not_fetched_from_another_account(
    tmp_path: Path, objects: ObjectStore, artifacts: ObjectStoreArtifacts, store: Store
) -> None:
    """Two models of an account are fetched at a time; whose the bucket of a third was had been asked while it waited."""
    artifacts.write(Location("data", "model.tar.gz"), b"ours")
    scope = Scope(ACCOUNT, REGION)
    hosting = Hosting(
        store,
        artifacts,
        tmp_path,
        Router(Bounds()),
        permits=lambda account, bucket: objects.owner(bucket) == account,
    )
    url = "s3://data/model.tar.gz"
    deployed = Deployed(Variant("A", "m", 1, 1.0), (Container("image", url),))
    turn = hosting._room.turn
    with ThreadPoolExecutor(1) as threads:
        with turn(ACCOUNT), turn(ACCOUNT):
            fetched = threads.submit(
                hosting._fetching.fetch, scope, frozenset(), deployed, tmp_path / "m"
            )
            with pytest.raises(TimeoutError):
                fetched.result(0.2)
            changes_hands(objects, "data", "model.tar.gz")
        with pytest.raises(InvalidRequest, match="belongs to another account"):
            fetched.result(WAIT_S)


def test_a_preview_that_waits_for_its_turn_shows_nothing_of_another_account(
    objects: ObjectStore, artifacts: ObjectStoreArtifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a minute may pass between what a caller is asked for and the read."""
    artifacts.write(Location("data", "rows.csv"), b"ours")
    seen: list[bytes] = []

    def look(_: PreviewRequest, __: Path, data: Any, *___: Any) -> dict[str, Any]:
        seen.append(data.read(0, 4))
        return {}

    grant: Any = SimpleNamespace(require=lambda *_: None, require_read=lambda _: None)
    roles: Any = SimpleNamespace(of_caller=lambda _: grant)
    monkeypatch.setattr(previews, "look", look)
    made = Previews(artifacts, roles)
    credential = Credential(ACCOUNT, "AKIA", "s", f"arn:aws:iam::{ACCOUNT}:root", "AIDA")
    caller = Caller(ACCOUNT, REGION, credential)
    source = DataSource("s3://data/rows.csv")
    counted = threading.Event()
    turn = made._turn

    def waited(account: str) -> Any:
        counted.set()
        return turn(account)

    monkeypatch.setattr(made, "_turn", waited)
    with ThreadPoolExecutor(1) as threads:
        with turn(ACCOUNT):
            told = threads.submit(made.preview, caller, "", source, PreviewRequest("", 0))
            assert counted.wait(WAIT_S)
            changes_hands(objects, "data", "rows.csv")
        with pytest.raises(InvalidRequest, match="was deleted while it was read"):
            told.result(WAIT_S)
    assert seen == []

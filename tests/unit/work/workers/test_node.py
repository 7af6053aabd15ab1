"""Where a node does a task, and that it does none of a server with other stores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from migrated import migrated_store
from unit.work.world import make_job

from windvane.artifacts.base import Location
from windvane.domain.task import Task, TaskKind
from windvane.executor.base import Work
from windvane.executor.forks import WorkPlace
from windvane.names import server_owner
from windvane.store.base import Store
from windvane.work.exchange import InFolder, InStore, Where
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.node import NodePlaces
from windvane.work.workers.order import TaskOrder, work_of
from windvane.work.workers.starting import TaskPlaces

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Somewhere:
    """Gives every task the same place, or raises what it was told to."""

    def __init__(self, folder: Path, error: Exception | None = None) -> None:
        self._folder, self._error = folder, error

    def place_of(self, _: Work) -> WorkPlace:
        if self._error is not None:
            raise self._error
        return WorkPlace(self._folder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def root(store: Store) -> Location:
    """Of what tasks of the node's servers exchange."""
    with store.transaction() as tx:
        return Location("exchange", tx.claim_bucket("exchange", server_owner(), NOW))


def place_of(folder: Path, store: Store, where: Where, error: Exception | None = None) -> WorkPlace:
    config = WorkConfig(folder, "run", NOW, 1, 4000, exchange="exchange")
    places = NodePlaces(cast("TaskPlaces", Somewhere(folder, error)), config, store)
    job = make_job()
    task = Task(id=1, job_arn=job.arn, kind=TaskKind.TRAIN, key="t", payload={}, created=NOW)
    return places.place_of(work_of(TaskOrder(job, task, where, time.time() + 60, {}), 500))


def test_a_task_of_a_server_with_the_same_stores_has_a_place(
    tmp_path: Path, store: Store, root: Location
) -> None:
    assert place_of(tmp_path, store, InStore(root / "a-job")).folder == tmp_path


def test_a_task_of_a_server_with_other_stores_is_tried_elsewhere(
    tmp_path: Path, store: Store, root: Location
) -> None:
    others = Location("exchange", f"{server_owner()}/a-job"), Location("other", f"{root.key}/job")
    for where in (*map(InStore, others), InFolder(tmp_path)):
        with pytest.raises(OSError, match="configurations differ"):
            place_of(tmp_path, store, where)


def test_what_a_store_says_in_its_own_words_does_not_end_the_node(
    tmp_path: Path, store: Store, root: Location
) -> None:
    with pytest.raises(OSError, match="KeyError"):
        place_of(tmp_path, store, InStore(root / "a-job"), KeyError("of a driver"))

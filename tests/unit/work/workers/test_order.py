"""An order as it travels."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.work.world import make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl.exchange import SharedFolder
from windvane.domain.task import Task, TaskKind
from windvane.work.exchange import ArtifactExchange, InFolder, InStore
from windvane.work.jobs.finished import Finished
from windvane.work.workers.order import TaskOrder, order_from_json, order_to_json
from windvane.work.workers.performing import exchange_of

TASK = Task(
    id=7,
    job_arn=make_job().arn,
    kind=TaskKind.SPLIT,
    key="split",
    payload={},
    token=2,
    created=datetime(2026, 1, 1, tzinfo=UTC),
)


def order(where):
    finished = Finished(("1-1",), (3, 1), True)
    return TaskOrder(make_job(), TASK, where, 5.0, {}, None, None, finished, "00-a-b-01")


@pytest.mark.parametrize("where", [InFolder(Path("/a")), InStore(Location("bucket", "own/job"))])
def test_an_order_arrives_as_it_was(where):
    made = order(where)
    assert order_from_json(order_to_json(made)) == made


def test_where_tasks_exchange_data_through_the_store_no_path_is_told():
    told = json.loads(order_to_json(order(InStore(Location("bucket", "own/job")))))
    assert told["exchange"] == {"bucket": "bucket", "key": "own/job"}
    assert "folder" not in told


def test_a_task_works_with_what_its_order_says(tmp_path):
    shared = exchange_of(order(InFolder(tmp_path)), tmp_path, lambda: pytest.fail("not needed"))
    assert isinstance(shared, SharedFolder)
    store = LocalArtifacts(tmp_path / "store")
    store.ensure_bucket("bucket")
    where = InStore(Location("bucket", "own/job"))
    own = exchange_of(order(where), tmp_path, lambda: store)
    assert isinstance(own, ArtifactExchange)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset/analysis.json").write_text("{}")
    own.publish(["analysis"])
    assert store.info(Location("bucket", "own/job/analysis/7-2"))

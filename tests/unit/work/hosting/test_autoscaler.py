"""work/hosting/autoscaler: its thread, and what goes wrong with one endpoint. What it decides is shown by tests/api/test_autoscaler.py."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from migrated import migrated_store

from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.domain.scaling import ScalableTarget, ScalingActivity, target_name
from windvane.errors import StoreUnusable
from windvane.names import Scope
from windvane.store.base import Store
from windvane.wire.call import RequestRecord
from windvane.work.hosting.autoscaler import Autoscaler
from windvane.work.hosting.rescaling import Rescaling

SCOPE = Scope("000000000000", "us-east-1")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Audit:
    """Cannot be written for one endpoint."""

    def __init__(self) -> None:
        self.refused, self.n_refused = "", 0
        self.noted: list[str] = []
        self.has_noted = threading.Event()

    def check(self, record: RequestRecord) -> None:
        if record.resources == (self.refused,):
            self.n_refused += 1
            raise StoreUnusable("The audit log cannot be written.")

    def note(self, record: RequestRecord) -> None:
        self.noted.append(record.parameters["EndpointName"])
        self.has_noted.set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def audit() -> Audit:
    return Audit()


def add(store: Store, name: str) -> Endpoint:
    """An endpoint of one instance whose target asks for two."""
    deployed = (Deployed(Variant("v", "m", 1, 1.0), ()),)
    endpoint = Endpoint(
        scope=SCOPE,
        name=name,
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=deployed,
        running=deployed,
        running_generation=1,
        status=EndpointStatus.IN_SERVICE,
    )
    target = ScalableTarget(
        scope=SCOPE,
        name=target_name(SCOPE, name, "v"),
        created=NOW,
        modified=NOW,
        parent=endpoint.arn,
        endpoint=name,
        variant="v",
        min_capacity=2,
        max_capacity=2,
    )
    with store.transaction() as tx:
        assert tx.insert(endpoint)
        assert tx.insert(target)
    return endpoint


def autoscaler(store: Store, audit: Audit) -> Autoscaler:
    return Autoscaler(store, dict, Rescaling(store, audit, 20), lambda: NOW, period_s=0.1)


def test_its_thread_looks_until_it_is_stopped(store: Store, audit: Audit) -> None:
    running = autoscaler(store, audit)
    running.start()
    add(store, "e")
    assert audit.has_noted.wait(240)
    running.stop()
    assert audit.noted == ["e"]
    with store.snapshot() as tx:
        [activity] = tx.every(ScalingActivity, ("InProgress",))
    assert (activity.endpoint, activity.capacity) == ("e", 2)


def test_one_that_was_never_started_can_be_stopped(store: Store, audit: Audit) -> None:
    autoscaler(store, audit).stop()


def test_nothing_is_changed_that_cannot_be_recorded_and_others_go_on(
    store: Store, audit: Audit, caplog: pytest.LogCaptureFixture
) -> None:
    audit.refused = add(store, "first").arn
    add(store, "second")
    looking = autoscaler(store, audit)
    looking.look()
    looking.look()
    assert (audit.noted, audit.n_refused) == (["second"], 2)
    with store.snapshot() as tx:
        first = tx.find(Endpoint, SCOPE, "first")
    assert first is not None
    assert first.status is EndpointStatus.IN_SERVICE
    assert [record.message for record in caplog.records] == [
        f"{audit.refused} cannot be scaled; it is tried again and again."
    ]

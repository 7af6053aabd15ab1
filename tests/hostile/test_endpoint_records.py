"""Endpoints whose records are long: hosting reads all of them several times a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from windvane.artifacts.local import LocalArtifacts
from windvane.control.endpoints import Endpoints, add_endpoint
from windvane.control.lists import Lists
from windvane.control.models import CREATE_MODEL_RULES, MOST_ENVIRONMENT_BYTES
from windvane.control.rules import check
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointConfig, EndpointStatus, Variant
from windvane.domain.images import image_uri
from windvane.errors import InvalidRequest
from windvane.names import PageTokens, Scope
from windvane.notes.sentences import sentence
from windvane.serving.router import Bounds, Router
from windvane.settings import LimitSettings
from windvane.store import resource_rows
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.hosting.hosting import Hosting

HOSTILE, OTHER = Scope("111122223333", "us-east-1"), Scope("444455556666", "us-east-1")
NOW = datetime(2026, 1, 2, tzinfo=UTC)
IMAGE = image_uri(HOSTILE, "xgboost")
CONTAINER = Container(IMAGE, "s3://bucket/none", {"A": "x" * 1000})
WAIT_S = 240


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store("", tmp_path)
    store.migrate()
    yield store
    store.close()


def test_environments_of_a_model_are_short() -> None:
    """A model had a megabyte of them, an endpoint of it ten, and thirty endpoints that had failed 300: whoever made one
    more kept everybody from writing for 15 seconds."""
    _check_model([MOST_ENVIRONMENT_BYTES // 2] * 2)
    with pytest.raises(InvalidRequest, match="have 32769 bytes in all containers together"):
        _check_model([MOST_ENVIRONMENT_BYTES // 2, MOST_ENVIRONMENT_BYTES // 2 + 1])


def test_an_endpoint_that_failed_keeps_no_environment(store: Store, tmp_path: Path) -> None:
    """There may be two hundred of them, unlike those that run."""
    with store.transaction() as tx:
        tx.insert(_endpoint(HOSTILE, "e"))
    endpoint = asyncio.run(_failed(store, tmp_path))
    assert [one.variant.name for one in endpoint.desired] == ["A"]
    assert "xxx" not in repr(endpoint)


def test_an_endpoint_that_failed_keeps_a_short_reason(store: Store, tmp_path: Path) -> None:
    """It quoted the environment that the endpoint keeps no more, at any length: 200 of them took a fifth of the interpreter
    for as long as they stood."""
    container = replace(CONTAINER, environment={"AUTOML_TRANSFORM_MODE": "y" * 30_000})
    deployed = (Deployed(Variant("A", "m", 1, 1.0), (container,)),)
    with store.transaction() as tx:
        tx.insert(replace(_endpoint(HOSTILE, "e"), desired=deployed))
    failure = asyncio.run(_failed(store, tmp_path)).failure
    assert failure is not None
    assert "AUTOML_TRANSFORM_MODE=yyy" in sentence(failure)
    assert len(sentence(failure)) < 1200


def test_an_endpoint_that_is_being_deleted_keeps_no_environment(store: Store) -> None:
    """Nor what it is to be, which takes an instance no more."""
    with store.transaction() as tx:
        tx.insert(_endpoint(HOSTILE, "e", status=EndpointStatus.IN_SERVICE))
    endpoints = Endpoints(store, LimitSettings(), Lists(store, PageTokens(b"s" * 32)), lambda: NOW)
    endpoints.delete(HOSTILE, "e")
    endpoint = endpoints.describe(HOSTILE, "e")
    assert endpoint.status is EndpointStatus.DELETING
    assert [one.image for one in endpoint.running[0].containers] == [IMAGE]
    assert "xxx" not in repr(endpoint)


def test_whoever_makes_an_endpoint_reads_none_of_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All endpoints of all accounts were read for it, twice, while nobody else could write."""
    read: list[type] = []
    from_body, here = resource_rows.from_body, threading.get_ident()

    def watched(kind: type[Any], text: str) -> Any:
        if threading.get_ident() == here:  # hosting of another store may read in this process
            read.append(kind)
        return from_body(kind, text)

    config = EndpointConfig(
        scope=OTHER, name="c", created=NOW, modified=NOW, request={}, variants=()
    )
    with store.transaction() as tx:
        tx.insert(config)
        tx.insert(_endpoint(HOSTILE, "creating"))
        tx.insert(_endpoint(OTHER, "failed", status=EndpointStatus.FAILED))
    monkeypatch.setattr(resource_rows, "from_body", watched)
    with store.transaction() as tx:
        request = {"EndpointName": "e", "EndpointConfigName": "c"}
        add_endpoint(tx, OTHER, request, NOW, instance_limit=1)
    assert read == [EndpointConfig]


def _check_model(n_bytes: list[int]) -> None:
    containers = [
        {
            "Image": IMAGE,
            "ModelDataUrl": "s3://bucket/model.tar.gz",
            "Environment": {"A": "x" * (n - 1)},
        }
        for n in n_bytes
    ]
    check(CREATE_MODEL_RULES, {"ModelName": "m", "Containers": containers})


def _endpoint(
    scope: Scope, name: str, status: EndpointStatus = EndpointStatus.CREATING
) -> Endpoint:
    deployed = (Deployed(Variant("A", "m", 1, 1.0), (CONTAINER,)),)
    return Endpoint(
        scope=scope,
        name=name,
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=deployed,
        running=deployed if status is EndpointStatus.IN_SERVICE else (),
        status=status,
    )


async def _failed(store: Store, folder: Path) -> Endpoint:
    """The endpoint once hosting has given it up."""
    artifacts = LocalArtifacts(folder / "s3")
    artifacts.ensure_bucket("bucket")
    hosting = Hosting(store, artifacts, folder, Router(Bounds()))
    hosting.start()
    try:
        async with asyncio.timeout(WAIT_S):
            while (found := _find(store)).status is not EndpointStatus.FAILED:
                await asyncio.sleep(0.02)
        return found
    finally:
        await asyncio.to_thread(hosting.stop)


def _find(store: Store) -> Endpoint:
    with store.snapshot() as tx:
        found = tx.find(Endpoint, HOSTILE, "e")
    assert found is not None
    return found

"""Attacks on endpoints through the buckets that their models lie in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.serving.router import Bounds, Router
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.hosting.hosting import Hosting

SCOPE = Scope("111122223333", "us-east-1")
ROLE = "arn:aws:iam::111122223333:role/serving"
URL = "s3://changed-hands/model.tar.gz"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_no_model_comes_from_a_bucket_that_has_become_another_accounts(tmp_path: Path) -> None:
    """The bucket was looked at when the model was created, not when it was deployed: whoever deleted the bucket in
    between served the model of the account that created it next."""
    store = open_store("", tmp_path)
    store.migrate()
    try:
        endpoint = asyncio.run(_deployed(store, tmp_path))
    finally:
        store.close()
    assert endpoint.status is EndpointStatus.FAILED
    reason = f"Could not access model data at {URL}: the bucket belongs to another account."
    assert reason in endpoint.failure_reason
    assert not list(tmp_path.glob("endpoints/*/*/*"))


def test_no_model_is_fetched_with_a_role_that_may_not_read_it_any_more(tmp_path: Path) -> None:
    """The role was asked when the model was created: one that was deleted or narrowed since went on fetching."""

    def check(scope: Scope, role: str, url: str) -> None:
        assert (scope, role, url) == (SCOPE, ROLE, URL)
        raise InvalidRequest(f"The role {role} cannot be assumed.")

    store = open_store("", tmp_path)
    store.migrate()
    try:
        endpoint = asyncio.run(_deployed(store, tmp_path, check, owner=SCOPE.account))
    finally:
        store.close()
    assert endpoint.status is EndpointStatus.FAILED
    assert f"The role {ROLE} cannot be assumed." in endpoint.failure_reason
    assert not list(tmp_path.glob("endpoints/*/*/*"))


def _no_check(_scope: Scope, _role: str, _url: str) -> None:
    return None


async def _deployed(
    store: Store,
    folder: Path,
    check: Callable[[Scope, str, str], None] = _no_check,
    owner: str = "444455556666",
) -> Endpoint:
    artifacts = LocalArtifacts(folder / "s3")
    artifacts.ensure_bucket("changed-hands")
    artifacts.write(parse_location(URL), b"another account's")
    variant = Deployed(Variant("A", "m", 1, 1.0), (Container("image", URL),), role=ROLE)
    made = Endpoint(
        scope=SCOPE,
        name="E",
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=(variant,),
    )
    with store.transaction() as tx:
        tx.insert(made)
    hosting = Hosting(
        store,
        artifacts,
        folder,
        Router(Bounds()),
        permits=lambda account, _: account == owner,
        check_data=check,
    )
    hosting.start()
    try:
        async with asyncio.timeout(60):
            while (endpoint := _found(store)).status is EndpointStatus.CREATING:
                await asyncio.sleep(0.02)
            return endpoint
    finally:
        await asyncio.to_thread(hosting.stop)


def _found(store: Store) -> Endpoint:
    with store.snapshot() as tx:
        endpoint = tx.find(Endpoint, SCOPE, "E")
    assert endpoint is not None
    return endpoint

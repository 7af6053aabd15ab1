"""Attacks on endpoints through the buckets that their models lie in."""

from __future__ import annotations

import asyncio
import gzip
import select
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.control.endpoints import ENDPOINTS_AN_INSTANCE, add_endpoint
from windvane.domain.candidate import Container
from windvane.domain.deployment import (
    Deployed,
    Endpoint,
    EndpointConfig,
    EndpointStatus,
    Variant,
)
from windvane.errors import InvalidRequest, LimitExceeded
from windvane.names import Scope
from windvane.notes.sentences import reason
from windvane.process.frames import pack
from windvane.serving.process import ModelProcess
from windvane.serving.router import Bounds, Router
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.hosting.hosting import Hosting
from windvane.work.hosting.model_disk_space import ModelDiskSpace

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
    told = f"Could not access model data at {URL}: the bucket belongs to another account."
    assert told in reason(endpoint.failure)
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
    assert f"The role {ROLE} cannot be assumed." in reason(endpoint.failure)
    assert not list(tmp_path.glob("endpoints/*/*/*"))


def test_models_of_an_accounts_endpoints_take_no_more_of_the_disk_than_they_may(
    tmp_path: Path,
) -> None:
    """An archive of 40 MB unpacks to 8 GB, for each endpoint and each generation of it; no quota counted that."""
    store = open_store("", tmp_path)
    store.migrate()
    try:
        deployed = _deployed(
            store, tmp_path, owner=SCOPE.account, data=_archive_of(5_000_000), model_bytes=2_000_000
        )
        endpoint = asyncio.run(deployed)
    finally:
        store.close()
    assert endpoint.status is EndpointStatus.FAILED
    assert "may take 2000000 bytes of this server, unpacked" in reason(endpoint.failure)
    assert not list(tmp_path.glob("endpoints/*/*/*"))


def test_models_of_all_endpoints_of_an_account_are_counted_together(tmp_path: Path) -> None:
    room, first, second = (
        ModelDiskSpace(1000),
        tmp_path / "1" / "1" / "a",
        tmp_path / "2" / "1" / "b",
    )
    room.take("1", first, 900)
    room.settle("1", first, 700)
    room.take("1", second, 200)
    with pytest.raises(InvalidRequest, match="may take 1000 bytes"):
        room.take("1", second, 101)
    room.take("2", second.with_name("another account's"), 1000)
    room.give_back(first.parent)
    room.take("1", second, 800)


def test_models_leave_some_of_the_disk_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects, keys and the database are on the same disk."""
    usage = shutil.disk_usage(tmp_path)._replace(total=100_000_000, free=6_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    ModelDiskSpace().take("1", tmp_path / "a", 900_000)
    with pytest.raises(InvalidRequest, match="no room left"):
        ModelDiskSpace().take("1", tmp_path / "a", 1_100_000)


def test_a_process_that_closes_its_channel_is_not_listened_to_for_ever(tmp_path: Path) -> None:
    """Its end was readable without end: the server looked at every endpoint again and again until the time to load was
    over."""
    program = (
        sys.executable,
        "-c",
        "import os, sys, time; os.close(int(sys.argv[2])); time.sleep(60)",
    )
    process = ModelProcess(program, tmp_path / "spec", tmp_path / "log", {})
    try:
        select.select([process.channel], [], [], 30)
        assert process.hello() is None
        assert process.is_silent
        assert process.exit_code() is None
    finally:
        process.channel.close()
        process.close()


def test_a_process_that_says_a_byte_at_a_time_is_not_listened_to_at_each(tmp_path: Path) -> None:
    """The server looked at every endpoint at each byte, 64 KB of them, for each model process of its sort."""
    half = pack({"failed": "slowly"})[:9]
    spell = f"import os, sys, time; os.write(int(sys.argv[2]), {half!r}); time.sleep(60)"
    process = ModelProcess((sys.executable, "-c", spell), tmp_path / "spec", tmp_path / "log", {})
    try:
        assert process.hello() is None
        assert not process.is_silent
        select.select([process.channel], [], [], 30)
        assert process.hello() is None
        assert process.is_silent
    finally:
        process.channel.close()
        process.close()


def test_a_reason_with_half_a_character_can_be_sent(tmp_path: Path) -> None:
    """A file of an archive may be called so, and the answer that told of it was a fault of the server."""
    said = pack({"failed": "the file \udcff differs"})
    program = (sys.executable, "-c", f"import os, sys; os.write(int(sys.argv[2]), {said!r})")
    process = ModelProcess(program, tmp_path / "spec", tmp_path / "log", {})
    try:
        select.select([process.channel], [], [], 30)
        hello = process.hello()
        assert hello is not None
        assert hello.failed == "the file ? differs"
    finally:
        process.channel.close()
        process.close()


def test_endpoints_that_failed_count(tmp_path: Path) -> None:
    """They need no instance, so there could be any number, and hosting looks at all of them several times a second."""
    store = open_store("", tmp_path)
    store.migrate()
    config = EndpointConfig(
        scope=SCOPE, name="c", created=NOW, modified=NOW, request={}, variants=()
    )
    request = {"EndpointName": "one-more", "EndpointConfigName": "c"}
    with store.transaction() as tx:
        tx.insert(config)
        for number in range(ENDPOINTS_AN_INSTANCE):
            made = Endpoint(
                scope=Scope(SCOPE.account, f"us-east-{number}"),
                name="E",
                created=NOW,
                modified=NOW,
                config_name="c",
                generation=1,
                desired=(),
                status=EndpointStatus.FAILED,
            )
            tx.insert(made)
        with pytest.raises(LimitExceeded, match="10 for each of the instances"):
            add_endpoint(tx, SCOPE, request, NOW, instance_limit=1)
        other = Scope("444455556666", SCOPE.region)
        tx.insert(replace(config, scope=other))
        add_endpoint(tx, other, request, NOW, instance_limit=1)
    store.close()


def _archive_of(n_bytes: int) -> bytes:
    packed = BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb") as stream,
        tarfile.open(fileobj=stream, mode="w") as archive,
    ):
        entry = tarfile.TarInfo("model")
        entry.size = n_bytes
        archive.addfile(entry, BytesIO(bytes(n_bytes)))
    return packed.getvalue()


def _no_check(_scope: Scope, _role: str, _url: str) -> None:
    return None


async def _deployed(
    store: Store,
    folder: Path,
    check: Callable[[Scope, str, str], None] = _no_check,
    owner: str = "444455556666",
    data: bytes = b"another account's",
    model_bytes: int = 0,
) -> Endpoint:
    artifacts = LocalArtifacts(folder / "s3")
    artifacts.ensure_bucket("changed-hands")
    artifacts.write(parse_location(URL), data)
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
        model_bytes=model_bytes,
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

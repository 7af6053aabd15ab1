"""What a node says of itself: the same as a server with the same stores, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from migrated import migrated_store
from s3.served import ServedStore

from windvane.control.exchange_bucket import make_exchange_bucket
from windvane.store.base import Store
from windvane.work.workers.about_node import about, place_of_exchange
from windvane.work.workers.config import WorkConfig

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedStore]:
    store = ServedStore(tmp_path / "s3")
    yield store
    store.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


def config(folder: Path, served: ServedStore) -> WorkConfig:
    return WorkConfig(folder, "run", NOW, 1, 4000, s3=served.connection, exchange="exchange")


def told(config: WorkConfig, store: Store, **lacks: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(about(config, store, lacks))
    return found


@pytest.mark.slow
def test_a_node_names_where_tasks_exchange_data(
    served: ServedStore, store: Store, tmp_path: Path
) -> None:
    chosen = config(tmp_path, served)
    make_exchange_bucket(store, chosen.artifacts(), None, "exchange", "us-east-1", NOW)
    own = place_of_exchange(chosen, store)
    assert own.startswith("s3://exchange/")
    assert own.endswith(served.connection.endpoint)
    assert told(chosen, store, seccomp="old") == {
        "exchange": own,
        "fault": "",
        "lacks": {"seccomp": "old"},
    }


def test_a_node_whose_database_no_server_has_used_names_no_place(
    served: ServedStore, store: Store, tmp_path: Path
) -> None:
    assert place_of_exchange(config(tmp_path, served), store) == ""


def test_a_node_without_the_bucket_says_so(
    served: ServedStore, store: Store, tmp_path: Path
) -> None:
    assert "The bucket exchange is not there" in told(config(tmp_path, served), store)["fault"]

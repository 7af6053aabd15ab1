"""What Settings say of a cluster, as the server takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from windvane.cluster_from_settings import on_cluster
from windvane.executor.errors import ClusterUnusable
from windvane.from_settings import plain_links
from windvane.settings import BadSettings, ExchangeSettings, ExecutorSettings, S3Settings, Settings

NEAR, FAR = "127.0.0.1:6379", "192.0.2.1:6379"
"""Addresses of a head on this machine, and on another one."""


def settings_on(folder: Path, address: str = NEAR, **changed: object) -> Settings:
    """Of a server whose tasks run on a cluster."""
    token = folder / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    folder.chmod(0o700)
    given = {
        "store_url": "postgresql://windvane@db.example.org/windvane",
        "s3": S3Settings("https://s3.example.org", "key", "secret"),
        "exchange": ExchangeSettings("store"),
        "executor": ExecutorSettings("ray", address, str(token), tasks=5, memory_mb=700),
    }
    return Settings(folder, **{**given, **changed})  # type: ignore[arg-type]


def test_without_a_cluster_there_is_none(tmp_path):
    assert on_cluster(Settings(tmp_path)) is None


def test_tasks_run_on_the_cluster_that_is_named(tmp_path):
    found = on_cluster(settings_on(tmp_path))
    assert found is not None
    assert (found.cluster.address, found.memory_mb) == (NEAR, 700)
    assert found.cluster.tls is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"store_url": ""}, r"SQLite database\. Use PostgreSQL"),
        ({"store_url": "sqlite:////data/w.db"}, r"SQLite database\. Use PostgreSQL"),
        ({"s3": None}, r"embedded S3 store\. Use an external one: section \[s3\]"),
        ({"exchange": ExchangeSettings("folder")}, r'\[exchange\] kind = "store"'),
    ],
)
def test_what_nodes_cannot_reach_is_refused(tmp_path, changed, told):
    with pytest.raises(BadSettings, match=told):
        on_cluster(settings_on(tmp_path, **changed))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"store_url": "postgresql://w@localhost/w"}, r"\[store\] url names localhost"),
        ({"store_url": "postgresql:///w"}, r"\[store\] url names a socket"),
        ({"s3": S3Settings("http://127.0.0.1:9000", "k", "s")}, r"\[s3\] endpoint is http://127"),
        ({}, r"there is no TLS.*tls_cert.*insecure = true"),
    ],
)
def test_what_is_right_on_one_machine_is_refused_with_a_head_on_another(tmp_path, changed, told):
    if changed:
        on_cluster(settings_on(tmp_path, NEAR, **changed))
    with pytest.raises(BadSettings, match=told):
        on_cluster(settings_on(tmp_path, FAR, **changed))


def test_a_cluster_elsewhere_has_tls_or_is_said_to_be_insecure(tmp_path):
    token = str(tmp_path / "token")
    files = {"tls_cert": "/c/cert.pem", "tls_key": "/c/key.pem", "tls_ca": "/c/ca.pem"}
    safe = settings_on(tmp_path, executor=ExecutorSettings("ray", FAR, token, **files))
    found = on_cluster(safe)
    assert found is not None
    assert found.cluster.tls is not None
    assert found.cluster.tls.authority == Path("/c/ca.pem")
    assert not any(FAR in link for link in plain_links(safe))
    plain = settings_on(tmp_path, executor=ExecutorSettings("ray", FAR, token, insecure=True))
    assert on_cluster(plain) is not None
    assert f"[executor] address {FAR}" in plain_links(plain)


def test_a_token_that_others_read_is_refused(tmp_path):
    settings = settings_on(tmp_path)
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(ClusterUnusable, match="chmod 600"):
        on_cluster(settings)

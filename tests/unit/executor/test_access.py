"""How a cluster is reached, and whose its token is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from windvane.executor.access import Cluster, ClusterTls, check_token_file
from windvane.executor.errors import ClusterUnusable


@pytest.fixture
def token(tmp_path: Path) -> Path:
    folder = tmp_path / "cluster"
    folder.mkdir(mode=0o700)
    file = folder / "token"
    file.write_text("0123456789abcdef\n")
    file.chmod(0o600)
    return file


def test_a_token_of_ones_own_is_taken(token: Path) -> None:
    check_token_file(token)


def test_without_a_token_nothing_is_joined(token: Path, tmp_path: Path) -> None:
    with pytest.raises(ClusterUnusable, match="No such file"):
        check_token_file(tmp_path / "none")
    token.write_text("\n")
    with pytest.raises(ClusterUnusable, match="it is empty"):
        check_token_file(token)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_token_that_others_can_read_or_write_is_refused(token: Path, mode: int) -> None:
    token.chmod(mode)
    with pytest.raises(ClusterUnusable, match=f"mode {mode:04o}.*chmod 600"):
        check_token_file(token)


def test_a_token_in_a_folder_where_others_can_replace_it_is_refused(token: Path) -> None:
    token.parent.chmod(0o777)
    with pytest.raises(ClusterUnusable, match=r"cluster .*mode 0777"):
        check_token_file(token)
    token.parent.chmod(0o1777)
    check_token_file(token)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away, as root alone may")
def test_a_token_that_belongs_to_somebody_else_is_refused(token: Path) -> None:
    os.chown(token, 65534, -1)
    with pytest.raises(ClusterUnusable, match="owner 65534"):
        check_token_file(token)


def test_every_process_of_a_cluster_shows_the_token(token: Path) -> None:
    told = Cluster("head:6379", token).environment()
    assert told["RAY_AUTH_MODE"] == "token"
    assert told["RAY_AUTH_TOKEN_PATH"] == str(token)
    assert "RAY_USE_TLS" not in told


def test_with_certificates_its_processes_speak_tls(token: Path) -> None:
    tls = ClusterTls(Path("/c/cert.pem"), Path("/c/key.pem"), Path("/c/ca.pem"))
    told = Cluster("head:6379", token, tls).environment()
    assert told["RAY_USE_TLS"] == "1"
    assert told["RAY_TLS_SERVER_KEY"] == "/c/key.pem"
    assert told["RAY_TLS_CA_CERT"] == "/c/ca.pem"

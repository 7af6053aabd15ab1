"""What of a cluster is refused before anything is given to it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from windvane.errors import ClusterUnusable
from windvane.executor import stranger
from windvane.executor.cluster import check_answers, check_closed, check_token_file


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


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterUnusable, match="HOST:PORT"):
        check_answers(address)


def test_where_nobody_listens_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_answers(address)
    with pytest.raises(ClusterUnusable, match="No cluster answers"):
        check_answers(address)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (stranger.OPEN, "takes orders without a token"),
        (stranger.UNKNOWN, "No cluster answers at head:6379: Something"),
        (1, "No cluster answers"),
    ],
)
def test_what_a_stranger_is_not_refused_is_not_joined(
    monkeypatch: pytest.MonkeyPatch, code: int, told: str
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    asked: list[dict[str, Any]] = []

    def run(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(options["env"])
        return subprocess.CompletedProcess(arguments, code, "", "Something went wrong.")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ClusterUnusable, match=told):
        check_closed("head:6379")
    assert [env["RAY_AUTH_MODE"] for env in asked] == ["disabled"]
    assert "RAY_AUTH_TOKEN" not in asked[0]
    code = stranger.CLOSED
    check_closed("head:6379")

"""What of a cluster is refused before anything is given to it."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

import pytest

from windvane.executor import token_probe
from windvane.executor.cluster import check_answers, check_closed
from windvane.executor.errors import ClusterUnusable


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
        (token_probe.OPEN, "takes orders without a token"),
        (token_probe.UNKNOWN, "No cluster answers at head:6379: Something"),
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
    code = token_probe.CLOSED
    check_closed("head:6379")

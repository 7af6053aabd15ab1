"""What of a cluster is refused before anything is given to it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from windvane.executor import token_probe
from windvane.executor.cluster import check_answers, check_closed, lines_of, own_node_address
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


def process(folder: Path, number: int, *words: str) -> Path:
    entry = folder / str(number)
    entry.mkdir()
    (entry / "cmdline").write_bytes("\0".join(words).encode())
    return entry


def raylet(address: str) -> tuple[str, ...]:
    return "/ray/core/raylet", f"--node_ip_address={address}", "--gcs-address=head:6379"


def test_the_process_of_the_cluster_on_this_machine_is_found(tmp_path: Path) -> None:
    process(tmp_path, 1, *raylet("192.0.2.7"))  # on another machine
    process(tmp_path, 2, "/usr/bin/less", *raylet("127.0.0.3")[1:])
    process(tmp_path, 3)
    (tmp_path / "4").mkdir()
    (tmp_path / "self").mkdir()
    with pytest.raises(ClusterUnusable, match="windvane cluster join"):
        own_node_address(tmp_path, 0.0)
    process(tmp_path, 5, *raylet("127.0.0.4"))
    assert own_node_address(tmp_path, 0.0) == "127.0.0.4"
    process(tmp_path, 6, *raylet("127.0.0.5"))
    assert own_node_address(tmp_path, 0.0) is None


def test_the_process_of_another_user_is_not_that_of_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process(tmp_path, 1, *raylet("127.0.0.4"))
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(ClusterUnusable, match="as the same user"):
        own_node_address(tmp_path, 0.0)


def told_node(address: str, death: int = 0, has: dict[str, float] | None = None) -> dict[str, Any]:
    """As Ray tells of a node: of one that is gone it does not tell what it had."""
    return {
        "NodeManagerAddress": address,
        "Alive": death == 0,
        "DeathReason": death,
        "Resources": has or {},
    }


def test_nodes_that_are_there_are_listed_and_machines_that_were_lost() -> None:
    stopped, died, removed = 1, 2, 4
    found = [
        told_node("10.0.0.1", died),  # the head, before it was started again
        told_node("10.0.0.2", died),
        told_node("10.0.0.3", stopped),
        told_node("10.0.0.4", removed),
        told_node("10.0.0.5", died),
        told_node("10.0.0.5", died),
        told_node("10.0.0.1"),
        told_node("10.0.0.2", has={"CPU": 4.0, "memory": 2.0 * (1 << 30), "windvane-1.0": 1000.0}),
    ]
    assert list(lines_of(found)) == [
        "10.0.0.1  0 cores, 0 MiB  does no tasks",
        "10.0.0.2  4 cores, 2048 MiB  does tasks (Windvane 1.0)",
        "10.0.0.5  is gone",
    ]

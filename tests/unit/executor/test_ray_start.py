"""How Ray's processes are started: with the token, without the dashboard, and knowing nothing secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from windvane import __version__
from windvane.executor import ray_start
from windvane.executor.access import Cluster
from windvane.executor.ray_start import (
    Room,
    environment,
    forget_last_head,
    head_command,
    head_environment,
    is_too_long,
    node_command,
)

CLUSTER = Cluster("10.0.0.1:6379", Path("/etc/windvane/token"))
FOLDER = Path("/var/lib/w/r")


def test_a_head_has_no_dashboard_and_does_no_work() -> None:
    told = head_command(CLUSTER, FOLDER)
    assert {"--head", "--include-dashboard=false", "--num-cpus=0", "--no-monitor"} <= set(told)
    assert {"--node-ip-address=10.0.0.1", "--port=6379"} <= set(told)


def test_a_node_offers_its_room_to_work_of_its_own_version() -> None:
    told = node_command(CLUSTER, FOLDER, Room(4, 1000), "10.0.0.2")
    assert {"--address=10.0.0.1:6379", "--node-ip-address=10.0.0.2", "--num-cpus=4"} <= set(told)
    assert {f"--memory={1000 << 20}", f"--temp-dir={FOLDER}"} <= set(told)
    assert any(f'"windvane-{__version__}"' in one for one in told)


def test_a_machine_that_only_has_a_server_offers_nothing() -> None:
    told = node_command(CLUSTER, FOLDER, None)
    assert {"--num-cpus=0", "--memory=0"} <= set(told)
    assert not any("windvane-" in one for one in told)


def test_its_environment_has_the_token_and_no_secret_of_ours() -> None:
    given = {
        "PATH": "/bin",
        "RAY_AUTH_MODE": "disabled",
        "RAY_ADDRESS": "elsewhere",
        "WINDVANE_MASTER_KEY": "secret",
    }
    told = environment(CLUSTER, given, Path("/run/node.sock"))
    assert (told["PATH"], told["RAY_AUTH_MODE"]) == ("/bin", "token")
    assert told["WINDVANE_NODE_SOCKET"] == "/run/node.sock"
    assert not {"RAY_ADDRESS", "WINDVANE_MASTER_KEY"} & told.keys()
    assert "WINDVANE_NODE_SOCKET" not in environment(CLUSTER, given, None)


def test_a_head_remembers_its_cluster_for_the_version_of_ray_that_it_is_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray_start, "version", lambda package: f"{package}-9")
    told = head_environment(CLUSTER, {"PATH": "/bin"}, Path("/var/lib/w/state"))
    assert told["RAY_gcs_storage"] == "rocksdb"
    assert told["RAY_gcs_storage_path"] == "/var/lib/w/state/ray-9"
    assert (told["PATH"], told["RAY_AUTH_MODE"]) == ("/bin", "token")


def test_a_head_may_start_though_nodes_of_the_last_one_wait_on_its_machine(tmp_path: Path) -> None:
    word = tmp_path / "ray_current_cluster"
    word.write_text(CLUSTER.address)
    forget_last_head(tmp_path)
    assert not word.exists()
    forget_last_head(tmp_path)


def test_all_wait_for_a_head_that_is_away() -> None:
    told = environment(CLUSTER, {}, None)
    assert float(told["RAY_gcs_rpc_server_reconnect_timeout_s"]) >= 300


def test_the_paths_of_its_sockets_have_an_end() -> None:
    assert not is_too_long(Path("/var/lib/windvane/r"))
    assert is_too_long(Path("/var/lib") / ("x" * 40))

"""A cluster of Ray with one node on this machine, and the process of ours beside it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from windvane.automl.local import run
from windvane.executor.access import Cluster
from windvane.executor.cluster import join
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.executor.slot import RESOURCE, SOCKET
from windvane.process.parent_death import command

WAIT_S = 180.0

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_worker_niceness": "0",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_automatic_object_spilling_enabled": "0",
    "RAY_worker_register_timeout_seconds": "300",
}

_LIBRARIES = ("windvane.testing.executor_contract", "windvane.automl.local.performing")
"""What the work of tests needs."""


_MEMORY_BYTES = 64 << 30
"""Of a node, as Ray is told: what it finds itself is what other programs leave, which may not be enough for two pieces of work."""


class RayCluster:
    """folder    its path is short: sockets lie in it"""

    def __init__(self, folder: Path, *, has_token: bool = True) -> None:
        self._folder = folder
        self._node_socket = folder / "node.sock"
        token = folder / "token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        port = _free_port()
        self.cluster = Cluster(f"{own_address()}:{port}", token)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        shown = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
        self._env = kept | _SETTINGS | (shown if has_token else {"RAY_AUTH_MODE": "disabled"})
        self._log = (folder / "head.log").open("wb")
        head = ("--head", f"--port={port}", "--include-dashboard=false")
        self._head = self._start_ray(self._node_socket, *head)
        self._await_head(port)

    def start_node(self) -> None:
        """Start the process of ours."""
        self.node = self._start_process(self._node_socket)

    @contextmanager
    def second_node(self) -> Iterator[subprocess.Popen[bytes]]:
        """Add a node on this machine for the block, whose process of ours is given."""
        path = self._folder / "second.sock"
        own = self._start_process(path)
        ray = self._start_ray(path, f"--address={self.cluster.address}")
        try:
            yield own
        finally:
            own.send_signal(signal.SIGCONT)
            for process in (ray, own):
                process.terminate()
                process.wait(WAIT_S)

    def _start_ray(self, node_socket: Path, *options: str) -> subprocess.Popen[bytes]:
        shared = {
            "temp-dir": self._folder / "r",
            "num-cpus": 4,
            "memory": _MEMORY_BYTES,
            "object-store-memory": 80_000_000,
            "resources": json.dumps({RESOURCE: 64}),
            "include-log-monitor": "false",
        }
        told = [f"--{name}={value}" for name, value in shared.items()]
        ray = str(Path(sys.executable).with_name("ray"))
        return subprocess.Popen(
            command([ray, "start", "--block", "--disable-usage-stats", *options, *told]),
            env=self._env | {SOCKET: str(node_socket)},
            stdout=self._log,
            stderr=self._log,
        )

    def _start_process(self, node_socket: Path) -> subprocess.Popen[bytes]:
        node_socket.unlink(missing_ok=True)
        program = [sys.executable, "-m", "windvane.executor.node", str(node_socket)]
        started = subprocess.Popen(command([*program, str(self._folder / "work"), *_LIBRARIES]))
        until = time.monotonic() + WAIT_S
        while not node_socket.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        return started

    def lose_node(self) -> None:
        """End it as if its machine were gone, and start another."""
        os.kill(self.node.pid, signal.SIGKILL)
        self.node.wait()
        self.start_node()

    def stop(self) -> None:
        self._head.terminate()
        self._head.wait(WAIT_S)
        self._log.close()
        if hasattr(self, "node"):
            self.node.terminate()
            self.node.wait(WAIT_S)

    def _await_head(self, port: int) -> None:
        until = time.monotonic() + WAIT_S
        log = self._folder / "head.log"
        while b"Ray runtime started" not in log.read_bytes():
            assert self._head.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)


@contextmanager
def ray_cluster(*, has_token: bool = True) -> Iterator[RayCluster]:
    """Start a cluster for the block."""
    folder = Path(tempfile.mkdtemp(prefix="wv-", dir="/tmp"))
    made = RayCluster(folder, has_token=has_token)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def work_in_forks(folder: str) -> None:
    """Have the job that this process is about to run do its actions in forks of a fork server, as the service does."""
    place = WorkPlace(Path(folder))
    run.ForkingExecutor = lambda _: ForkServerExecutor(OwnProcess(_LIBRARIES), lambda _: place)  # type: ignore[misc,assignment]


def work_on_ray(address: str, token_file: str) -> None:
    """Have the job that this process is about to run do its actions on a cluster."""
    join(Cluster(address, Path(token_file)))
    executors = import_module("windvane.executor.ray")
    run.ForkingExecutor = lambda _: executors.RayExecutor(fence_s=60.0)  # type: ignore[misc,assignment]


def own_address() -> str:
    """Of this machine: Ray puts it in place of one that is loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        return str(asking.getsockname()[0])


def _free_port() -> int:
    with socket.create_server(("", 0)) as server:
        return int(server.getsockname()[1])

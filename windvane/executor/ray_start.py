"""How Ray's processes are started on a machine, so that nothing of them is open: with the token, with TLS where there is some,
without the dashboard."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from windvane.executor.access import Cluster
from windvane.executor.slot import RESOURCE, SOCKET
from windvane.process.parent_death import command

_OBJECTS_BYTES = 80_000_000
"""Of Ray's own store of objects: only the orders of tasks, and what is told of them, go through it."""

_MOST_TASKS = 1000
"""Of one node; cores and memory set the limit."""

_LONGEST_FOLDER = 40
"""Characters of the path of Ray's folder: it appends about 60 for its sockets, which may have 107 in all."""

_NO_ROOM = ("--num-cpus=0", "--memory=0")

_SETTINGS = {
    "RAY_worker_niceness": "0",
    "RAY_automatic_object_spilling_enabled": "0",
    "RAY_worker_register_timeout_seconds": "300",
}


_GIVES_UP = {
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "7000",
    "RAY_health_check_failure_threshold": "3",
}
"""Of a head: a node that answers to nothing for 27 s at most is given up. What ran there is lost after ten (executor/ray.py), but what
Ray was just beginning there waits for this."""


@dataclass(frozen=True)
class Room:
    """The resources of a machine that tasks may have.

    memory_mb    in MiB
    """

    cpus: int
    memory_mb: int


def head_command(cluster: Cluster, folder: Path) -> list[str]:
    """Return the command of the head of a cluster, which does no task. It ends with this process.

    folder    of Ray's own, below one that nobody else can enter: Ray lets everybody write to it
    """
    host, _, port = cluster.address.rpartition(":")
    return _command(
        "--head",
        f"--node-ip-address={host.strip('[]')}",
        f"--port={port}",
        f"--temp-dir={folder}",
        "--include-dashboard=false",
        "--no-monitor",
        *_NO_ROOM,
    )


def node_command(cluster: Cluster, folder: Path, room: Room | None, host: str = "") -> list[str]:
    """Return the command of a node. It ends with this process.

    folder  as of the head
    room    that tasks may have; None if it does none, and a server on this machine uses the cluster
    host    address of this machine for the others; "" for that of the route to the head
    """
    own = (f"--node-ip-address={host}",) if host else ()
    offers = _NO_ROOM if room is None else _offers(room)
    return _command(f"--address={cluster.address}", f"--temp-dir={folder}", *own, *offers)


def environment(cluster: Cluster, given: Mapping[str, str], socket: Path | None) -> dict[str, str]:
    """Return the environment of Ray's processes: what is given, without other settings of Ray and without secrets of ours.

    socket    of the process that does tasks on this machine; None for the head
    """
    kept = {
        name: value for name, value in given.items() if not name.startswith(("RAY_", "WINDVANE_"))
    }
    own = {} if socket is None else {SOCKET: str(socket)}
    return {**kept, **_SETTINGS, **cluster.environment(), **own}


def head_environment(cluster: Cluster, given: Mapping[str, str], state: Path) -> dict[str, str]:
    """Return the same of the head, which remembers its cluster when it is started again: nodes stay in it, and what they do goes on.

    state    a folder for that, which nobody else can enter
    """
    return {
        **environment(cluster, given, None),
        **_GIVES_UP,
        "RAY_gcs_storage": "rocksdb",
        "RAY_gcs_storage_path": str(state / version("ray")),  # another may not read it
    }


def forget_last_head(folder: Path) -> None:
    """Let a head start though nodes on this machine still wait for the last one: Ray takes them for a head that runs. To be called
    where none does.

    folder    of Ray's own
    """
    (folder / "ray_current_cluster").unlink(missing_ok=True)


def is_too_long(folder: Path) -> bool:
    """Return whether Ray cannot have its sockets below a folder."""
    return len(os.fsencode(folder)) > _LONGEST_FOLDER


def _offers(room: Room) -> tuple[str, ...]:
    return (
        f"--num-cpus={room.cpus}",
        f"--memory={room.memory_mb << 20}",
        f"--resources={json.dumps({RESOURCE: _MOST_TASKS})}",
    )


def _command(*options: str) -> list[str]:
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block"]
    shared = (
        "--disable-usage-stats",
        "--include-log-monitor=false",
        f"--object-store-memory={_OBJECTS_BYTES}",
    )
    return command([*ray, *shared, *options])

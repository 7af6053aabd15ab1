"""A cluster of Ray that is joined: what is refused before anything is given to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from windvane.executor import token_probe
from windvane.executor.access import Cluster, ClusterTls, check_token_file, tls_environment
from windvane.executor.errors import ClusterUnusable
from windvane.executor.slot import RESOURCES

NAMESPACE = "windvane"

_ANSWER_S = 5.0
_ASK_S = 120.0
_OWN_S, _LOOK_S = 60.0, 0.1
"""For which Ray's process on this machine is waited for, since both may be starting; and between two looks for it."""

_DIED = 2
"""Ray's NodeDeathInfo.UNEXPECTED_TERMINATION; others are those of a node that was stopped, or that an autoscaler removed."""

_DROPPED = ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_NAMESPACE", "RAY_RUNTIME_ENV_HOOK")
"""Variables that would have Ray join another cluster, show another token, or run code of somebody's."""


def join(cluster: Cluster) -> None:
    """Make this process a driver of the cluster, for the rest of its life. It must not fork from now on, nor have imported Ray,
    which decides then whether it shows a token.

    raises    ClusterUnusable
    """
    if "ray" in sys.modules:
        raise RuntimeError("Ray has been imported before the cluster was joined.")
    check_token_file(cluster.token_file)
    check_answers(cluster.address)
    if find_spec("ray") is None:
        raise ClusterUnusable.not_installed()
    own = own_node_address()  # while the cluster comes back, all wait for this, which costs nothing
    check_closed(cluster.address, cluster.tls)
    for name in _DROPPED:
        os.environ.pop(name, None)
    os.environ |= cluster.environment()
    import ray  # nothing on one machine needs it

    before = signal.getsignal(signal.SIGTERM)  # which Ray takes for itself
    try:
        ray.init(
            address=cluster.address,
            namespace=NAMESPACE,
            log_to_driver=False,
            configure_logging=False,
            _node_ip_address=own,
        )
    except (ray.exceptions.RayError, RuntimeError, ConnectionError, ValueError) as error:
        # Another version of Ray or Python is a RuntimeError that names both.
        raise ClusterUnusable.not_joined(cluster.address, str(error)) from error
    finally:
        signal.signal(signal.SIGTERM, before)


def own_node_address(processes: Path = Path("/proc"), within_s: float = _OWN_S) -> str | None:
    """Return at which address Ray's process on this machine was started; None if there are several. It may be starting.

    Ray by itself would take any process of the cluster that it sees for one of this machine, also one in a container, or started by
    somebody else.

    processes    what the kernel tells of them
    raises       ClusterUnusable if there is none within the time
    """
    until = time.monotonic() + within_s
    while not (found := set(filter(_is_here, _addresses(processes)))):
        if time.monotonic() >= until:
            raise ClusterUnusable.no_own_process(within_s)
        time.sleep(_LOOK_S)
    return found.pop() if len(found) == 1 else None


def _addresses(processes: Path) -> Iterator[str]:
    """Yield the addresses of Ray's nodes whose processes are seen, but for those of other users."""
    for entry in processes.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            owner = entry.stat().st_uid
        except OSError:  # it has ended
            continue
        if Path(os.fsdecode(words[0])).name == "raylet" and os.geteuid() in (0, owner):
            told = (word.decode(errors="replace").partition("=") for word in words)
            yield from (value for name, _, value in told if name == "--node_ip_address")


def _is_here(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return bool(address)


def check_answers(address: str) -> None:
    """Check that somebody listens at the cluster's address.

    raises    ClusterUnusable if nobody listens there, which Ray itself would tell after most of a minute
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterUnusable.no_address(address)
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterUnusable.no_answer(address, str(error)) from error


def check_closed(address: str, tls: ClusterTls | None = None) -> None:
    """Check that the cluster refuses requests without a token. With a token, an open cluster cannot be told from a closed one.

    tls       shown, as the cluster may not speak to whoever has no certificate
    raises    ClusterUnusable if the cluster does what it is asked, or that cannot be told
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    try:
        asked = subprocess.run(
            [sys.executable, "-m", token_probe.__name__, address],
            env={**kept, **tls_environment(tls), **token_probe.ENVIRONMENT},
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterUnusable.no_answer(address, f"nothing within {_ASK_S:.0f} s") from error
    if asked.returncode == token_probe.OPEN:
        raise ClusterUnusable.is_open(address)
    if "No module named 'ray'" in asked.stderr:
        raise ClusterUnusable.not_installed()
    if asked.returncode != token_probe.CLOSED:
        raise ClusterUnusable.no_answer(address, asked.stderr.strip()[-300:])


def nodes() -> Iterator[str]:
    """Yield a line for each node of the cluster that this process has joined, and one for what is free, for people."""
    import ray

    yield from lines_of(ray.nodes())
    yield f"free: {_room(ray.available_resources())}"


def lines_of(found: Collection[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each node that is there, and one for each machine that was lost: not for what was stopped, nor for what has been
    started again, such as an earlier head.

    found    as Ray tells of nodes, now and earlier
    """
    alive = [node for node in found if node["Alive"]]
    for node in alive:
        has = node["Resources"]
        versions = [name.removeprefix(RESOURCES) for name in has if name.startswith(RESOURCES)]
        does = f"does tasks (Windvane {versions[0]})" if versions else "does no tasks"
        yield f"{node['NodeManagerAddress']}  {_room(has)}  {does}"
    there = {node["NodeManagerAddress"] for node in alive}
    lost = {node["NodeManagerAddress"] for node in found if node["DeathReason"] == _DIED}
    for address in sorted(lost - there):
        yield f"{address}  is gone"


def _room(resources: Mapping[str, float]) -> str:
    memory_mb = resources.get("memory", 0.0) / (1 << 20)
    return f"{resources.get('CPU', 0.0):g} cores, {memory_mb:.0f} MiB"

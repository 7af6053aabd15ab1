"""A cluster of Ray that is joined: what is refused before anything is given to it."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from windvane.errors import ClusterUnusable
from windvane.executor import stranger

NAMESPACE = "windvane"

_ANSWER_S = 5.0
_ASK_S = 120.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_DROPPED = ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_NAMESPACE", "RAY_RUNTIME_ENV_HOOK")
"""Variables that would have Ray join another cluster, show another token, or run code of somebody's."""


@dataclass(frozen=True)
class Cluster:
    """address      of its head, HOST:PORT
    token_file   holds the token that every process of the cluster shows; nobody else may read it: who has it runs code on
                 every node
    """

    address: str
    token_file: Path


def join(cluster: Cluster) -> None:
    """Make this process a driver of the cluster, for the rest of its life. It must not fork from now on, nor have imported Ray,
    which decides then whether it shows a token.

    raises    ClusterUnusable
    """
    if "ray" in sys.modules:
        raise RuntimeError("Ray has been imported before the cluster was joined.")
    check_token_file(cluster.token_file)
    check_answers(cluster.address)
    check_closed(cluster.address)
    for name in _DROPPED:
        os.environ.pop(name, None)
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(cluster.token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_enable_metrics_collection": "0",
    }
    try:
        import ray  # nothing on one machine needs it
    except ModuleNotFoundError as error:
        raise ClusterUnusable.not_installed() from error
    try:
        ray.init(
            address=cluster.address,
            namespace=NAMESPACE,
            log_to_driver=False,
            configure_logging=False,
        )
    except (ray.exceptions.RayError, RuntimeError, ConnectionError, ValueError) as error:
        # Another version of Ray or Python is a RuntimeError that names both.
        raise ClusterUnusable.not_joined(cluster.address, str(error)) from error


def check_token_file(file: Path) -> None:
    """raises    ClusterUnusable if there is no token in it, or somebody else could read or replace it"""
    try:
        with file.open("rb") as opened:
            told, content = os.fstat(opened.fileno()), opened.read(1 << 16)
        folder = file.parent.stat()
    except OSError as error:
        raise ClusterUnusable.no_token(file, str(error.strerror)) from error
    if not content.strip():
        raise ClusterUnusable.no_token(file, "it is empty")
    if told.st_uid != os.geteuid() or told.st_mode & _OTHERS:
        raise ClusterUnusable.token_of_others(file, told.st_uid, told.st_mode)
    is_shared = folder.st_mode & _OTHERS_WRITE and not folder.st_mode & stat.S_ISVTX
    if is_shared or folder.st_uid not in (0, os.geteuid()):
        raise ClusterUnusable.token_of_others(file.parent, folder.st_uid, folder.st_mode)


def check_answers(address: str) -> None:
    """raises    ClusterUnusable if nobody listens there, which Ray itself would tell after most of a minute"""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterUnusable.no_address(address)
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterUnusable.no_answer(address, str(error)) from error


def check_closed(address: str) -> None:
    """raises    ClusterUnusable if the cluster does what is asked of it without a token, or that cannot be told. With a token, an open
    cluster cannot be told from a closed one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    try:
        asked = subprocess.run(
            [sys.executable, "-m", stranger.__name__, address],
            env={**kept, **stranger.ENVIRONMENT},
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterUnusable.no_answer(address, f"nothing within {_ASK_S:.0f} s") from error
    if asked.returncode == stranger.OPEN:
        raise ClusterUnusable.is_open(address)
    if "No module named 'ray'" in asked.stderr:
        raise ClusterUnusable.not_installed()
    if asked.returncode != stranger.CLOSED:
        raise ClusterUnusable.no_answer(address, asked.stderr.strip()[-300:])

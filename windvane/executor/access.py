"""How a cluster of Ray is reached: its address, its token, which others must not read, and its certificates. Nothing here needs Ray."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from windvane.executor.errors import ClusterUnusable

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


HEAD_AWAY_S = 600
"""For which the other processes of a cluster wait for its head to come back, and go on with what they do."""


@dataclass(frozen=True)
class ClusterTls:
    """PEM files of one machine of a cluster. Every process of the cluster shows its certificate and asks for that of the other side.

    certificate    signed by the authority, for the address of this machine
    key            of the certificate
    authority      that all certificates of the cluster are signed by
    """

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class Cluster:
    """A cluster of Ray, and what its processes show to each other.

    address      of its head, HOST:PORT
    token_file   holds the token that every process of the cluster shows; nobody else may read it: who has it runs code on
                 every node
    tls          None for traffic in the clear
    """

    address: str
    token_file: Path
    tls: ClusterTls | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment variables of every process of the cluster on this machine."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.token_file),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_enable_metrics_collection": "0",
            "RAY_gcs_rpc_server_reconnect_timeout_s": str(HEAD_AWAY_S),
            **tls_environment(self.tls),
        }


def tls_environment(tls: ClusterTls | None) -> dict[str, str]:
    """Return the environment variables by which Ray's processes speak TLS; none without certificates.

    source    "TLS authentication" in Ray's documentation
    """
    if tls is None:
        return {}
    return {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": str(tls.certificate),
        "RAY_TLS_SERVER_KEY": str(tls.key),
        "RAY_TLS_CA_CERT": str(tls.authority),
    }


def check_token_file(file: Path) -> None:
    """Check that a token file has a token and is private.

    raises    ClusterUnusable if there is no token in it, or somebody else could read or replace it
    """
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

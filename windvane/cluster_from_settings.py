"""What Settings say of the cluster on which tasks run, and whether its nodes reach what tasks need."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from windvane.addresses import is_loopback
from windvane.automl.request import DataParallel
from windvane.executor.access import Cluster, ClusterTls, check_token_file
from windvane.settings import BadSettings, Settings
from windvane.work.workers.config import OnCluster


def on_cluster(settings: Settings) -> OnCluster | None:
    """Return how tasks run on a cluster; None if they run on this machine.

    raises    BadSettings if other machines could not reach what tasks need, or the token would cross a network in the clear;
              ClusterUnusable if there is no token that is ours alone
    """
    chosen = settings.executor
    if not chosen.is_ray:
        return None
    if lacks := _out_of_reach(settings):
        raise BadSettings(
            f'[executor] kind is "ray", so tasks run on other machines, which cannot reach {lacks}'
        )
    if not chosen.tls_cert and not chosen.insecure and not is_here(chosen.address):
        raise BadSettings(
            f"[executor] address is {chosen.address}, on another machine, and there is no TLS: whoever reads the traffic has the token, "
            "and runs code on every node. Give tls_cert, tls_key and tls_ca, or, where nobody else is on the network, insecure = true."
        )
    tls = None
    if chosen.tls_cert:
        tls = ClusterTls(Path(chosen.tls_cert), Path(chosen.tls_key), Path(chosen.tls_ca))
    cluster = Cluster(chosen.address, Path(chosen.token_file), tls)
    check_token_file(cluster.token_file)
    parallel = DataParallel(chosen.data_parallel_rows, chosen.data_parallel_nodes)
    cache_bytes = chosen.cache_mb * 1_000_000
    return OnCluster(cluster, chosen.cpus, chosen.memory_mb, cache_bytes, parallel)


def _out_of_reach(settings: Settings) -> str:
    """Return what only this machine can reach of what tasks need, and what would be right; "" if there is nothing."""
    url = make_url(settings.store_url) if settings.store_url else None
    if url is None or url.get_backend_name() == "sqlite":
        return 'an SQLite database. Use PostgreSQL: [store] url = "postgresql://...".'
    if settings.s3 is None:
        return "the embedded S3 store. Use an external one: section [s3]."
    if not settings.exchange.is_store:
        return 'the folders of jobs. Let tasks exchange data through the S3 store: [exchange] kind = "store".'
    if is_here(settings.executor.address):
        return ""
    near = "only this machine reaches. Name the address that other machines use."
    if not url.host or is_loopback(url.host):
        return f"the database: [store] url names {url.host or 'a socket'}, which {near}"
    if is_loopback(urlsplit(settings.s3.endpoint).hostname or "s3"):
        return f"the S3 store: [s3] endpoint is {settings.s3.endpoint}, which {near}"
    return ""


def is_here(address: str) -> bool:
    """Return whether an address, HOST:PORT, is of this machine."""
    host = address.rpartition(":")[0].strip("[]")
    if is_loopback(host):
        return True
    try:
        socket.create_server((host, 0), family=_family_of(host)).close()
    except OSError:
        return False
    return True


def _family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

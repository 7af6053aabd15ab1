"""What `windvane doctor` checks of the network: whether ports are free, whether the places that the configuration names accept
connections, and whether the database lets the server in. No place can keep it waiting."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from windvane.cli.checkup import Check
from windvane.cli.folder import address
from windvane.cli.listeners import listening
from windvane.errors import StoreUnusable
from windvane.settings import BadSettings, Settings

WAIT_S = 5.0
"""For all places together: they are asked at the same time."""

_PORTS = {"http": 80, "https": 443}
_COLLECTOR = "http://localhost:4318"
_COLLECTOR_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@dataclass(frozen=True)
class Place:
    """A server that the configuration names.

    setting     that names it
    without     what does not work while it cannot be reached, a sentence
    database    the URL of a database, which is opened; "" for what need only accept connections
    """

    name: str
    host: str
    port: int
    setting: str
    without: str
    database: str = field(default="", repr=False)


def check_ports(settings: Settings) -> Check:
    """Check that the server can listen where the configuration says, unless it does already."""
    where = f"{settings.host}:{settings.port}"
    try:
        running = address(settings.data_dir)
    except OSError:
        running = None  # not ours to read; `data folder` says so
    if running is not None:
        return Check("ports", f"the server of this data folder listens on {running.url}")
    try:
        with listening(settings):
            return Check("ports", f"{where} is free")
    except BadSettings as error:
        return Check(
            "ports",
            str(error),
            "Stop what listens there (`ss -ltnp` shows it), or choose another [server] port, or --port of `windvane serve`.",
        )


def check_places(places: Sequence[Place], wait_s: float = WAIT_S) -> list[Check]:
    """Connect to every place, and wait for all of them no longer than that."""
    failures: dict[int, str] = {}
    if any(place.database for place in places):
        import_module("windvane.store.postgres")  # here, as it takes part of that time

    def connect(number: int, place: Place) -> None:
        try:
            if place.database:
                _open(place.database)
            else:
                socket.create_connection((place.host, place.port), timeout=wait_s).close()
            failures[number] = ""
        except StoreUnusable as error:
            failures[number] = str(error)
        except (OSError, UnicodeError, OverflowError) as error:
            failures[number] = str(getattr(error, "strerror", None) or error)

    # Not of a pool, which would be waited for at the end: a resolver that does not answer takes longer than that.
    threads = [
        threading.Thread(target=connect, args=(number, place), daemon=True)
        for number, place in enumerate(places)
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + wait_s
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    silent = f"no answer within {wait_s:g} seconds"
    return [_told(place, failures.get(number, silent)) for number, place in enumerate(places)]


def _open(url: str) -> None:
    """Read from a database, as the server does first.

    raises    StoreUnusable if it cannot be used
    """
    from windvane.store.open import open_store
    from windvane.store.postgres import PostgresStore

    with closing(open_store(url, Path())) as store, store.snapshot():
        if isinstance(store, PostgresStore):
            store.check_rights()


def _told(place: Place, failure: str) -> Check:
    where = f"{place.host}:{place.port}"
    if place.database:
        if not failure:
            return Check(place.name, f"{where} lets the server in, which may create tables there")
        return Check(
            place.name, failure, f"Correct {place.setting}, or the database.", prevents_start=True
        )
    if not failure:
        return Check(place.name, f"{where} accepts connections")
    return Check(
        place.name,
        f"{where} cannot be reached: {failure}",
        f"{place.without} Start it, correct {place.setting}, or let the network reach it.",
    )


def places_of(settings: Settings) -> Iterator[Place]:
    """Yield the places that the configuration names: of what is asked through a proxy, the proxy."""
    if settings.s3 is not None:
        without = "Without it, no job runs and no model is loaded."
        yield from _of_url("S3 store", settings.s3.endpoint, "[s3] endpoint", without)
    for bucket in settings.buckets:
        if bucket.endpoint:
            setting, without = "[[buckets]] endpoint", "Without it, jobs cannot read its objects."
            yield from _of_url(f"bucket {bucket.name}", bucket.endpoint, setting, without)
    yield from _database(settings.store_url)
    if settings.mlflow.tracking_uri:
        without = "Without it, jobs run and are logged later."
        yield from _of_url("MLflow", settings.mlflow.tracking_uri, "[mlflow] tracking_uri", without)
    if settings.tracing.enabled:
        named = [found for name in _COLLECTOR_VARIABLES if (found := os.environ.get(name))]
        url = settings.tracing.endpoint or (named[0] if named else _COLLECTOR)
        without = "Without it, jobs run and their traces are lost."
        yield from _of_url("traces", url, "[tracing] endpoint", without)
    if settings.executor.is_ray:
        host, _, port = settings.executor.address.rpartition(":")
        without = "Without it, no job runs."
        yield Place("Ray cluster", host, int(port), "[executor] address", without)


def _of_url(name: str, url: str, setting: str, without: str) -> Iterator[Place]:
    parts = urlsplit(url)
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme, proxies.get("all", ""))
    if proxy and not proxy_bypass(parts.netloc, proxies):
        name, setting = f"{name} (proxy)", f"{parts.scheme.upper()}_PROXY"
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    yield Place(
        name, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80), setting, without
    )


def _database(url: str) -> Iterator[Place]:
    """Yield a database that several servers can share, if its driver is installed; that of the data folder needs no reaching."""
    if not url or url.startswith("sqlite") or find_spec("psycopg") is None:
        return
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
        host, port = found.host or "socket on this machine", found.port or 5432
    except (ArgumentError, ValueError):
        host, port = "", 0  # told when it is opened
    without = "Without it, the server does not start."
    yield Place("database", host, port, "[store] url", without, url)

"""What a server has in common with the others on its store: keys, a membership, endpoints, and rates of requests.

A server that has its store for itself has the same parts, most of which do nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from windvane import __version__
from windvane.api.audit_logs import ASK, LocalLog, Logs
from windvane.api.key_file import KeyFile, load_or_create_keys
from windvane.api.shared_keys import SharedKeys
from windvane.audit.files import server_of
from windvane.audit.log import AUDIT_FOLDER
from windvane.control.kms.master import MasterKeys
from windvane.control.scaling.measuring import Totals
from windvane.control.servers.echo import Echo
from windvane.control.servers.joining import check_upgrade
from windvane.control.servers.membership import Membership, SharedMembership, SingleServerMembership
from windvane.domain.server import ServerRecord
from windvane.names import Scope, derived_suffix, fresh_suffix
from windvane.process.memory import machine_memory_mb
from windvane.serving.explaining import Explaining
from windvane.serving.figures import Arrivals
from windvane.serving.peer_asks import asks_of
from windvane.serving.peer_gateway import PeerGateway
from windvane.serving.peers import Peers
from windvane.serving.router import Router
from windvane.settings import Settings
from windvane.store.schema import NEWEST_VERSION
from windvane.store.sql import SqlStore
from windvane.wire.bodies import Bodies
from windvane.wire.failures import FailureCounter
from windvane.wire.rates import AccountRates
from windvane.work.hosting.hosting import Hosting
from windvane.work.hosting.placing import ALL_HERE, Placing, SharedPlacing

_SPARED = timedelta(seconds=3)
"""Of the lease of a task on a cluster. Leases are renewed at 11 s (work/workers/attendance.py): for eight or more the task has
had time to be taken over, which takes as long (executor/node.py)."""

_HAND_OVER_S, _LOOK_S = 20.0, 0.05
"""For which a server that leaves waits until its instances are up on others."""


class Sharing:
    """The facts that a server shares with the others on its store.

    own           this server, as others on the store may know it
    keys          of the data folder, and of all servers of the store
    shared_keys   keeps them so; None if there can be one server alone
    peers         asks other servers; None likewise
    peer_gateway  answers them, once it was made
    """

    def __init__(
        self,
        settings: Settings,
        store: SqlStore,
        masters: MasterKeys,
        address: str,
        failures: FailureCounter,
        rates: AccountRates,
        *,
        is_host_only: bool = False,
    ) -> None:
        """Join the store. Where it can be shared, bring its schema up to date: the keys are in it.

        address    URL at which this server listens
        is_host_only
                   it runs instances of endpoints and nothing else
        raises     StoreUnusable, UnusableKeys, UnusableMasterKey
        """
        self._failures, self._rates = failures, rates
        self.shared_keys: SharedKeys | None = None
        self.peers: Peers | None = None
        self.peer_gateway: PeerGateway | None = None
        self._router: Router | None = None
        self._heard: Mapping[str, Arrivals] = {}
        self._totals: Totals[tuple[Scope, str, str]] = Totals()
        run = fresh_suffix(8)
        self.membership: Membership
        self.placing: Placing
        audit = settings.data_dir / AUDIT_FOLDER
        if not store.is_shared:
            self.keys: KeyFile = load_or_create_keys(settings.data_dir, settings.account)
            self.membership, self.placing = SingleServerMembership(run, store, _utc_now), ALL_HERE
            self.logs = Logs(LocalLog(audit), self.membership, None)
            own = _own_record(settings, run, address)
            self.own = replace(own, memory_mb=machine_memory_mb())  # it may use all that there is
            return
        check_upgrade(store)
        store.migrate()
        self.shared_keys = SharedKeys(store, masters, settings.data_dir, settings.account, audit)
        self.keys = self.shared_keys.agree()
        self.own = replace(_own_record(settings, run, address), is_host_only=is_host_only)
        self.membership = SharedMembership(
            store,
            self.own,
            _utc_now,
            self._tell,
            self._hear,
            _SPARED if settings.executor.is_ray else None,
        )
        self.placing = SharedPlacing(run, settings.serving.instance_mb)
        self.peers = Peers(self.keys.token_secret, time.time)
        self.logs = Logs(LocalLog(audit), self.membership, self.peers)

    def answer_peers(self, bodies: Bodies, router: Router, explaining: Explaining) -> None:
        """Make what answers other servers."""
        self._router = router
        if self.peers is not None:
            asks = {**asks_of(router, explaining), ASK: self.logs.local.ask}
            self.peer_gateway = PeerGateway(self.keys.token_secret, bodies, asks)

    async def join(self) -> None:
        """Join the other servers; to be called on the event loop that serves requests, whose signs heartbeats go by.

        raises    StoreUnusable if this server cannot be one of those that are there
        """
        echo = Echo(asyncio.get_running_loop().call_soon_threadsafe)
        self.membership.beat_with(echo.silent_s)
        await asyncio.to_thread(self.membership.start)

    def arrivals(self) -> Arrivals:
        """Return how many requests came to each variant on all servers together; they only grow while this server lives."""
        own = {} if self._router is None else self._router.arrivals()
        if not self.membership.is_shared:
            return own
        return self._totals.of({self.membership.id: own, **self._heard})

    def use_secret(self, secret: bytes) -> None:
        """Use another secret that all servers share, from now on."""
        for one in (self.peers, self.peer_gateway):
            if one is not None:
                one.replace(secret)

    async def leave(self, hosting: Hosting) -> None:
        """Hand over to other servers, if there are some, what they can go on with at once: whoever asks for an endpoint that
        has instances here does not notice."""
        await asyncio.to_thread(self.membership.leave)
        until = time.monotonic() + _HAND_OVER_S
        while (
            hosting.n_here
            and any(not one.is_leaving for one in self.membership.live())
            and time.monotonic() < until
        ):
            await asyncio.sleep(_LOOK_S)

    async def close(self) -> None:
        if self.peers is not None:
            await self.peers.close()

    def _tell(self) -> dict[str, Any]:
        """Return what the other servers are to know all the time."""
        arrivals = {} if self._router is None else self._router.recent_arrivals()
        return {
            "schema": NEWEST_VERSION,
            "failures": self._failures.told_others(),
            "rates": self._rates.told_others(),
            "arrivals": [
                [scope.account, scope.region, endpoint, variant, n]
                for (scope, endpoint, variant), n in arrivals.items()
            ],
        }

    def _hear(self, told: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in what the other servers tell.

        told    by their ids
        """
        self._failures.hear([one.get("failures", {}) for one in told.values()])
        self._rates.hear([one.get("rates", {}) for one in told.values()])
        self._heard = {
            server: {
                (Scope(account, region), endpoint, variant): n
                for account, region, endpoint, variant, n in one.get("arrivals", ())
            }
            for server, one in told.items()
        }


def _own_record(settings: Settings, run: str, address: str) -> ServerRecord:
    """Return what other servers are to know of this one; its times are set when it joins them."""
    host, now, data_dir = socket.gethostname(), _utc_now(), settings.data_dir.absolute()
    return ServerRecord(
        id=run,
        folder=_name_of(data_dir, host),
        version=__version__,
        host=host,
        address=settings.address or address,
        certificate=fingerprint(settings.tls_cert),
        objects=_objects_of(settings, f"the data folder {data_dir} of {host}"),
        workers=settings.tasks_at_once,
        memory_mb=settings.serving.host_memory_mb or machine_memory_mb(),
        cores=os.cpu_count() or 1,
        started=now,
        up_since=now,
        heartbeat=now,
        told={"schema": NEWEST_VERSION},
    )


def _objects_of(settings: Settings, here: str) -> str:
    """Return what names the places where this server keeps objects and what the tasks of a job exchange.

    here    the data folder
    """
    external = settings.s3 and (settings.s3.endpoint.rstrip("/") or f"S3 of {settings.s3.region}")
    exchange = settings.exchange
    exchanged = f"the bucket {exchange.bucket}" if exchange.is_store else here
    return f"{external or here}, and what tasks exchange in {exchanged}"


def _name_of(data_dir: Path, host: str) -> str:
    """Return what names a data folder on its machine: a copy of it is another one."""
    machine = Path("/etc/machine-id")
    told = machine.read_text() if machine.is_file() else ""
    return derived_suffix(server_of(data_dir / AUDIT_FOLDER), told, host, str(data_dir), n_hex=32)


def fingerprint(certificate: str) -> str:
    """Return the SHA-256 of the first certificate in a PEM file, in hexadecimal; "" for no file."""
    if not certificate:
        return ""
    text, end, _ = Path(certificate).read_text().partition("-----END CERTIFICATE-----")
    pem = text[text.index("-----BEGIN CERTIFICATE-----") :] + end
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def _utc_now() -> datetime:
    return datetime.now(UTC)

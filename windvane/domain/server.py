"""A server: one `windvane serve` of those that share a store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

DEAD_AFTER = timedelta(seconds=9)
"""Without a heartbeat. Others look once a second, so that a death is noticed within ten seconds of the last one."""


@dataclass(frozen=True, kw_only=True)
class ServerRecord:
    """One life of a server. Times are those of the store's clock.

    id           unique among all lives of all servers; the names of its workers begin with it
    folder       names its data folder and the machine that this is on
    version      of Windvane
    host         name of the machine
    address      URL at which other servers reach it
    certificate  SHA-256 of the certificate that it shows there, in hexadecimal; "" without TLS
    objects      names the S3 store that it uses, and where tasks exchange data
    workers      its training workers
    memory_mb    that it has for instances of endpoints
    cores        that it has for them
    is_host_only it runs instances and nothing else: it serves no API, leads nothing and looks after no endpoint
    up_since     since when one server or another has been up without a gap
    heartbeat    when it was heard of last
    is_leaving   it stops as soon as others have taken over from it
    told         what it tells the others, JSON
    """

    id: str
    folder: str
    version: str
    host: str
    address: str
    certificate: str
    objects: str
    workers: int
    started: datetime
    up_since: datetime
    heartbeat: datetime
    memory_mb: int = 0
    cores: int = 1
    is_host_only: bool = False
    is_leaving: bool = False
    told: dict[str, Any] = field(default_factory=dict)

    def is_live(self, now: datetime) -> bool:
        """Return whether its heart beats; `now` by the store's clock."""
        return now - self.heartbeat < DEAD_AFTER

    @property
    def schema(self) -> str:
        """The version of the database's schema that it knows; versions up to 0010 do not tell."""
        return str(self.told.get("schema", "0010"))

    @property
    def named(self) -> str:
        """The server as messages name it."""
        return f"{self.id} ({self.address}, on {self.host})"


@dataclass(frozen=True)
class Lease:
    """Which server leads what one server does for all.

    holder    its id; "" for nobody
    number    grows whenever the lease changes hands
    """

    holder: str = ""
    number: int = 0


def live_ids(servers: Iterable[ServerRecord], now: datetime) -> frozenset[str]:
    """Return the ids of those whose heart beats."""
    return frozenset(one.id for one in servers if one.is_live(now))

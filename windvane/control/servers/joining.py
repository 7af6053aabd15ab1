"""What keeps a server from joining those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from windvane.addresses import is_loopback
from windvane.domain.server import ServerRecord
from windvane.errors import StoreUnusable
from windvane.store.schema import NEWEST_VERSION, OLDEST_BESIDE
from windvane.store.sql import SqlStore

MOST_SKEW = timedelta(seconds=2)
"""Leases of tasks go by each server's own clock: they hold for 15 seconds."""

FIRST_WITH_SERVERS = "0008"
"""Version of the schema."""


class ClockDiffers(StoreUnusable):
    """The clock of this machine is not the store's."""


class DoesNotFit(StoreUnusable):
    """A server cannot work beside those that are there."""


def check_clock(offset: timedelta) -> None:
    """Check that this machine's clock agrees with the database's.

    offset    by which this machine's clock is ahead of the database's

    raises    ClockDiffers
    """
    if abs(offset) <= MOST_SKEW:
        return
    seconds = offset.total_seconds()
    raise ClockDiffers(
        f"The clock of this machine is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} the database's; "
        f"{MOST_SKEW.total_seconds():g} s are the most with which servers can share it. Set both by the same NTP servers."
    )


def check_fits(own: ServerRecord, others: Sequence[ServerRecord]) -> None:
    """Check that a server keeps its objects where the others do.

    raises    DoesNotFit
    """
    for other in others:
        if own.objects != other.objects:
            raise DoesNotFit(
                f"This server keeps objects in {own.objects}; the server {other.named}, which uses the same database, keeps "
                f"them in {other.objects}. Servers that share a database share an S3 store as well: give each the same [s3] in "
                'its configuration, and [exchange] kind = "store".'
            )
        if own.host != other.host:
            for one, where in ((own, other), (other, own)):
                if is_loopback(urlsplit(one.address).hostname or ""):
                    raise DoesNotFit(
                        f"The server {one.named} listens where {where.host} does not reach it, and servers that share a "
                        "database pass requests on to each other. Let it listen on an address of its network, or give it "
                        "[server] address in its configuration."
                    )


def check_upgrade(store: SqlStore) -> None:
    """Check that this version may work with the schema that there is, or bring it up to date beneath the servers that live: it
    may if they, or it, are no older than what a schema has to be to do without the other.

    raises    DoesNotFit
    """
    with store.snapshot() as tx:
        version = tx.schema_version()
        if version < FIRST_WITH_SERVERS or version == NEWEST_VERSION:
            return
        oldest, now = tx.oldest_schema(), tx.store_time()
        there = [one for one in tx.servers() if one.is_live(now)]
    if version > NEWEST_VERSION and oldest > NEWEST_VERSION:
        raise DoesNotFit(
            f"The database has the schema {version}, which versions of Windvane from schema {oldest} on can use; this one has "
            f"{NEWEST_VERSION}. Servers that use it: {_named(there)}. Start a newer version."
        )
    hindering = [one for one in there if one.schema < OLDEST_BESIDE]
    if version < NEWEST_VERSION and hindering:
        raise DoesNotFit(
            f"This version of Windvane has to change the database's schema ({version} to {NEWEST_VERSION}), and "
            f"{len(hindering)} server(s) of earlier versions work with it: {_named(hindering)}. "
            "Stop them first; they can be started again once they have this version, too."
        )


def _named(servers: Sequence[ServerRecord]) -> str:
    return ", ".join(one.named for one in servers) or "none"

"""The servers that share the store, in their tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from windvane.domain.server import Lease, ServerRecord
from windvane.store.records import check_json
from windvane.store.rows import Rows
from windvane.store.schema import LEASES, PLACEMENTS, SERVERS, SHARED_SECRETS
from windvane.store.server_book import SharedSecret
from windvane.store.times import from_micros, to_micros

_LEADER = "leader"


class ServerRows(Rows):
    """The part of a Transaction that is about servers."""

    def store_time(self) -> datetime:
        if self._connection.dialect.name == "sqlite":  # which has the clock of its process
            return datetime.now(UTC)
        told: datetime = self._connection.execute(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)

    def servers(self) -> list[ServerRecord]:
        found = select(SERVERS).order_by(SERVERS.c.started, SERVERS.c.id)
        return [_server(row) for row in self._connection.execute(found)]

    def put_server(self, server: ServerRecord) -> None:
        self.remove_server(server.id)
        self._connection.execute(insert(SERVERS).values(**_columns(server)))

    def beat(self, server_id: str, told: Mapping[str, Any], *, is_leaving: bool) -> bool:
        beaten = update(SERVERS).where(SERVERS.c.id == server_id)
        values = {
            "heartbeat": to_micros(self.store_time()),
            "is_leaving": int(is_leaving),
            "told": _json(told),
        }
        return self._connection.execute(beaten.values(**values)).rowcount == 1

    def remove_server(self, server_id: str) -> None:
        self._connection.execute(delete(SERVERS).where(SERVERS.c.id == server_id))

    def lease(self) -> Lease:
        found = select(LEASES).where(LEASES.c.name == _LEADER)
        row = self._connection.execute(found).first()
        return Lease() if row is None else Lease(row.holder, row.number)

    def hand_lease(self, holder: str) -> Lease:
        given = Lease(holder, self.lease().number + 1)
        self._connection.execute(delete(LEASES).where(LEASES.c.name == _LEADER))
        row = {"name": _LEADER, "holder": given.holder, "number": given.number}
        self._connection.execute(insert(LEASES).values(**row))
        return given

    def placements(self) -> dict[str, str]:
        rows = self._connection.execute(select(PLACEMENTS.c.arn, PLACEMENTS.c.server))
        return {row.arn: row.server for row in rows}

    def place(self, arn: str, server_id: str) -> None:
        self._connection.execute(delete(PLACEMENTS).where(PLACEMENTS.c.arn == arn.lower()))
        self._connection.execute(insert(PLACEMENTS).values(arn=arn.lower(), server=server_id))

    def shared_secret(self, name: str) -> SharedSecret | None:
        found = select(SHARED_SECRETS).where(SHARED_SECRETS.c.name == name)
        row = self._connection.execute(found).first()
        return None if row is None else SharedSecret(row.revision, row.sealed)

    def put_shared_secret(self, name: str, secret: SharedSecret) -> None:
        self._connection.execute(delete(SHARED_SECRETS).where(SHARED_SECRETS.c.name == name))
        row = {"name": name, "revision": secret.revision, "sealed": secret.sealed}
        self._connection.execute(insert(SHARED_SECRETS).values(**row))


def _columns(server: ServerRecord) -> dict[str, Any]:
    return {
        "id": server.id,
        "folder": server.folder,
        "version": server.version,
        "host": server.host,
        "address": server.address,
        "certificate": server.certificate,
        "objects": server.objects,
        "workers": server.workers,
        "started": to_micros(server.started),
        "up_since": to_micros(server.up_since),
        "heartbeat": to_micros(server.heartbeat),
        "is_leaving": int(server.is_leaving),
        "told": _json(server.told),
    }


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(check_json(dict(told)), separators=(",", ":"))


def _server(row: Row[Any]) -> ServerRecord:
    return ServerRecord(
        id=row.id,
        folder=row.folder,
        version=row.version,
        host=row.host,
        address=row.address,
        certificate=row.certificate,
        objects=row.objects,
        workers=row.workers,
        started=from_micros(row.started),
        up_since=from_micros(row.up_since),
        heartbeat=from_micros(row.heartbeat),
        is_leaving=bool(row.is_leaving),
        told=json.loads(row.told),
    )

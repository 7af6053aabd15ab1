"""The servers that share the store, in their tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.domain.server import Lease, ServerRecord
from windvane.notes.note import note_from_json, note_to_json
from windvane.store.records import check_json
from windvane.store.rows import Rows
from windvane.store.schema import INSTANCES, LEASES, PLACEMENTS, SERVERS, SHARED_SECRETS
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

    def beat(
        self,
        server_id: str,
        told: Mapping[str, Any],
        *,
        is_leaving: bool,
        silent: timedelta = timedelta(),
    ) -> bool:
        beaten = update(SERVERS).where(SERVERS.c.id == server_id)
        values = {
            "heartbeat": to_micros(self.store_time() - silent),
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

    def instances(self) -> list[PlacedInstance]:
        columns = INSTANCES.c
        order = (columns.arn, columns.generation, columns.variant, columns.number, columns.id)
        found = self._connection.execute(select(INSTANCES).order_by(*order))
        return [_instance(row) for row in found]

    def place_instances(self, placed: Iterable[PlacedInstance]) -> None:
        for one in placed:
            unit = one.unit
            row = {
                "id": one.id,
                "arn": unit.arn.lower(),
                "generation": unit.generation,
                "variant": unit.variant,
                "number": unit.number,
                "server": one.server,
                "memory_mb": one.memory_mb,
            }
            self._connection.execute(insert(INSTANCES).values(**row, **_told(one.state)))

    def tell_instance(self, instance_id: str, state: InstanceState) -> bool:
        told = update(INSTANCES).where(INSTANCES.c.id == instance_id).values(**_told(state))
        return self._connection.execute(told).rowcount == 1

    def remove_instances(self, ids: Iterable[str]) -> None:
        self._connection.execute(delete(INSTANCES).where(INSTANCES.c.id.in_(sorted(ids))))

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
        "memory_mb": server.memory_mb,
        "cores": server.cores,
        "is_host_only": int(server.is_host_only),
    }


def _told(state: InstanceState) -> dict[str, Any]:
    failure = None if state.failure is None else _json(note_to_json(state.failure))
    return {"is_up": int(state.is_up), "failure": failure, "why_down": state.why_down}


def _instance(row: Row[Any]) -> PlacedInstance:
    failure = None if row.failure is None else note_from_json(json.loads(row.failure))
    return PlacedInstance(
        row.id,
        Unit(row.arn, row.generation, row.variant, row.number),
        row.server,
        row.memory_mb,
        InstanceState(bool(row.is_up), failure, row.why_down),
    )


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
        memory_mb=row.memory_mb,
        cores=row.cores,
        is_host_only=bool(row.is_host_only),
    )

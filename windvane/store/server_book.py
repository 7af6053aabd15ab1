"""What a transaction can do with the servers that share the store: who is there, who leads, who looks after which endpoint, who runs
which instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from windvane.domain.instance import InstanceState, PlacedInstance
from windvane.domain.server import Lease, ServerRecord


@dataclass(frozen=True)
class SharedSecret:
    """A secret that all servers of a store have to know alike, sealed.

    revision    grows with each change
    """

    revision: int
    sealed: str


class ServerBook(Protocol):
    """A store that one server alone can use (`Store.is_shared`) has no servers in it, and nobody has to lead."""

    def store_time(self) -> datetime:
        """Return the time now by the clock that all servers share: the database's."""

    def servers(self) -> list[ServerRecord]:
        """Return those that are there, live or not, in the order in which they started."""

    def put_server(self, server: ServerRecord) -> None:
        """Add or replace."""

    def beat(
        self,
        server_id: str,
        told: Mapping[str, Any],
        *,
        is_leaving: bool,
        silent: timedelta = timedelta(),
    ) -> bool:
        """Set a server's heartbeat to now, or to when it fell silent. False if it is not there: it was taken for dead."""

    def remove_server(self, server_id: str) -> None: ...

    def lease(self) -> Lease: ...

    def hand_lease(self, holder: str) -> Lease:
        """Give the lease to a server, or to nobody (""); return it with its new number."""

    def placements(self) -> dict[str, str]:
        """Return the id of the server that looks after an endpoint, by the endpoint's ARN in lower case."""

    def place(self, arn: str, server_id: str) -> None:
        """Record that this server looks after the endpoint from now on. The placement goes with the endpoint."""

    def instances(self) -> list[PlacedInstance]:
        """Return what is placed on servers, of all endpoints, in the order of endpoints, generations, variants, numbers."""

    def place_instances(self, placed: Iterable[PlacedInstance]) -> None:
        """Add these. They go with their endpoint."""

    def tell_instance(self, instance_id: str, state: InstanceState) -> bool:
        """Keep what its server tells of an instance. False if it is not placed there any more."""

    def remove_instances(self, ids: Iterable[str]) -> None: ...

    def shared_secret(self, name: str) -> SharedSecret | None: ...

    def put_shared_secret(self, name: str, secret: SharedSecret) -> None:
        """Add or replace."""

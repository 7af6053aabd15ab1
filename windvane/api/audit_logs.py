"""The audit logs of the servers on a store: this one's is read, the others are asked for theirs."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from windvane.audit.lookup import Found, Places, Wanted, look_up
from windvane.audit.reading import Place
from windvane.control.servers.membership import Membership
from windvane.errors import InvalidRequest, Throttled
from windvane.process.frames import Frame
from windvane.serving.peer_gateway import Ask
from windvane.serving.peers import Peer, PeerFailed, PeerGone, Peers
from windvane.wire.account_semaphores import AccountSemaphores

_LOG = logging.getLogger(__name__)

ASK = "look_up_events"
"""What another server calls it when it asks for a page of this one's log."""

_AT_ONCE = 2
"""Pages that are read for one account: the threads that do it are the event loop's own, which everybody needs."""
_ANSWER_S = 20.0


class Log(Protocol):
    """The audit log of one server."""

    async def look_up(self, wanted: Wanted, before: Places, limit: int) -> Found:
        """Return a page of it (audit/lookup.py).

        raises    Throttled if it cannot be read now
        """


class LocalLog:
    """The log of this server.

    folder    of the log
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns = AccountSemaphores(_AT_ONCE)

    async def look_up(self, wanted: Wanted, before: Places, limit: int) -> Found:
        async with self._turns.of(wanted.account):
            return await asyncio.to_thread(look_up, self._folder, wanted, before, limit)

    @property
    def ask(self) -> Ask:
        """Answers other servers that want a page."""

        async def answer(header: Mapping[str, Any], _body: bytes) -> Frame:
            wanted = _wanted_from_json(header)
            found = await self.look_up(wanted, places_from_json(header["before"]), header["limit"])
            return {}, await asyncio.to_thread(_found_to_json, found)

        return answer


class _LogElsewhere:
    """The log of another server."""

    def __init__(self, peers: Peers, peer: Peer) -> None:
        self._peers, self._peer = peers, peer

    async def look_up(self, wanted: Wanted, before: Places, limit: int) -> Found:
        asked = {"ask": ASK, **_wanted_to_json(wanted), "before": places_to_json(before)}
        try:
            _, body = await self._peers.ask(self._peer, {**asked, "limit": limit}, b"", _ANSWER_S)
        except (PeerGone, PeerFailed, TimeoutError, InvalidRequest) as error:
            _LOG.warning("The audit log of %s cannot be read: %r", self._peer.address, error)
            raise Throttled(
                "The audit log of one of the servers cannot be read now; try again."
            ) from error
        return await asyncio.to_thread(_found_from_json, body)


class Logs:
    """The logs of all servers that live.

    peers    asks the others; None where this server has its store for itself
    """

    def __init__(self, local: LocalLog, membership: Membership, peers: Peers | None) -> None:
        self.local = local
        self._membership, self._peers = membership, peers

    def by_server(self) -> dict[str, Log]:
        """Return them by what names a server's folder, also after it was started anew; "" for a server alone."""
        if self._peers is None:
            return {"": self.local}
        logs: dict[str, Log] = {}
        for one in self._membership.live():
            if one.id == self._membership.id:
                logs[one.folder] = self.local
            elif not one.is_host_only:
                logs[one.folder] = _LogElsewhere(
                    self._peers, Peer(one.id, one.address, one.certificate)
                )
        return logs


def places_to_json(places: Places) -> list[list[Any]]:
    return [[writer, place.name, place.offset] for writer, place in places.items()]


def places_from_json(told: list[list[Any]]) -> Places:
    return {writer: Place(name, offset) for writer, name, offset in told}


def _wanted_to_json(wanted: Wanted) -> dict[str, Any]:
    times = {"since": wanted.since, "until": wanted.until}
    return {
        "account": wanted.account,
        "region": wanted.region,
        "attribute": wanted.attribute,
        **{name: at.isoformat() if at else "" for name, at in times.items()},
    }


def _wanted_from_json(told: Mapping[str, Any]) -> Wanted:
    name_and_value = told["attribute"]
    since, until = (
        datetime.fromisoformat(told[name]) if told[name] else None for name in ("since", "until")
    )
    attribute = (name_and_value[0], name_and_value[1]) if name_and_value else None
    return Wanted(told["account"], told["region"], attribute, since, until)


def _found_to_json(found: Found) -> bytes:
    after = [places_to_json(one) for one in found.after]
    places = None if found.places is None else places_to_json(found.places)
    return json.dumps([found.events, after, places, found.reached]).encode()


def _found_from_json(body: bytes) -> Found:
    events, after, places, reached = json.loads(body)
    return Found(
        tuple(events),
        tuple(places_from_json(one) for one in after),
        None if places is None else places_from_json(places),
        reached,
    )

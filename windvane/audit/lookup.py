"""Finds events of one account, the newest first, as LookupEvents does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from windvane.audit.chain import Line
from windvane.audit.files import account_of, files_of
from windvane.audit.reading import LineFilter, Passed, Place, read_backward
from windvane.audit.record import Event

MOST_READ_BYTES = 4 << 20
"""Read for one page: a page may hold fewer events than asked for, and a token to go on."""

_PASSED_OVER = 8
"""A line that is not decoded costs less than an eighth of one that is."""


@dataclass(frozen=True)
class Wanted:
    """Which events are looked for.

    attribute     name and value as in LookupAttributes; None for all
    since, until  bounds of the event's time, the first included
    """

    account: str
    region: str
    attribute: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, event: Event) -> bool:
        if event.get("recipientAccountId") != self.account or not event.get("managementEvent"):
            return False
        if event.get("awsRegion") != self.region:
            return False
        at = time_of(event)
        if (self.since and at < self.since) or (self.until and at > self.until):
            return False
        return self.attribute is None or _has(event, *self.attribute)


Places = dict[str, Place]
"""How far each writer's lines were read, backward; one that was not begun is left out."""


@dataclass(frozen=True)
class Found:
    """One page.

    after      where to go on after each of the events
    places     where to go on after the page; None on the last one
    reached    the time that nothing left is newer than; "" on the last one
    """

    events: tuple[Event, ...]
    after: tuple[Places, ...]
    places: Places | None
    reached: str = ""


class _Reader:
    """The lines of one writer, backward.

    place    before what was taken; None for nothing
    line     that is taken next, if one was found
    reached  the time of what was looked at last: whatever comes is no newer; "" if that is not known
    is_over  nothing is left of what is sought
    """

    def __init__(self, folder: Path, writer: str, place: Place | None, sought: LineFilter) -> None:
        self._lines = read_backward(folder, writer, place, sought)
        self._next = place
        self.place = place
        self.line: Line | None = None
        self.reached = ""
        self.is_over = False

    def look(self, since: datetime | None) -> int:
        """Look at one line; return what it cost, in bytes that are decoded."""
        found = next(self._lines, None)
        if found is None:
            self.is_over = True
            return 0
        line, place, n_bytes = found
        if isinstance(line, Passed):
            self.place, self.reached = place, line.time
            return n_bytes // _PASSED_OVER
        self.reached = str(line.event["eventTime"])
        if since and time_of(line.event) < since:
            self.is_over = True
        else:
            self.line, self._next = line, place
        return n_bytes

    def may_have_newer(self, moment: str) -> bool:
        """Return whether it has to be looked on before a line of this time is taken, "" for none."""
        return self.line is None and (not self.reached or self.reached > moment)

    def take(self) -> Event:
        if self.line is None:
            raise ValueError("No line was found.")
        event, self.line, self.place = self.line.event, None, self._next
        return event


_UNKNOWN = "~"
"""Greater than any time."""

_OVER = Place("", 0)
"""Before which there is nothing."""


def look_up(folder: Path, wanted: Wanted, before: Places, limit: int) -> Found:
    """Return up to `limit` events, the newest first, from before these places on."""
    sought, events, after, read = _sought(wanted), list[Event](), list[Places](), 0
    readers = {
        writer: _Reader(folder, writer, before.get(writer), sought)
        for writer in _writers(folder, wanted.account)
    }
    while open_ones := [one for one in readers.values() if not one.is_over]:
        if len(events) >= limit or (read >= MOST_READ_BYTES and _places(readers) != before):
            reached = max(one.reached or _UNKNOWN for one in open_ones)
            return Found(tuple(events), tuple(after), _places(readers), reached)
        newest = max((one.reached for one in open_ones if one.line is not None), default="")
        behind = [one for one in open_ones if one.may_have_newer(newest)]
        if behind:
            furthest = max(behind, key=lambda one: (not one.reached, one.reached))
            read += furthest.look(wanted.since)
            continue
        event = next(one for one in open_ones if one.line and one.reached == newest).take()
        if wanted.matches(event):
            events.append(event)
            after.append(_places(readers))
    return Found(tuple(events), tuple(after), None)


def _writers(folder: Path, account: str) -> set[str]:
    """Return those that may have written of an account: its own, and those of what nobody was proved to have sent."""
    return {file.writer for file in files_of(folder) if account_of(file.writer) in ("", account)}


def _places(readers: dict[str, _Reader]) -> Places:
    places = {}
    for writer, reader in readers.items():
        if reader.is_over:
            places[writer] = _OVER
        elif reader.place is not None:
            places[writer] = reader.place
    return places


def _sought(wanted: Wanted) -> LineFilter:
    """A line is written on the day of its event, or just after midnight."""
    holds = [f'"recipientAccountId":"{wanted.account}"'.encode()]
    if wanted.attribute is not None and wanted.attribute[0] in _WRITTEN_AS_THEY_ARE:
        holds.append(json.dumps(wanted.attribute[1])[1:-1].encode())
    until = wanted.until + timedelta(days=1) if wanted.until else None
    return LineFilter(_day_of(wanted.since), _day_of(until), tuple(holds))


def _day_of(moment: datetime | None) -> str:
    """Return the day of a moment as names of files have it; "" for no moment."""
    return moment.astimezone(UTC).strftime("%Y%m%d") if moment else ""


_WRITTEN_AS_THEY_ARE = ("EventId", "EventName", "ResourceName", "AccessKeyId")
"""Attributes whose value stands in the line of an event that has it."""


def time_of(event: Event) -> datetime:
    """Return when an event happened."""
    return datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def user_of(event: Event) -> str:
    """Return the name of who acted: a user's, a session's, "root"; "" for nobody who was proved."""
    identity = event.get("userIdentity", {})
    if identity.get("type") == "Root":
        return "root"
    named = identity.get("userName") or identity.get("arn", "").rpartition("/")[2]
    return str(named)


def resources_of(event: Event) -> list[dict[str, str]]:
    """Return type and name of what was acted on, as LookupEvents tells them."""
    return [
        {"ResourceType": resource.get("type", "Unknown"), "ResourceName": resource["ARN"]}
        for resource in event.get("resources", ())
    ]


def _has(event: Event, name: str, value: str) -> bool:
    if name in ("ResourceName", "ResourceType"):
        return any(
            value == found[name] or (name == "ResourceName" and _last(found[name]) == value)
            for found in resources_of(event)
        )
    return str(_ATTRIBUTES[name](event)) == value


def _last(arn: str) -> str:
    return arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]


_ATTRIBUTES: dict[str, Callable[[Event], Any]] = {
    "EventId": lambda event: event["eventID"],
    "EventName": lambda event: event["eventName"],
    "EventSource": lambda event: event["eventSource"],
    "ReadOnly": lambda event: "true" if event["readOnly"] else "false",
    "Username": user_of,
    "AccessKeyId": lambda event: event["userIdentity"].get("accessKeyId", ""),
}


def as_text(event: Event) -> str:
    """Return an event as CloudTrail hands it out."""
    return json.dumps(event, separators=(",", ":"))

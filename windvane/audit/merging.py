"""Pages of the logs of several servers, made one page: the newest events first, as far as no server may have newer ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from windvane.audit.lookup import Found, Places
from windvane.audit.record import Event


@dataclass(frozen=True)
class Merged:
    """One page of all logs.

    positions    where to go on in the logs that have more, by server
    """

    events: tuple[Event, ...]
    positions: Mapping[str, Places]


def merged(found: Mapping[str, Found], before: Mapping[str, Places], limit: int) -> Merged:
    """Return up to `limit` events of pages that begin at these places, by server."""
    taken, events = dict.fromkeys(found, 0), list[Event]()
    while len(events) < limit:
        heads = {
            server: page.events[taken[server]]
            for server, page in found.items()
            if taken[server] < len(page.events)
        }
        if not heads:
            break
        newest = max(heads, key=lambda server: str(heads[server]["eventTime"]))
        at = str(heads[newest]["eventTime"])
        if any(page.reached > at for server, page in found.items() if server not in heads):
            break
        events.append(heads[newest])
        taken[newest] += 1
    positions: dict[str, Places] = {}
    for server, page in found.items():
        n = taken[server]
        if n < len(page.events):
            positions[server] = page.after[n - 1] if n else before.get(server, {})
        elif page.places is not None:
            positions[server] = page.places
    return Merged(tuple(events), positions)

"""CloudTrail's LookupEvents: an account's own events of the last 90 days, the newest first, from the logs of all servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from windvane.api.answers import present
from windvane.api.audit_logs import Log, Logs, places_from_json, places_to_json
from windvane.audit.lookup import Places, Wanted, as_text, resources_of, time_of, user_of
from windvane.audit.merging import Merged, merged
from windvane.audit.record import Event
from windvane.errors import InvalidLookup, InvalidPageToken, InvalidRequest, InvalidTimeRange
from windvane.names import PageTokens
from windvane.wire.call import Call, Result
from windvane.wire.edge import AsyncHandler
from windvane.wire.rates import AccountRates

LOOKED_BACK = timedelta(days=90)
LOOKED_UP_PER_S = 2
"""By one account, as CloudTrail allows: each reads up to 4 MB, and others wait for the interpreter meanwhile."""
_MOST = 50


class Trail:
    """Serves LookupEvents from the audit logs of the servers that live."""

    def __init__(self, logs: Logs, tokens: PageTokens, clock: Callable[[], datetime]) -> None:
        self._logs = logs
        self._tokens = tokens
        self._clock = clock
        self._rates = AccountRates(LOOKED_UP_PER_S)

    async def look_up(self, call: Call) -> Result:
        """Serve LookupEvents: a page of the caller's events that match the request.

        raises    InvalidLookup, InvalidTimeRange, InvalidPageToken; Throttled
        """
        self._rates.admit(call.caller.account)
        parameters = call.parameters
        wanted = self._wanted(call)
        belongs_to = (
            "LookupEvents by server",
            wanted.account,
            wanted.region,
            *(wanted.attribute or ()),
            *(str(parameters[name]) for name in ("StartTime", "EndTime") if name in parameters),
        )
        if "EventCategory" in parameters:
            return {"Events": []}  # there are no Insights events here
        logs = self._logs.by_server()
        before: Mapping[str, Places] = {server: {} for server in logs}
        if token := parameters.get("NextToken", ""):
            told = self._position(belongs_to, token)
            before = {server: places_from_json(places) for server, places in told}
        page = await self._page(logs, before, wanted, parameters.get("MaxResults", _MOST))
        following = ""
        if page.positions:
            position = [[name, places_to_json(one)] for name, one in page.positions.items()]
            following = self._tokens.issue(belongs_to, position)
        return {
            "Events": [_event_answer(event) for event in page.events],
            **present(NextToken=following),
        }

    async def _page(
        self, logs: Mapping[str, Log], before: Mapping[str, Places], wanted: Wanted, limit: int
    ) -> Merged:
        """Return a page from these places on; of a server that is no more, nothing further is known."""
        servers = [server for server in before if server in logs]
        found = await asyncio.gather(
            *(logs[server].look_up(wanted, before[server], limit) for server in servers)
        )
        return merged(dict(zip(servers, found, strict=True)), before, limit)

    def _wanted(self, call: Call) -> Wanted:
        attributes = call.parameters.get("LookupAttributes", [])
        if len(attributes) > 1:
            raise InvalidLookup("LookupAttributes can contain only one item.")
        attribute = (
            (attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]) if attributes else None
        )
        since, until = (_utc(call.parameters.get(name)) for name in ("StartTime", "EndTime"))
        if since and until and since > until:
            raise InvalidTimeRange("StartTime must not be after EndTime.")
        oldest = self._clock() - LOOKED_BACK
        since = max(since, oldest) if since else oldest
        return Wanted(call.caller.account, call.caller.region, attribute, since, until)

    def _position(self, belongs_to: tuple[str, ...], token: str) -> list[Any]:
        try:
            position: list[Any] = self._tokens.read(belongs_to, token)
        except InvalidRequest as error:
            raise InvalidPageToken(
                "The NextToken is not one that these parameters were answered with."
            ) from error
        return position


def trail_operations(trail: Trail) -> dict[tuple[str, str], AsyncHandler]:
    """Return (service, operation) -> handler, as the wire wants it."""
    return {("cloudtrail", "LookupEvents"): trail.look_up}


def _event_answer(event: Event) -> dict[str, Any]:
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "ReadOnly": "true" if event["readOnly"] else "false",
        "EventTime": time_of(event),
        "EventSource": event["eventSource"],
        "Resources": resources_of(event),
        "CloudTrailEvent": as_text(event),
        **present(
            AccessKeyId=event["userIdentity"].get("accessKeyId", ""), Username=user_of(event)
        ),
    }


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

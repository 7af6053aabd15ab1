"""The audit log of the account: who did what, when, from where, and whether it was allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.audit.kinds import is_refusal
from windvane.console.access.principals import Actor, actor_of
from windvane.console.draw import draw
from windvane.console.request_context import context_of
from windvane.errors import CallerFault, InvalidRequest, Throttled

_PAGE = "/console/audit"
_SHOWN = 50
_LONGEST = 2000
_LONGEST_EVENT = 50_000
_DAY = timedelta(days=1) - timedelta(seconds=1)

ATTRIBUTES = {
    "Username": "User",
    "EventName": "Operation",
    "EventSource": "Service",
    "ResourceName": "Resource",
    "AccessKeyId": "Access key",
    "EventId": "Event ID",
    "ReadOnly": "Read only (true or false)",
}
"""What LookupEvents can look for, and what the page calls it."""


@dataclass(frozen=True)
class Asked:
    """The filters of the page, as they were typed.

    since, until    days, both included, in UTC; times are taken, too
    """

    attribute: str = ""
    value: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.value or self.since or self.until)

    def url(self, token: str = "") -> str:
        """Return the address of this page, or of the one that a token begins."""
        fields = {**vars(self), "token": token}
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"{_PAGE}?{query}" if query else _PAGE


@dataclass(frozen=True)
class EventRow:
    """One event.

    username    as LookupEvents has it, and finds it
    error       the code that was answered; "" if the request was allowed and done
    is_refused  turned away for who sent it, or for too many requests: nothing was tried
    whole    the event as JSON, laid out to be read
    """

    at: datetime
    actor: Actor
    username: str
    operation: str
    service: str
    resources: tuple[str, ...]
    address: str
    error: str
    is_refused: bool
    whole: str

    @property
    def by_same(self) -> Asked:
        """The filters that find what the same user did."""
        return Asked("Username", self.username)


@dataclass(frozen=True)
class AuditView:
    """The page of events, the newest first.

    token      where the next page begins; "" on the last one
    trouble    why there is nothing to see
    """

    asked: Asked
    rows: tuple[EventRow, ...]
    token: str
    is_first: bool
    trouble: str = ""

    @property
    def attributes(self) -> Mapping[str, str]:
        return ATTRIBUTES


async def audit_page(request: Request) -> Response:
    query = request.query_params
    asked = Asked(
        *(query.get(name, "").strip()[:_LONGEST] for name in ("attribute", "value")),
        *(query.get(name, "").strip()[:32] for name in ("since", "until")),
    )
    token = query.get("token", "")
    try:
        parameters = {**parameters_of(asked), **({"NextToken": token} if token else {})}
        page = await context_of(request).ask("cloudtrail", "LookupEvents", parameters)
    except (InvalidRequest, Throttled) as fault:
        view = AuditView(asked, (), "", not token, str(fault))
        return draw(request, "audit.html", view, _status_of(fault))
    rows = await context_of(request).in_thread(_rows, page["Events"])
    view = AuditView(asked, rows, page.get("NextToken", ""), not token)
    return await context_of(request).in_thread(draw, request, "audit.html", view)


def parameters_of(asked: Asked) -> dict[str, Any]:
    """Return the parameters of LookupEvents.

    raises    InvalidRequest
    """
    found: dict[str, Any] = {"MaxResults": _SHOWN}
    if asked.value:
        if asked.attribute not in ATTRIBUTES:
            raise InvalidRequest("Choose what to look for.")
        attribute = {"AttributeKey": asked.attribute, "AttributeValue": asked.value}
        found["LookupAttributes"] = [attribute]
    if asked.since:
        found["StartTime"] = _moment(asked.since)
    if asked.until:
        end = _moment(asked.until)
        found["EndTime"] = end + _DAY if len(asked.until) <= len("2026-11-30") else end
    return found


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            f"“{text}” is not a time. Write it like 2026-11-30 or 2026-11-30T09:30, in UTC."
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _status_of(fault: CallerFault) -> int:
    return 429 if isinstance(fault, Throttled) else 400


def _rows(events: Sequence[Mapping[str, Any]]) -> tuple[EventRow, ...]:
    return tuple(_row(one) for one in events)


def _row(told: Mapping[str, Any]) -> EventRow:
    event = json.loads(told["CloudTrailEvent"])
    error = str(event.get("errorCode", ""))
    return EventRow(
        told["EventTime"],
        actor_of(event.get("userIdentity", {})),
        told.get("Username", ""),
        told["EventName"],
        told["EventSource"].removesuffix(".amazonaws.com"),
        tuple(str(one["ResourceName"]) for one in told.get("Resources", ())),
        str(event.get("sourceIPAddress", "")),
        error,
        is_refusal(error),
        json.dumps(event, indent=2)[:_LONGEST_EVENT],
    )


ROUTES = (Route(_PAGE, audit_page, methods=["GET"]),)

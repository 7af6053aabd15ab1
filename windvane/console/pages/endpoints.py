"""All endpoints of the account: filtered, sorted, paged, with what becomes of their requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.endpoint.views import (
    Requests,
    VariantRow,
    figures_of,
    variants_of,
)
from windvane.console.request_context import RequestContext, visit_of
from windvane.console.stream import stream_fragments
from windvane.errors import AccessDenied, DoesNotExist

STATUSES = ("InService", "Creating", "Updating", "Failed", "Deleting")
_ORDERS = {"name": "Name", "created": "CreationTime", "status": "Status"}
_PAGE = 25
_EVERY_S = 1.5


@dataclass(frozen=True)
class ListQuery:
    """What of the endpoints is asked for, as the page's address says it.

    token    of the page; "" for the first one
    """

    name: str = ""
    status: str = ""
    sort: str = "created"
    is_ascending: bool = False
    token: str = ""

    @property
    def query(self) -> str:
        told = {
            "name": self.name,
            "status": self.status,
            "sort": "" if self.sort == "created" else self.sort,
            "order": "asc" if self.is_ascending else "",
            "token": self.token,
        }
        return urlencode({key: value for key, value in told.items() if value})

    @property
    def is_filtered(self) -> bool:
        return bool(self.name or self.status)

    def sorted_by(self, sort: str) -> ListQuery:
        """Return the query sorted by a column, from the first page; another way round if it is sorted so already."""
        ascending = not self.is_ascending if sort == self.sort else sort != "created"
        return replace(self.first_page(), sort=sort, is_ascending=ascending)

    def first_page(self) -> ListQuery:
        return replace(self, token="")

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of ListEndpoints."""
        asked = {"NameContains": self.name, "StatusEquals": self.status, "NextToken": self.token}
        return {
            **{key: value for key, value in asked.items() if value},
            "SortBy": _ORDERS[self.sort],
            "SortOrder": "Ascending" if self.is_ascending else "Descending",
            "MaxResults": _PAGE,
        }


@dataclass(frozen=True)
class Row:
    """An endpoint in the list.

    requests    of the last five minutes
    """

    name: str
    status: str
    failure_reason: str
    created: datetime
    variants: tuple[VariantRow, ...]
    requests: Requests


@dataclass(frozen=True)
class EndpointsView:
    """The page that lists endpoints.

    next       the page after this one, if there is one
    deleted    the endpoint whose deletion led here
    columns    title, what it is sorted by ("" if nothing), whether it holds numbers
    """

    wish: ListQuery
    rows: tuple[Row, ...]
    next: ListQuery | None
    deleted: str
    statuses: tuple[str, ...]
    columns: tuple[tuple[str, str, bool], ...]


_COLUMNS = (
    ("Endpoint", "name", False),
    ("Status", "status", False),
    ("Variants", "", False),
    ("Requests/s", "", True),
    ("p50", "", True),
    ("p99", "", True),
    ("Errors", "", True),
    ("Created", "created", False),
)


async def endpoints_page(request: Request) -> Response:
    wish = _wish_of(request)
    rows, following = await _rows(visit_of(request), wish)
    deleted = request.query_params.get("deleted", "")
    view = EndpointsView(wish, rows, following, deleted, STATUSES, _COLUMNS)
    return draw(request, "endpoints.html", view)


async def live(request: Request) -> Response:
    context, wish = visit_of(request), _wish_of(request)

    async def render() -> Mapping[str, str]:
        rows, _ = await _rows(context, wish)
        return {"rows": draw_part(request, "endpoint/rows.html", rows)}

    return stream_fragments(request, render, _EVERY_S)


def _wish_of(request: Request) -> ListQuery:
    asked = request.query_params
    status, sort = asked.get("status", ""), asked.get("sort", "")
    return ListQuery(
        asked.get("name", "").strip(),
        status if status in STATUSES else "",
        sort if sort in _ORDERS else "created",
        asked.get("order") == "asc",
        asked.get("token", ""),
    )


async def _rows(
    context: RequestContext, wish: ListQuery
) -> tuple[tuple[Row, ...], ListQuery | None]:
    """Return the endpoints that may be looked at, and the next page.

    raises    AccessDenied if there are some and none of them may be
    """
    listed = await context.ask("sagemaker", "ListEndpoints", wish.parameters())
    rows, refusal = [], None
    for one in listed["Endpoints"]:
        try:
            if (row := await _row(context, one["EndpointName"])) is not None:
                rows.append(row)
        except AccessDenied as error:
            refusal = refusal or error
    if refusal is not None and not rows:
        raise refusal
    token = listed.get("NextToken")
    return tuple(rows), replace(wish, token=token) if token else None


async def _row(context: RequestContext, name: str) -> Row | None:
    """None if it was deleted meanwhile."""
    try:
        endpoint = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        figures = await context.ask("windvane", "DescribeEndpointFigures", {"EndpointName": name})
    except DoesNotExist:
        return None
    return Row(
        name,
        endpoint["EndpointStatus"],
        endpoint.get("FailureReason", ""),
        endpoint["CreationTime"],
        variants_of(endpoint, figures),
        figures_of(figures).windows[5],
    )


ROUTES = (
    Route("/console/endpoints", endpoints_page, methods=["GET"]),
    Route("/console/endpoints-live", live, methods=["GET"]),
)

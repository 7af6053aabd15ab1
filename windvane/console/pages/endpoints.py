"""All endpoints of the account: filtered, sorted, paged, with what becomes of their requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

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
from windvane.console.list_query import ListQuery, address_fields, read_list_query
from windvane.console.request_context import RequestContext, context_of
from windvane.console.stream import stream_fragments
from windvane.errors import AccessDenied, DoesNotExist

STATUSES = ("InService", "Creating", "Updating", "Failed", "Deleting")
_EVERY_S = 1.5


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

    query: ListQuery
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
    query = _query_of(request)
    rows, following = await _rows(context_of(request), query)
    deleted = request.query_params.get("deleted", "")
    view = EndpointsView(query, rows, following, deleted, STATUSES, _COLUMNS)
    return draw(request, "endpoints.html", view)


async def live(request: Request) -> Response:
    context, query = context_of(request), _query_of(request)

    async def render() -> Mapping[str, str]:
        rows, _ = await _rows(context, query)
        return {"rows": draw_part(request, "endpoint/rows.html", rows)}

    return stream_fragments(request, render, _EVERY_S)


def _query_of(request: Request) -> ListQuery:
    return read_list_query("/console/endpoints", address_fields(request), STATUSES)


async def _rows(
    context: RequestContext, query: ListQuery
) -> tuple[tuple[Row, ...], ListQuery | None]:
    """Return the endpoints that may be looked at, and the next page.

    raises    AccessDenied if there are some and none of them may be
    """
    listed = await context.ask("sagemaker", "ListEndpoints", query.parameters())
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
    return tuple(rows), replace(query, token=token) if token else None


async def _row(context: RequestContext, name: str) -> Row | None:
    """Return an endpoint as a row; None if it was deleted meanwhile."""
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

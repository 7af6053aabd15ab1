"""An endpoint that forecasts, tried with rows that are typed in: fan charts, and what other covariates would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.forms import form_of
from windvane.console.job.views import FORECAST
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.trying.forecasts import Forecasts, example_rows, forecasts_of
from windvane.console.trying.schema import Schema, schema_from
from windvane.errors import CallerFault, DoesNotExist, InvocationFault, ModelNotReady

_REFUSED = 424
_IDENTIFIER = "identifier"


@dataclass(frozen=True)
class NotReady:
    endpoint: str
    sentence: str


@dataclass(frozen=True)
class TryForecastView:
    """The page on which a forecasting model is tried.

    rows, other    what stands in the fields: rows, and the same with other covariates
    refusal        why there is no forecast; "" if there is one, or nothing was asked yet
    """

    endpoint: str
    schema: Schema
    item: str
    rows: str
    other: str
    forecasts: Forecasts | None = None
    refusal: str = ""


async def page(request: Request) -> Response:
    try:
        schema = await _schema(request)
    except ModelNotReady as error:
        view = NotReady(request.path_params["name"], str(error))
        return draw(request, "try/not_ready.html", view, 503)
    if schema.problem_type != FORECAST:
        there = f"/console/endpoints/{quote(request.path_params['name'], safe='')}/try"
        return RedirectResponse(there, 303, headers=PAGE_HEADERS)
    return draw(request, "try/forecast.html", _view(request, schema, "", ""))


async def answer(request: Request) -> Response:
    form, schema = await form_of(request), await _schema(request)
    rows, other = (next(iter(form.all(name)), "") for name in ("rows", "other"))
    context, view = context_of(request), _view(request, schema, rows, other)
    try:
        made = await _ask(context, view.endpoint, rows)
        changed = await _ask(context, view.endpoint, other) if other.strip() else None
        found = await context.in_thread(forecasts_of, made, changed, schema.target)
    except DoesNotExist:
        raise
    except (CallerFault, InvocationFault) as error:
        told = getattr(error, "message", "") or str(error)
        refused = TryForecastView(view.endpoint, schema, view.item, rows, other, refusal=str(told))
        return await context.in_thread(draw, request, "try/forecast.html", refused, _REFUSED)
    shown = TryForecastView(view.endpoint, schema, view.item, rows, other, found)
    return await context.in_thread(draw, request, "try/forecast.html", shown)


def _view(request: Request, schema: Schema, rows: str, other: str) -> TryForecastView:
    item = next((one for one in schema.columns if one["Type"] == _IDENTIFIER), None)
    name = "" if item is None else item["Name"]
    items = () if item is None else item.get("Values", ())
    text = rows or example_rows(schema.names, items, name)
    return TryForecastView(request.path_params["name"], schema, name, text, other)


async def _schema(request: Request) -> Schema:
    """Return the schema of an endpoint's model.

    raises    DoesNotExist; ModelNotReady
    """
    asked = {"EndpointName": request.path_params["name"]}
    return schema_from(await context_of(request).ask("windvane", "DescribeEndpointSchema", asked))


async def _ask(context: RequestContext, endpoint: str, rows: str) -> bytes:
    told: dict[str, Any] = await context.ask(
        "sagemaker-runtime",
        "InvokeEndpoint",
        {
            "EndpointName": endpoint,
            "ContentType": "text/csv",
            "Accept": "text/csv",
            "Body": rows.encode("utf-8", "backslashreplace"),
        },
    )
    body: bytes = told["Body"]
    return body


_PATH = "/console/endpoints/{name}/forecast"


async def _page_in_turn(request: Request) -> Response:
    async with context_of(request).trying():
        return await page(request)


async def _answer_in_turn(request: Request) -> Response:
    """Answer a few of an account at once: rows, however long, wait with it for the model."""
    async with context_of(request).trying():
        return await answer(request)


ROUTES = (
    Route(_PATH, _page_in_turn, methods=["GET"]),
    Route(_PATH, _answer_in_turn, methods=["POST"]),
)

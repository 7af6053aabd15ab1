"""An endpoint that forecasts, tried with rows that are typed in: fan charts, what a forecast is made of, and what other values of
covariates would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.forms import Form, form_of
from windvane.console.job.views import FORECAST
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.trying.forecasts import (
    Comparison,
    Forecasts,
    Key,
    comparison_of,
    example_rows,
    forecasts_of,
    name_of,
    read_forecast,
)
from windvane.console.trying.parts import PartsView, parts_of
from windvane.console.trying.schema import Schema, schema_from
from windvane.console.trying.what_if import (
    FIELDS,
    WhatIf,
    changed_rows,
    changes_of,
    known_of,
    rows_of,
    what_if_of,
)
from windvane.errors import CallerFault, DoesNotExist, InvocationFault, ModelNotReady, WindvaneError

_REFUSED = 424
_IDENTIFIER = "identifier"


@dataclass(frozen=True)
class NotReady:
    endpoint: str
    sentence: str


@dataclass(frozen=True)
class TryForecastView:
    """The page on which a forecasting model is tried.

    rows        what stands in the field
    has_known   whether the model takes covariates of the steps ahead
    refusal     why there is no forecast; "" if there is one, or nothing was asked yet
    chosen      of the series that are drawn, the one that the rest is about
    no_parts, no_other    why there are no parts, or no comparison; "" if there are, or nothing was changed
    """

    endpoint: str
    schema: Schema
    rows: str
    has_known: bool
    refusal: str = ""
    forecasts: Forecasts | None = None
    chosen: int = 0
    parts: PartsView | None = None
    no_parts: str = ""
    what_if: WhatIf | None = None
    compared: Comparison | None = None
    no_other: str = ""


async def page(request: Request) -> Response:
    try:
        schema = await _schema(request)
    except ModelNotReady as error:
        view = NotReady(request.path_params["name"], str(error))
        return draw(request, "try/not_ready.html", view, 503)
    if schema.problem_type != FORECAST:
        there = f"/console/endpoints/{quote(request.path_params['name'], safe='')}/try"
        return RedirectResponse(there, 303, headers=PAGE_HEADERS)
    return draw(request, "try/forecast.html", _view(request, schema, ""))


async def answer(request: Request) -> Response:
    form, schema = await form_of(request), await _schema(request)
    rows = next(iter(form.all("rows")), "")
    view, context = _view(request, schema, rows), context_of(request)
    try:
        body = await _ask(context, view.endpoint, rows)
        columns, series = await context.in_thread(read_forecast, body)
        shown = await context.in_thread(forecasts_of, columns, series, schema.target)
        chosen = _chosen(form, len(shown.series))
        found = await _of_one(context, view, list(series)[chosen], form) if series else _OfOne()
    except (CallerFault, InvocationFault) as error:
        refused = replace(view, refusal=_sentence(error))
        return await context.in_thread(draw, request, "try/forecast.html", refused, _REFUSED)
    view = replace(
        view,
        forecasts=shown,
        chosen=chosen,
        parts=found.parts,
        no_parts=found.no_parts,
        what_if=found.what_if,
        compared=found.compared,
        no_other=found.no_other,
    )
    return await context.in_thread(draw, request, "try/forecast.html", view)


@dataclass(frozen=True)
class _OfOne:
    """The part of TryForecastView that is of the chosen series alone."""

    parts: PartsView | None = None
    no_parts: str = ""
    what_if: WhatIf | None = None
    compared: Comparison | None = None
    no_other: str = ""


async def _of_one(context: RequestContext, view: TryForecastView, key: Key, form: Form) -> _OfOne:
    """Return what the forecast of a series is made of, and what changes make of it; what the model refuses is told there."""
    names = _key_names(view.schema)
    text = await context.in_thread(rows_of, view.rows, key, names)
    try:
        body = await _ask(context, view.endpoint, text, "text/csv; explain=true")
        columns, series = await context.in_thread(read_forecast, body)
        rows = series.get(key, ())
        title = name_of(key) if names else view.schema.target
        parts = await context.in_thread(parts_of, columns, rows, title, view.schema.target)
    except (CallerFault, InvocationFault) as error:
        return _OfOne(no_parts=_sentence(error))
    found = _OfOne(parts)
    if not view.has_known:
        return found
    known = known_of(view.schema)
    changes = await context.in_thread(changes_of, _fields(form), rows, known)
    found = replace(found, what_if=what_if_of(columns, rows, known, changes))
    if form.get("ask") != "what-if":
        return found
    if not changes:
        return replace(found, no_other="No value differs from those of the forecast above.")
    changed = await context.in_thread(changed_rows, text, columns, rows, view.schema, changes)
    try:
        other = (
            await context.in_thread(read_forecast, await _ask(context, view.endpoint, changed))
        )[1]
    except (CallerFault, InvocationFault) as error:
        return replace(found, no_other=_sentence(error))
    told = title, rows, other.get(key, ()), view.schema.target
    return replace(found, compared=await context.in_thread(comparison_of, columns, *told))


def _fields(form: Form) -> Mapping[str, str]:
    """Return what was typed in for the steps ahead, where that was sent to be compared."""
    if form.get("ask") != "what-if":
        return {}
    return {name: form.get(name) for name in form.fields if name.startswith(FIELDS)}


def _sentence(error: WindvaneError) -> str:
    """Return why something was refused, in the model's words where they are its own.

    raises    DoesNotExist if it was that
    """
    if isinstance(error, DoesNotExist):
        raise error
    return str(getattr(error, "message", "") or error)


def _chosen(form: Form, n_series: int) -> int:
    text = form.get("series", "0")
    place = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return min(place, max(0, n_series - 1))


def _key_names(schema: Schema) -> list[str]:
    """Return the columns that tell series apart; none if the model knows one series alone."""
    roles = ("item-identifier", "grouping-column")
    return [one["Name"] for one in schema.columns if one.get("Role") in roles]


def _view(request: Request, schema: Schema, rows: str) -> TryForecastView:
    item = next((one for one in schema.columns if one["Type"] == _IDENTIFIER), None)
    name = "" if item is None else item["Name"]
    items = () if item is None else item.get("Values", ())
    text = rows or example_rows(schema.names, items, name)
    return TryForecastView(request.path_params["name"], schema, text, bool(known_of(schema)))


async def _schema(request: Request) -> Schema:
    """Return the schema of an endpoint's model.

    raises    DoesNotExist; ModelNotReady
    """
    asked = {"EndpointName": request.path_params["name"]}
    return schema_from(await context_of(request).ask("windvane", "DescribeEndpointSchema", asked))


async def _ask(
    context: RequestContext, endpoint: str, rows: str, accept: str = "text/csv"
) -> bytes:
    told: dict[str, Any] = await context.ask(
        "sagemaker-runtime",
        "InvokeEndpoint",
        {
            "EndpointName": endpoint,
            "ContentType": "text/csv",
            "Accept": accept,
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

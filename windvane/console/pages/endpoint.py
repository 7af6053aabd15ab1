"""One endpoint: what it is, what becomes of its requests, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.endpoint.origin import Origin, origin_of
from windvane.console.endpoint.views import (
    SPANS,
    Change,
    Charts,
    Figures,
    LogLine,
    State,
    VariantRow,
    changes_of,
    charts_of,
    figures_of,
    lines_of,
    state_of,
    variants_of,
)
from windvane.console.request_context import RequestContext, context_of
from windvane.console.stream import END, stream_fragments
from windvane.errors import AccessDenied, DoesNotExist, NotFound

_EVERY_S = 1.0
_LOG_SHOWN = 100

_FRAGMENTS = (
    "status",
    "times",
    "state",
    "figures",
    "windows",
    "rate",
    "rate-numbers",
    "latency",
    "latency-numbers",
    "variants",
    "shadow",
    "invocations",
    "origin",
    "history",
    "log",
)


@dataclass(frozen=True)
class Log:
    """The end of an endpoint's log.

    lines      the newest first, as many as are shown
    history    changes, the newest first
    is_cut     there are older lines
    """

    group: str
    lines: tuple[LogLine, ...]
    history: tuple[Change, ...]
    is_cut: bool


@dataclass(frozen=True)
class Moving:
    """The part of the page that changes while it is open."""

    state: State
    variants: tuple[VariantRow, ...]
    figures: Figures
    charts: Charts
    origin: Origin
    log: Log


class EndpointPoll:
    """Asks for an endpoint again and again; its log only when there is something new in it, the origin of its models only
    when it has changed."""

    def __init__(self, context: RequestContext, name: str, span: str) -> None:
        self._context, self._name, self._span = context, name, span
        self._log: Log | None = None
        self._newest = -1
        self._origin: Origin | None = None
        self._origin_of: tuple[str, datetime] | None = None

    async def look(self) -> Moving:
        """Ask for the endpoint's state and figures.

        raises    DoesNotExist
        """
        named = {"EndpointName": self._name}
        endpoint = await self._context.ask("sagemaker", "DescribeEndpoint", named)
        figures = await self._context.ask("windvane", "DescribeEndpointFigures", named)
        state = state_of(endpoint)
        return Moving(
            state,
            await self._with_bounds(endpoint, variants_of(endpoint, figures)),
            figures_of(figures),
            charts_of(figures, self._span),
            await self._look_at_origin(state),
            await self._look_at_log(endpoint),
        )

    async def _look_at_origin(self, state: State) -> Origin:
        seen = (state.config_name, state.modified)
        if self._origin is None or seen != self._origin_of:
            self._origin = await origin_of(self._context, state.config_name)
            self._origin_of = seen
        return self._origin

    async def _with_bounds(
        self, endpoint: Mapping[str, Any], variants: tuple[VariantRow, ...]
    ) -> tuple[VariantRow, ...]:
        """Return the variants with the bounds of those that are scaled automatically, if that may be looked at."""
        service, operation = "application-autoscaling", "DescribeScalableTargets"
        if not variants or self._context.refusal(operation, None, service) is not None:
            return variants
        ids = {
            one.name: f"endpoint/{endpoint['EndpointName']}/variant/{one.name}" for one in variants
        }
        asked = {"ServiceNamespace": "sagemaker", "ResourceIds": list(ids.values())}
        try:
            answer = await self._context.ask(service, operation, asked)
        except AccessDenied:  # of policies that take long nothing was known before
            return variants
        bounds = {
            one["ResourceId"]: (one["MinCapacity"], one["MaxCapacity"])
            for one in answer["ScalableTargets"]
        }
        return tuple(replace(one, bounds=bounds.get(ids[one.name])) for one in variants)

    async def _look_at_log(self, endpoint: Mapping[str, Any]) -> Log:
        group = f"/aws/sagemaker/Endpoints/{endpoint['EndpointName']}"
        newest = await self._newest_line(group)
        if self._log is None or newest != self._newest:
            self._log = (
                await self._read_log(group, endpoint) if newest else Log(group, (), (), False)
            )
            self._newest = newest
        return self._log

    async def _newest_line(self, group: str) -> int:
        """Return when it was written, in milliseconds since 1970; 0 if there is none."""
        asked = {
            "logGroupName": group,
            "orderBy": "LastEventTime",
            "descending": True,
            "limit": 1,
        }
        try:
            streams = (await self._context.ask("logs", "DescribeLogStreams", asked))["logStreams"]
        except NotFound:
            return 0
        return int(streams[0]["lastEventTimestamp"]) if streams else 0

    async def _read_log(self, group: str, endpoint: Mapping[str, Any]) -> Log:
        """Read the log since the endpoint was created: one of the same name may have been there before."""
        asked = {
            "logGroupName": group,
            "startTime": int(endpoint["CreationTime"].timestamp() * 1000),
            "startFromHead": False,
            "limit": _LOG_SHOWN,
        }
        answer = await self._context.ask("logs", "FilterLogEvents", asked)
        history = await self._context.ask(
            "windvane", "DescribeEndpointHistory", {"EndpointName": self._name}
        )
        return Log(group, lines_of(answer["events"]), changes_of(history), "nextToken" in answer)


async def endpoint_page(request: Request) -> Response:
    context, now = context_of(request), await _watch(request).look()
    return await context.in_thread(draw, request, "endpoint.html", now)


async def live(request: Request) -> Response:
    watch = _watch(request)

    async def render() -> Mapping[str, str]:
        try:
            now = await watch.look()
        except DoesNotExist:
            ending = {"status": "endpoint/deleted.html", "state": "endpoint/gone.html"}
            drawn = {name: draw_part(request, part, None) for name, part in ending.items()}
            return {**drawn, END: "gone"}
        return await context_of(request).in_thread(_parts_of, request, now)

    return stream_fragments(request, render, _EVERY_S)


def _parts_of(request: Request, now: Moving) -> dict[str, str]:
    return {name: draw_part(request, f"endpoint/{name}.html", now) for name in _FRAGMENTS}


def _watch(request: Request) -> EndpointPoll:
    span = request.query_params.get("minutes", "10")
    return EndpointPoll(
        context_of(request),
        request.path_params["name"],
        span if span in SPANS else next(iter(SPANS)),
    )


ROUTES = (
    Route("/console/endpoints/{name}", endpoint_page, methods=["GET"]),
    Route("/console/endpoints/{name}/live", live, methods=["GET"]),
)

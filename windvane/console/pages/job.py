"""An AutoML job: watched while it runs, a summary once it is over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.job.earlier import Earlier, earlier_of
from windvane.console.job.files import has_files
from windvane.console.job.tags import tags_of
from windvane.console.job.views import JobView, job_view
from windvane.console.job_form.draft import BASED_ON
from windvane.console.list_query import whole_number
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.stream import END, stream_fragments
from windvane.errors import NotFound

_LOG_GROUP = "/aws/sagemaker/AutoMLJobs"
_LINES_SHOWN = 100
_EVERY_S = 0.8
"""Less than a second from a change to the page that shows it, drawing included."""

_SHARE = 0.1
"""Of the time that looking may take: a job of very many candidates, or a busy server, is looked at less often."""

FRAGMENTS = (
    "status",
    "actions",
    "tabs",
    "outcome",
    "figures",
    "phases",
    "curve",
    "curve_numbers",
    "running",
    "board",
    "results",
    "earlier",
    "log",
    "says",
)
"""Parts of the page that change by themselves: an event and a template of job/ each."""

_OF_SCORES = frozenset({"curve", "curve_numbers", "board"})
"""Those that are large, and change with the scores or the status alone."""


async def job_page(request: Request) -> Response:
    """Return the page of a job, worked out and drawn beside the event loop, as its parts are: its charts show hundreds
    of candidates."""
    deleted = whole_number(request.query_params.get("deleted", ""), 0)
    view = replace(await _seen(request, *await _beside(request)), deleted=deleted)
    return await context_of(request).in_thread(draw, request, "job.html", view)


async def job_page_with_project_fault(request: Request, typed: str, fault: str) -> Response:
    """Return the page of a job whose project was not changed, with what was typed and why beside the field."""
    seen = await _seen(request, *await _beside(request))
    view = replace(seen, typed_project=typed, project_fault=fault)
    return await context_of(request).in_thread(draw, request, "job.html", view, 400)


async def job_stream(request: Request) -> Response:
    earlier, tags = await _beside(request)  # a job that does not exist has no stream
    drawn: dict[str, str] = {}
    drawn_of: tuple[object, str] = (None, "")
    look_again = 0.0

    async def render() -> Mapping[str, str]:
        nonlocal drawn_of, look_again
        begun = time.monotonic()
        if begun < look_again:
            return dict(drawn)
        view = await _seen(request, earlier, tags)
        is_same = drawn_of[0] is view.curve and drawn_of[1] == view.status
        names = [name for name in FRAGMENTS if not (is_same and name in _OF_SCORES)]
        drawn.update(await context_of(request).in_thread(_parts_of, request, view, names))
        drawn_of = (view.curve, view.status)
        now = time.monotonic()
        look_again = now + (now - begun) / _SHARE
        return {**drawn, END: ""} if view.is_final else dict(drawn)

    return stream_fragments(request, render, _EVERY_S)


def _parts_of(request: Request, view: JobView, names: Sequence[str]) -> dict[str, str]:
    return {name: draw_part(request, f"job/{name}.html", view) for name in names}


async def job_log(request: Request) -> Response:
    """Return all of its lines as plain text, oldest first."""
    context, name = context_of(request), await _name(request)
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}.log"'}

    async def lines() -> Any:
        token: dict[str, str] = {}
        while True:
            page = await _log_page(context, name, {"startFromHead": True, **token})
            for event in page["events"]:
                yield f"{event['timestamp'] / 1000:.3f} {event['message']}\n"
            ahead = page.get("nextForwardToken", "")
            if not page["events"] or ahead == token.get("nextToken"):
                return
            token = {"nextToken": ahead}

    return StreamingResponse(lines(), headers=headers, media_type="text/plain; charset=utf-8")


async def stop_job(request: Request) -> Response:
    name = request.path_params["name"]
    await context_of(request).ask("sagemaker", "StopAutoMLJob", {"AutoMLJobName": name})
    return RedirectResponse(f"/console/jobs/{name}", 303, headers=PAGE_HEADERS)


async def _beside(request: Request) -> tuple[Earlier | None, dict[str, str]]:
    """Return the job that a job is based on, and the tags of the job: looked at once, however long the page lives.

    raises    NotFound if there is no such job
    """
    context, asked = context_of(request), {"AutoMLJobName": request.path_params["name"]}
    job = await context.ask("sagemaker", "DescribeAutoMLJobV2", asked)
    tags = await tags_of(context, job)
    return await earlier_of(context, job, tags.get(BASED_ON, "")), tags


async def _seen(request: Request, earlier: Earlier | None, tags: Mapping[str, str]) -> JobView:
    context, asked = context_of(request), {"AutoMLJobName": request.path_params["name"]}
    # The progress first: if it says that the job is over, the job has all its reports.
    progress = await context.ask("windvane", "DescribeAutoMLJobProgress", asked)
    job = await context.ask("sagemaker", "DescribeAutoMLJobV2", asked)
    log = await _log_page(context, progress["AutoMLJobName"], {"limit": _LINES_SHOWN})
    view = await context.in_thread(job_view, progress, job, log["events"], earlier, tags)
    return replace(view, has_files=not view.is_final or await has_files(context, job))


async def _name(request: Request) -> str:
    """Return the name as the job was created; raises NotFound"""
    asked = {"AutoMLJobName": request.path_params["name"]}
    job = await context_of(request).ask("sagemaker", "DescribeAutoMLJobV2", asked)
    name: str = job["AutoMLJobName"]
    return name


async def _log_page(context: RequestContext, name: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the job's log, without events if the job has not written any yet, or they are not kept any more."""
    place = {"logGroupName": _LOG_GROUP, "logStreamName": name}
    try:
        return await context.ask("logs", "GetLogEvents", {**place, **more})
    except NotFound:
        return {"events": []}


ROUTES = (
    Route("/console/jobs/{name}", job_page, methods=["GET"]),
    Route("/console/jobs/{name}/stream", job_stream, methods=["GET"]),
    Route("/console/jobs/{name}/log", job_log, methods=["GET"]),
    Route("/console/jobs/{name}/stop", stop_job, methods=["POST"]),
)

"""All AutoML jobs of the account: filtered, sorted, paged, stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.faults import in_own_words
from windvane.console.forms import form_of
from windvane.console.job.first_job import FirstJob, first_job
from windvane.console.job.phases import FINAL
from windvane.console.list_query import (
    ListQuery,
    address_fields,
    read_list_query,
    whole_number,
)
from windvane.console.pages.samples import SAMPLES, Sample
from windvane.console.request_context import RequestContext, context_of
from windvane.console.scores import FormattedScore, format_score
from windvane.console.security import PAGE_HEADERS
from windvane.console.stream import stream_fragments
from windvane.errors import CallerFault, InvalidRequest

_START = "/console/"
_EVERY_S = 1.0
_MOST_AT_ONCE = 100

STATUSES = ("InProgress", "Stopping", "Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class Row:
    """One job.

    share     of its time limit that is used up; None if it is over
    """

    name: str
    status: str
    secondary: str
    objective: str
    score: FormattedScore
    n_done: int
    n_failed: int
    share: float | None
    created: datetime
    took_s: float
    project: str = ""

    @property
    def is_running(self) -> bool:
        return self.status == "InProgress"

    @property
    def is_over(self) -> bool:
        return self.status in FINAL


@dataclass(frozen=True)
class JobsView:
    """The page that lists jobs.

    total    jobs that pass the filters; None if there are too many to be counted
    next       the page after this one, if there is one
    is_live    a job of the page is under way
    columns    title, what it is sorted by ("" if nothing), whether it holds numbers
    stopped    jobs that were told to stop by the form that led here
    samples    tables that a page without jobs offers
    projects   names of all of them with their numbers of jobs
    """

    query: ListQuery
    rows: tuple[Row, ...]
    total: int | None
    next: ListQuery | None
    is_live: bool
    stopped: int
    statuses: tuple[str, ...]
    columns: tuple[tuple[str, str, bool], ...]
    first_job: FirstJob
    projects: tuple[tuple[str, int], ...] = ()
    samples: tuple[Sample, ...] = SAMPLES

    @property
    def last(self) -> int:
        return self.query.first + len(self.rows) - 1

    @property
    def n_archived(self) -> int:
        """Archived jobs of the project that is shown, which this list leaves out; 0 if it is narrowed down further."""
        query = self.query
        is_whole = bool(query.project) and not (query.name or query.status or query.is_archived)
        if not is_whole or self.total is None:
            return 0
        return dict(self.projects).get(query.project, self.total) - self.total


@dataclass(frozen=True)
class StopView:
    """The page that asks whether to stop jobs.

    names    to be stopped
    troubles   those that could not be, with the reason
    """

    names: tuple[str, ...]
    query: ListQuery
    troubles: tuple[tuple[str, str], ...] = ()


CELLS = ("pick", "status", "score", "objective", "progress", "took", "act")
"""Those of a job's row that change by themselves: an event and a template of jobs/ each."""

_COLUMNS = (
    ("Job", "name", False),
    ("Status", "status", False),
    ("Best score", "", True),
    ("Objective", "", False),
    ("Candidates", "", False),
    ("Created", "created", False),
    ("Duration", "", True),
)


async def jobs_page(request: Request) -> Response:
    return draw(request, "jobs.html", await _seen(request))


async def jobs_stream(request: Request) -> Response:
    """Return the cells that change, of jobs that are under way; and a word if the page is not the newest any more."""
    begun = (await _seen(request)).rows
    shown = [row.name for row in begun]
    under_way = frozenset(row.name for row in begun if not row.is_over)

    async def render() -> Mapping[str, str]:
        view = await _seen(request)
        drawn = {
            f"{cell}-{row.name}": draw_part(request, f"jobs/{cell}.html", row)
            for row in view.rows
            if row.name in under_way
            for cell in CELLS
        }
        is_same = shown == [row.name for row in view.rows]
        return {**drawn, "news": "" if is_same else draw_part(request, "jobs/news.html", view)}

    return stream_fragments(request, render, _EVERY_S)


async def stop_jobs(request: Request) -> Response:
    """Asks first; what could not be stopped is told."""
    form, context = await form_of(request), context_of(request)
    only = form.get("only")
    names = (only,) if only else tuple(dict.fromkeys(form.all("job")))[:_MOST_AT_ONCE]
    query = read_list_query(_START, form.fields, STATUSES)
    if not names:
        raise InvalidRequest("No job was selected. Select the jobs to stop.")
    if form.get("confirmed") != "yes":
        return draw(request, "jobs_stop.html", StopView(names, query))
    troubles = tuple([one for name in names if (one := await _stopped(context, name)) is not None])
    if troubles:
        return draw(request, "jobs_stop.html", StopView((), query, troubles), 400)
    told = urlencode([*query.fields, ("stopped", len(names))])
    return RedirectResponse(f"{_START}?{told}", 303, headers=PAGE_HEADERS)


async def to_jobs(_: Request) -> Response:
    return RedirectResponse(_START, 303, headers=PAGE_HEADERS)


async def _stopped(context: RequestContext, name: str) -> tuple[str, str] | None:
    """Return the reason if it could not be stopped."""
    try:
        await context.ask("sagemaker", "StopAutoMLJob", {"AutoMLJobName": name})
    except CallerFault as fault:
        return name, in_own_words(fault)
    return None


async def _seen(request: Request) -> JobsView:
    context = context_of(request)
    query = read_list_query(_START, address_fields(request), STATUSES)
    asked = {**query.parameters(), "IsArchived": query.is_archived, "IncludeProjects": True}
    if query.project:
        asked["ProjectEquals"] = query.project
    page = await context.ask("windvane", "ListAutoMLJobOverviews", asked)
    rows = tuple(_row(one) for one in page["AutoMLJobOverviews"])
    token = page.get("NextToken", "")
    return JobsView(
        query,
        rows,
        page.get("TotalCount"),
        replace(query, token=token, first=query.first + len(rows)) if token else None,
        not all(row.is_over for row in rows),
        whole_number(request.query_params.get("stopped", ""), 0),
        STATUSES,
        _COLUMNS,
        first_job(context.caller, await context.roles()),
        tuple((one["Name"], one["JobCount"]) for one in page.get("Projects", ()) if one["Name"]),
    )


def _row(one: Mapping[str, Any]) -> Row:
    counts, is_over = one["CandidateCounts"], one["AutoMLJobStatus"] in FINAL
    now = one.get("EndTime") or datetime.now(one["CreationTime"].tzinfo)
    took_s = max(0.0, (now - one["CreationTime"]).total_seconds())
    budget_s = (one["Deadline"] - one["CreationTime"]).total_seconds()
    n_done = counts["Completed"] + counts["Failed"] + counts["Stopped"]
    share = took_s / max(budget_s, 1.0)
    return Row(
        one["AutoMLJobName"],
        one["AutoMLJobStatus"],
        one["AutoMLJobSecondaryStatus"],
        one.get("Objective", ""),
        format_score(one.get("BestScore"), one.get("BestStandardError")),
        n_done,
        counts["Failed"],
        None if is_over else min(1.0, share),
        one["CreationTime"],
        took_s,
        one.get("Project", ""),
    )


ROUTES = (
    Route("/console/", jobs_page, methods=["GET"]),
    Route("/console/stream", jobs_stream, methods=["GET"]),
    Route("/console/stop", stop_jobs, methods=["POST"]),
    Route("/console/jobs", to_jobs, methods=["GET"]),
)

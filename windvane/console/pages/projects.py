"""Projects: jobs that have the same value of the tag `project`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.faults import in_own_words
from windvane.console.forms import form_of
from windvane.console.job.tags import ARCHIVED, PROJECT
from windvane.console.pages.job import job_page_with_project_fault
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import CallerFault, InvalidRequest, NotAuthorized

_NAME = re.compile(r"[\w .:/=+@-]{1,256}")
_NO_NAME = "The name of a project can have up to 256 letters, digits, spaces and the signs _ . : / = + - @."


@dataclass(frozen=True)
class ProjectsView:
    """The page that lists projects: their names and numbers of jobs."""

    projects: tuple[tuple[str, int], ...]


async def projects_page(request: Request) -> Response:
    asked = {"IncludeProjects": True, "MaxResults": 1}
    page = await context_of(request).ask("windvane", "ListAutoMLJobOverviews", asked)
    found = tuple((one["Name"], one["JobCount"]) for one in page.get("Projects", ()) if one["Name"])
    return draw(request, "projects.html", ProjectsView(found))


async def set_project(request: Request) -> Response:
    """Put a job into a project, or, with an empty name, out of it."""
    form, job = await form_of(request), await _job(request)
    name = form.get("project")
    if name and _NAME.fullmatch(name) is None:
        return await job_page_with_project_fault(request, name, _NO_NAME)
    try:
        await _put(context_of(request), job["AutoMLJobArn"], name)
    except NotAuthorized:
        raise
    except CallerFault as fault:
        return await job_page_with_project_fault(request, name, in_own_words(fault))
    return _to(job)


async def _put(context: RequestContext, arn: str, name: str) -> None:
    if name:
        tags = [{"Key": PROJECT, "Value": name}]
        await context.ask("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": tags})
    else:
        await context.ask("sagemaker", "DeleteTags", {"ResourceArn": arn, "TagKeys": [PROJECT]})


async def archive(request: Request) -> Response:
    """Leave a job out of the list, or show it there again."""
    context, form, job = context_of(request), await form_of(request), await _job(request)
    arn = job["AutoMLJobArn"]
    if form.get("do") == "archive":
        tags = [{"Key": ARCHIVED, "Value": "yes"}]
        await context.ask("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": tags})
    elif form.get("do") == "restore":
        await context.ask("sagemaker", "DeleteTags", {"ResourceArn": arn, "TagKeys": [ARCHIVED]})
    else:
        raise InvalidRequest("A job can be archived or restored.")
    return _to(job)


async def _job(request: Request) -> dict[str, Any]:
    named = {"AutoMLJobName": request.path_params["name"]}
    return await context_of(request).ask("sagemaker", "DescribeAutoMLJobV2", named)


def _to(job: dict[str, Any]) -> Response:
    there = f"/console/jobs/{job['AutoMLJobName']}#manage"
    return RedirectResponse(there, 303, headers=PAGE_HEADERS)


ROUTES = (
    Route("/console/projects", projects_page, methods=["GET"]),
    Route("/console/jobs/{name}/project", set_project, methods=["POST"]),
    Route("/console/jobs/{name}/archive", archive, methods=["POST"]),
)

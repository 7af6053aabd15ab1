"""The files that a job has left in S3, deleted once that was confirmed, unless something uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.deletion import Blocked, DeletionView, Reason
from windvane.console.draw import draw
from windvane.console.endpoint.uses import uses_of_objects
from windvane.console.forms import form_of
from windvane.console.job.files import root_of
from windvane.console.job.phases import FINAL
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.wording import in_bytes
from windvane.errors import DoesNotExist, NotFound
from windvane.wording import counted

_MOST_AT_ONCE = 1000


async def files_page(request: Request) -> Response:
    return draw(request, "deletion.html", await _question(request))


async def delete_files(request: Request) -> Response:
    context, form = context_of(request), await form_of(request)
    view, job = await _question(request), await _job(request)
    if form.get("confirm") != view.to_type:
        trouble = f"The name you typed is not {view.to_type}."
        return draw(request, "deletion.html", await _question(request, trouble), 400)
    if view.blocked or not view.goes:
        return draw(request, "deletion.html", view, 400)
    found = await context.objects.list(root_of(job), _MOST_AT_ONCE)
    for uri, _ in found:
        try:
            await context.objects.delete(uri)
        except (NotFound, DoesNotExist):
            continue  # somebody else was quicker
    there = _page(job["AutoMLJobName"])
    is_more = bool(await context.objects.list(root_of(job), 1))
    return RedirectResponse(
        f"{there}/delete" if is_more else f"{there}?deleted={len(found)}#manage",
        303,
        headers=PAGE_HEADERS,
    )


async def _question(request: Request, trouble: str = "") -> DeletionView:
    context, job = context_of(request), await _job(request)
    name, root = job["AutoMLJobName"], root_of(job)
    found = await context.objects.list(root, _MOST_AT_ONCE)
    size, is_cut = sum(size for _, size in found), len(found) == _MOST_AT_ONCE
    told = f"{counted(len(found), 'file')} below {root}, {in_bytes(size)}: everything that the job wrote, such as models and reports"
    if is_cut:
        told += "; there are more, which are deleted in further steps"
    return DeletionView(
        f"Delete the files of {name}?",
        f"{_page(name)}/delete",
        _page(name),
        (),
        (told,) if found else (),
        (
            "the record of the job, its leaderboard and its log; its candidates can no longer be deployed, explained or downloaded",
            "the data that it was trained on",
        ),
        await _blocked(context, job, root) if found else (),
        to_type=name,
        trouble=trouble,
    )


async def _blocked(
    context: RequestContext, job: Mapping[str, Any], root: str
) -> tuple[Blocked, ...]:
    """Return what needs the files: the job while it runs, and whatever uses them, as models and reports in the making do."""
    if job["AutoMLJobStatus"] not in FINAL:
        return (Blocked(job["AutoMLJobName"], (Reason("it is running; stop it first"),)),)
    used = await uses_of_objects(context, [root])
    return tuple(Blocked(root, (why,)) for why in used.get(root, ()))


async def _job(request: Request) -> dict[str, Any]:
    """Return the job that the path names.

    raises    NotFound
    """
    named = {"AutoMLJobName": request.path_params["name"]}
    return await context_of(request).ask("sagemaker", "DescribeAutoMLJobV2", named)


def _page(name: str) -> str:
    return f"/console/jobs/{quote(name, safe='')}"


ROUTES = (
    Route("/console/jobs/{name}/delete", files_page, methods=["GET"]),
    Route("/console/jobs/{name}/delete", delete_files, methods=["POST"]),
)

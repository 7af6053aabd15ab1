"""A candidate deployed from its page: to an endpoint of its own, or, once it was confirmed, to a running one."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.candidate.deploying import How, Wishes, deploy, deploy_beside, running_places
from windvane.console.candidate.head import Answer, described, head_of
from windvane.console.candidate.overview import overview_of
from windvane.console.candidate.replacing import ReplaceView, changes_for_clients, origin_at
from windvane.console.candidate.score_comparison import scores_beside
from windvane.console.draw import draw
from windvane.console.faults import in_own_words
from windvane.console.forms import form_of
from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import CallerFault, InvalidRequest


async def deploy_page(request: Request) -> Response:
    answer, form, context = await described(request), await form_of(request), context_of(request)
    wishes = Wishes.of(form)
    try:
        wishes.instance_count()
        if wishes.how is How.NEW:
            await deploy(context, answer, wishes)
        elif form.get("confirmed") != "yes":
            return await _ask(request, answer, wishes)
        else:
            await deploy_beside(context, answer, wishes)
    except CallerFault as error:
        view = overview_of(answer, await running_places(context), wishes, in_own_words(error))
        return draw(request, "candidate/overview.html", view, 400)
    name = wishes.endpoint if wishes.how is How.NEW else wishes.place.partition("/")[0]
    there = f"/console/endpoints/{quote(name, safe='')}"
    return RedirectResponse(there, 303, headers=PAGE_HEADERS)


async def _ask(request: Request, answer: Answer, wishes: Wishes) -> Response:
    """Return the page that says what would change, before anything does."""
    context = context_of(request)
    endpoint, _, variant = wishes.place.partition("/")
    if not endpoint or not variant:
        raise InvalidRequest("Choose a running endpoint.")
    origin = await origin_at(context, endpoint, variant)
    view = ReplaceView(
        job_name=answer["AutoMLJobName"],
        head=head_of(answer, ""),
        wishes=wishes,
        endpoint=endpoint,
        variant=variant,
        origin=origin,
        scores=await scores_beside(context, answer, origin),
        changes=await changes_for_clients(context, answer, endpoint, variant),
    )
    return draw(request, "candidate/replace.html", view)


ROUTES = (
    Route("/console/jobs/{name}/candidates/{candidate}/deploy", deploy_page, methods=["POST"]),
)

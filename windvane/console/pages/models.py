"""All models: what they are made of and who uses them; those that no endpoint uses can be deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.deletion import Blocked, DeletionView, Reason
from windvane.console.draw import draw
from windvane.console.endpoint.origin import ModelOrigin, ModelOrigins
from windvane.console.endpoint.uses import Uses, uses_of_models
from windvane.console.forms import form_of
from windvane.console.list_query import ListQuery, address_fields, read_list_query, whole_number
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import AccessDenied, DoesNotExist, InvalidRequest

_PAGE = "/console/models"
_MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Row:
    """A model in the list; `endpoints` use it. Its origin is None to whoever may not look at it."""

    name: str
    created: datetime
    endpoints: tuple[str, ...]
    origin: ModelOrigin | None


@dataclass(frozen=True)
class ModelsView:
    """The page that lists models.

    next       the page after this one, if there is one
    deleted    models that the form that led here has deleted
    """

    query: ListQuery
    rows: tuple[Row, ...]
    next: ListQuery | None
    deleted: int


async def models_page(request: Request) -> Response:
    context = context_of(request)
    query = read_list_query(_PAGE, address_fields(request), ())
    asked = query.parameters()
    if query.sort == "status":
        asked["SortBy"] = "CreationTime"
    listed = await context.ask("sagemaker", "ListModels", asked)
    uses, origins = await uses_of_models(context), ModelOrigins(context)
    rows = tuple(
        [
            Row(
                one["ModelName"],
                one["CreationTime"],
                uses.endpoints_of.get(one["ModelName"], ()),
                await _origin(origins, one["ModelName"]),
            )
            for one in listed["Models"]
        ]
    )
    token = listed.get("NextToken")
    deleted = whole_number(request.query_params.get("deleted", ""), 0)
    following = replace(query, token=token) if token else None
    return draw(request, "models.html", ModelsView(query, rows, following, deleted))


async def _origin(origins: ModelOrigins, name: str) -> ModelOrigin | None:
    try:
        return await origins.find(name)
    except AccessDenied:
        return None


async def delete_models(request: Request) -> Response:
    """Asks first; a model that an endpoint uses is not deleted."""
    context, form = context_of(request), await form_of(request)
    chosen = tuple(dict.fromkeys(form.all("model")))[:_MOST_AT_ONCE]
    if not chosen:
        raise InvalidRequest("No model was selected. Select the models to delete.")
    uses = await uses_of_models(context)
    free = tuple(name for name in chosen if name not in uses.endpoints_of)
    configs = tuple(
        dict.fromkeys(config for name in free for config in uses.configs_of.get(name, ()))
    )
    if form.get("confirm") != "yes" or not free:
        return draw(request, "deletion.html", _question(chosen, free, configs, uses))
    for config in configs:
        await _delete(context, "EndpointConfig", config)
    for name in free:
        await _delete(context, "Model", name)
    return RedirectResponse(f"{_PAGE}?deleted={len(free)}", 303, headers=PAGE_HEADERS)


def _question(
    chosen: tuple[str, ...], free: tuple[str, ...], configs: tuple[str, ...], uses: Uses
) -> DeletionView:
    return DeletionView(
        "Delete models?" if len(chosen) > 1 else f"Delete the model {chosen[0]}?",
        f"{_PAGE}/delete",
        _PAGE,
        tuple(("model", name) for name in chosen),
        (
            *(f"the model {name}" for name in free),
            *(f"the endpoint configuration {config}, which no endpoint uses" for config in configs),
        ),
        (
            "the candidate of each, from which a model can be created again",
            "the artefacts in S3: a job's are deleted on the page of the job",
        ),
        tuple(
            Blocked(name, tuple(_use(one) for one in uses.endpoints_of[name]))
            for name in chosen
            if name in uses.endpoints_of
        ),
    )


def _use(endpoint: str) -> Reason:
    return Reason(f"used by the endpoint {endpoint}", f"/console/endpoints/{endpoint}")


async def _delete(context: RequestContext, kind: str, name: str) -> None:
    try:
        await context.ask("sagemaker", f"Delete{kind}", {f"{kind}Name": name})
    except DoesNotExist:
        return  # somebody else was quicker


ROUTES = (
    Route(_PAGE, models_page, methods=["GET"]),
    Route(f"{_PAGE}/delete", delete_models, methods=["POST"]),
)

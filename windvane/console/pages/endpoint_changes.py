"""An endpoint's weights and capacities changed, and the endpoint deleted, each on a page that stands still."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.endpoint.origin import Origin, origin_of
from windvane.console.endpoint.uses import uses_of_models
from windvane.console.endpoint.views import State, VariantRow, state_of, variants_of
from windvane.console.forms import Form, form_of
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import AccessDenied, CallerFault, DoesNotExist


def _finite(text: str) -> float:
    """Parse a finite number.

    raises    ValueError
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_FIELDS: dict[str, tuple[str, Callable[[str], float], str]] = {
    "weight": ("DesiredWeight", _finite, "a number, such as 0.5"),
    "instances": ("DesiredInstanceCount", int, "a whole number"),
    "concurrency": ("MaxConcurrency", int, "a whole number"),
    "provisioned": ("ProvisionedConcurrency", int, "a whole number"),
}
"""Of a variant in the form: the member that it becomes, how it is read, what it has to be."""

_OF_SERVERLESS = ("concurrency", "provisioned")


@dataclass(frozen=True)
class ChangeView:
    """The form that changes weights and numbers of instances.

    typed     what was typed, by the name of the field, when it could not be taken
    troubles   what is wrong with a field, by its name
    trouble    what is wrong with the whole
    """

    state: State
    variants: tuple[VariantRow, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True)
class DeleteView:
    """The page that asks whether to delete an endpoint.

    models          that no other endpoint uses, as far as that is known
    shared          models and a configuration that others use, in words
    can_delete_config
                    its configuration exists, and no other endpoint uses it
    """

    state: State
    origin: Origin
    models: tuple[str, ...]
    shared: tuple[str, ...]
    can_delete_config: bool
    trouble: str = ""


async def change_page(request: Request) -> Response:
    state, variants = await _endpoint(request)
    return draw(request, "endpoint_change.html", ChangeView(state, variants))


async def change(request: Request) -> Response:
    context, form = context_of(request), await form_of(request)
    state, variants = await _endpoint(request)
    typed = {name: form.get(name) for name in form.fields}
    troubles = dict(_troubles(variants, form))
    if troubles:
        view = ChangeView(state, variants, typed, troubles)
        return draw(request, "endpoint_change.html", view, 400)
    wishes = [_wish(place, variant, form) for place, variant in enumerate(variants)]
    asked = {"EndpointName": state.name, "DesiredWeightsAndCapacities": wishes}
    try:
        await context.ask("sagemaker", "UpdateEndpointWeightsAndCapacities", asked)
    except CallerFault as fault:
        view = ChangeView(state, variants, typed, trouble=str(fault))
        return draw(request, "endpoint_change.html", view, 400)
    return RedirectResponse(_url(state.name), 303, headers=PAGE_HEADERS)


def _fields(place: int, variant: VariantRow) -> Iterator[tuple[str, str]]:
    """Kind and name of each field of a variant: variants have names that forms need not bear."""
    kinds = ("weight", *(_OF_SERVERLESS if variant.serverless else ("instances",)))
    return ((kind, f"{kind}-{place}") for kind in kinds)


def _troubles(variants: tuple[VariantRow, ...], form: Form) -> Iterator[tuple[str, str]]:
    for place, variant in enumerate(variants):
        for kind, name in _fields(place, variant):
            _, read, must_be = _FIELDS[kind]
            try:
                read(form.get(name))
            except ValueError:
                yield name, f"This must be {must_be}."


def _wish(place: int, variant: VariantRow, form: Form) -> dict[str, Any]:
    """Return one of DesiredWeightsAndCapacities."""
    wish: dict[str, Any] = {"VariantName": variant.name}
    update: dict[str, Any] = {}
    for kind, name in _fields(place, variant):
        member, read, _ = _FIELDS[kind]
        value = read(form.get(name))
        if kind not in _OF_SERVERLESS:
            wish[member] = value
        elif kind == "concurrency" or value or _provisioned(variant):
            update[member] = value
    if update:
        wish["ServerlessUpdateConfig"] = update
    return wish


def _provisioned(variant: VariantRow) -> int:
    return variant.serverless.provisioned if variant.serverless else 0


async def delete_page(request: Request) -> Response:
    return draw(request, "endpoint_delete.html", await _to_delete(request))


async def delete(request: Request) -> Response:
    context, form, view = context_of(request), await form_of(request), await _to_delete(request)
    name = view.state.name
    if form.get("confirm") != name:
        trouble = f"Nothing was deleted: the name you typed is not {name}."
        view = replace(view, trouble=trouble)
        return draw(request, "endpoint_delete.html", view, 400)
    await context.ask("sagemaker", "DeleteEndpoint", {"EndpointName": name})
    if "with_config" in form and view.can_delete_config:
        await _delete_too(context, "EndpointConfig", view.origin.config)
    if "with_models" in form:
        for model in view.models:
            await _delete_too(context, "Model", model)
    then = f"/console/endpoints?{urlencode({'deleted': name})}"
    return RedirectResponse(then, 303, headers=PAGE_HEADERS)


async def _delete_too(context: RequestContext, kind: str, name: str) -> None:
    try:
        await context.ask("sagemaker", f"Delete{kind}", {f"{kind}Name": name})
    except DoesNotExist:
        return  # somebody else was quicker


async def _to_delete(request: Request) -> DeleteView:
    context, (state, _) = context_of(request), await _endpoint(request)
    origin = await origin_of(context, state.config_name)
    models = tuple(dict.fromkeys(one.name for one in origin.models if one.exists))
    try:
        uses = await uses_of_models(context)
    except AccessDenied:  # what others use is not known, so nothing is offered
        return DeleteView(state, origin, (), (), can_delete_config=False)
    others = {name: _others(uses.endpoints_of.get(name, ()), state.name) for name in models}
    of_config = _others(uses.endpoints_of_config.get(origin.config, ()), state.name)
    shared = [f"the model {name} ({', '.join(ends)})" for name, ends in others.items() if ends]
    if of_config:
        shared.append(f"the configuration {origin.config} ({', '.join(of_config)})")
    return DeleteView(
        state,
        origin,
        tuple(name for name in models if not others[name]),
        tuple(shared),
        can_delete_config=origin.exists and not of_config,
    )


def _others(endpoints: Sequence[str], name: str) -> list[str]:
    return [one for one in endpoints if one != name]


async def _endpoint(request: Request) -> tuple[State, tuple[VariantRow, ...]]:
    """Return the endpoint of a request with its variants.

    raises    DoesNotExist
    """
    context, named = context_of(request), {"EndpointName": request.path_params["name"]}
    endpoint = await context.ask("sagemaker", "DescribeEndpoint", named)
    figures = await context.ask("windvane", "DescribeEndpointFigures", named)
    return state_of(endpoint), variants_of(endpoint, figures)


def _url(name: str) -> str:
    return f"/console/endpoints/{quote(name, safe='')}"


ROUTES = (
    Route("/console/endpoints/{name}/change", change_page, methods=["GET"]),
    Route("/console/endpoints/{name}/change", change, methods=["POST"]),
    Route("/console/endpoints/{name}/delete", delete_page, methods=["GET"]),
    Route("/console/endpoints/{name}/delete", delete, methods=["POST"]),
)

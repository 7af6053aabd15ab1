"""One of several variants of an endpoint beside the others: it is removed, or it alone is kept."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.endpoint.configs import config_like, every_variant
from windvane.console.endpoint.free_names import under_free_name
from windvane.console.endpoint.origin import Origin, origin_of
from windvane.console.endpoint.views import State, VariantRow, state_of, variants_of
from windvane.console.forms import form_of
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import CallerFault, DoesNotExist, InvalidRequest, NotFound, WindvaneError


@dataclass(frozen=True)
class VariantView:
    """The page of a variant.

    variants   of the endpoint, this one first
    trouble    why nothing was changed; "" unless that was tried
    """

    state: State
    origin: Origin
    variants: tuple[VariantRow, ...]
    trouble: str = ""

    @property
    def variant(self) -> VariantRow:
        return self.variants[0]

    @property
    def others(self) -> tuple[VariantRow, ...]:
        return self.variants[1:]


async def variant_page(request: Request) -> Response:
    return draw(request, "endpoint_variant.html", await _seen(request))


async def change_variant(request: Request) -> Response:
    context, form, view = context_of(request), await form_of(request), await _seen(request)
    name = view.variant.name
    kept = {name} if form.get("do") == "keep" else {one.name for one in view.others}
    try:
        if form.get("do") not in ("keep", "remove"):
            raise InvalidRequest("Choose whether the variant is removed or kept.")
        await _reduce(context, view.state, kept)
    except CallerFault as fault:
        view = VariantView(view.state, view.origin, view.variants, str(fault))
        return draw(request, "endpoint_variant.html", view, 400)
    there = f"/console/endpoints/{quote(view.state.name, safe='')}"
    return RedirectResponse(there, 303, headers=PAGE_HEADERS)


async def _reduce(context: RequestContext, state: State, kept: set[str]) -> None:
    """Let an endpoint go on with some of its variants: with a configuration of these alone, or not at all.

    raises    what the operations raise; InvalidRequest if none would be left
    """
    named = {"EndpointConfigName": state.config_name}
    try:
        config = await context.ask("sagemaker", "DescribeEndpointConfig", named)
    except DoesNotExist as error:
        raise InvalidRequest(
            f"The configuration {state.config_name} of the endpoint was deleted, so that its variants cannot be carried over."
        ) from error
    variants = [one for one in every_variant(config) if one["VariantName"] in kept]
    if not variants:
        raise InvalidRequest("No variant would be left. Delete the endpoint instead.")

    async def make(name: str) -> None:
        made = await config_like(context, config, name, variants, ())
        await context.ask("sagemaker", "CreateEndpointConfig", made)
        asked = {
            "EndpointName": state.name,
            "EndpointConfigName": name,
            "RetainAllVariantProperties": True,
        }
        try:
            await context.ask("sagemaker", "UpdateEndpoint", asked)
        except WindvaneError:
            await context.ask("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": name})
            raise

    await under_free_name(state.name, make)


async def _seen(request: Request) -> VariantView:
    """Return what the page shows.

    raises    DoesNotExist for an endpoint that there is not; NotFound for a variant that it does not have
    """
    context, path = context_of(request), request.path_params
    named = {"EndpointName": path["name"]}
    endpoint = await context.ask("sagemaker", "DescribeEndpoint", named)
    figures = await context.ask("windvane", "DescribeEndpointFigures", named)
    variants, state = variants_of(endpoint, figures), state_of(endpoint)
    if all(one.name != path["variant"] for one in variants):
        raise NotFound(f"The endpoint {state.name} has no variant {path['variant'][:63]}.")
    ordered = sorted(variants, key=lambda one: one.name != path["variant"])
    return VariantView(state, await origin_of(context, state.config_name), tuple(ordered))


ROUTES = (
    Route("/console/endpoints/{name}/variants/{variant}", variant_page, methods=["GET"]),
    Route("/console/endpoints/{name}/variants/{variant}", change_variant, methods=["POST"]),
)

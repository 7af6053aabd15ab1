"""What the router is to know of an endpoint: by which processes it is answered here, and on which other servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus
from windvane.domain.instance import InstanceState
from windvane.notes.sentences import reason, sentence
from windvane.serving.model import called
from windvane.serving.routes import Route, VariantRoute
from windvane.work.hosting.fleet import Fleet
from windvane.work.hosting.generations import running_key
from windvane.work.hosting.placing import Placed


def route_of(endpoint: Endpoint, fleet: Fleet | None, placed: Placed) -> Route:
    """Return the route of an endpoint.

    fleet    of the generation that answers; None if none of it runs here
    """
    if endpoint.status is EndpointStatus.FAILED:
        why = f"Endpoint {endpoint.name} failed: {reason(endpoint.failure)}"
        return Route(endpoint.scope, endpoint.name, (), why, is_hopeless=True)
    is_alone = placed.live is None
    if not endpoint.running or (is_alone and fleet is None):
        why = f"Endpoint {endpoint.name} is {endpoint.status}; try again once it is InService."
        return Route(endpoint.scope, endpoint.name, (), why)
    if is_alone and fleet is not None and fleet.failure:
        why = f"Endpoint {endpoint.name} has no instance: {sentence(fleet.failure)} It is tried again soon."
        return Route(endpoint.scope, endpoint.name, (), why)
    variants = tuple(_variants(endpoint, fleet, placed))
    return Route(endpoint.scope, endpoint.name, variants, shadow=endpoint.running_shadow)


def _variants(endpoint: Endpoint, fleet: Fleet | None, placed: Placed) -> Iterator[VariantRoute]:
    weights = {one.variant.name: one.variant.weight for one in endpoint.running}
    routes = () if fleet is None or fleet.failure else fleet.routes(weights)
    here = {route.name: route for route in routes}
    key = running_key(endpoint)
    elsewhere, down = placed.elsewhere(key), placed.down(key)
    for one in endpoint.running:
        name = one.variant.name
        route = here.get(name) or _route_elsewhere(endpoint, one, down)
        yield replace(route, elsewhere=tuple(elsewhere[name])) if name in elsewhere else route


def _route_elsewhere(
    endpoint: Endpoint, one: Deployed, down: Mapping[str, InstanceState]
) -> VariantRoute:
    """Return the route of a variant that has no instance here."""
    name = one.variant.name
    return VariantRoute(
        key=f"{endpoint.arn}/{endpoint.running_generation}/{name}",
        name=name,
        weight=one.variant.weight,
        size=0,
        primary=called(one.containers[0].hostname, 1, len(one.containers)),
        slots=(),
        why_down=_why(down[name]) if name in down else "",
        is_here=False,
    )


def _why(state: InstanceState) -> str:
    return state.why_down if state.failure is None else sentence(state.failure).rstrip(".")

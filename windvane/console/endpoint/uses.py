"""Which models and endpoint configurations are in use by which endpoints, and objects of S3 by what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from windvane.console.deletion import Reason
from windvane.console.endpoint.configs import every_variant
from windvane.console.request_context import ObjectUse, RequestContext
from windvane.errors import AccessDenied, DoesNotExist
from windvane.names import Scope

_PAGE = 100

_KINDS = {
    "automl-job": ("ListAutoMLJobs", "the running job {} reads it"),
    "training-job": ("ListTrainingJobs", "the running training job {} uses it"),
    "processing-job": ("ListProcessingJobs", "the running processing job {} uses it"),
    "transform-job": ("ListTransformJobs", "the running transform job {} uses it"),
    "model": ("ListModels", "the model {} was created from it; delete the model first"),
    "endpoint": ("ListEndpoints", "the endpoint {} runs it; delete the endpoint first"),
}
"""Kind of a record that uses an object: the operation that tells its name, and how."""

_PAGES = {
    "automl-job": "/console/jobs/{}",
    "model": "/console/models?name={}",
    "endpoint": "/console/endpoints/{}",
}
"""Kind of a record that uses an object: the page where it is found, of kinds that have one."""


@dataclass(frozen=True)
class Uses:
    """The endpoints of an account in a region, and what they run.

    endpoints_of    names of endpoints by the name of a model that one of their variants has
    endpoints_of_config
                    names of endpoints by the name of a configuration that they run or are on their way to
    configs_of      names of other configurations by the name of a model that they name
    """

    endpoints_of: Mapping[str, tuple[str, ...]]
    endpoints_of_config: Mapping[str, tuple[str, ...]]
    configs_of: Mapping[str, tuple[str, ...]]


async def uses_of_models(context: RequestContext) -> Uses:
    """Look at every endpoint and every configuration; an endpoint runs on without the latter.

    raises    AccessDenied if they may not be looked at: then nothing is known to be free
    """
    in_use: dict[str, set[str]] = {}
    endpoints_of: dict[str, set[str]] = {}
    scope = Scope(context.caller.account, context.caller.region)
    models_of = await context.in_thread(context.uses.models_of, scope)
    async for summary in every(context, "ListEndpoints", "Endpoints"):
        name = summary["EndpointName"]
        try:
            described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        except DoesNotExist:
            continue
        for model in models_of.get(name, ()):
            endpoints_of.setdefault(model, set()).add(name)
        pending = described.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        for config in {described["EndpointConfigName"], pending} - {None}:
            in_use.setdefault(config, set()).add(name)
    configs_of: dict[str, set[str]] = {}
    async for summary in every(context, "ListEndpointConfigs", "EndpointConfigs"):
        config = summary["EndpointConfigName"]
        for model in await _models_of(context, config):
            if config in in_use:
                endpoints_of.setdefault(model, set()).update(in_use[config])
            else:
                configs_of.setdefault(model, set()).add(config)
    return Uses(_sorted(endpoints_of), _sorted(in_use), _sorted(configs_of))


async def uses_of_objects(
    context: RequestContext, places: Iterable[str]
) -> dict[str, tuple[Reason, ...]]:
    """Return why objects cannot be deleted, by their place; none for what nothing uses.

    places    URIs of objects, or of folders, with a slash at the end
    """
    found = await context.in_thread(context.uses.of, context.caller.account, list(places))
    uses = {use: None for each in found.values() for use in each}
    seen = {
        asked: await _may_see(context, *asked) for asked in {(use.kind, use.region) for use in uses}
    }
    told = {use: _in_words(context, use, is_seen=seen[use.kind, use.region]) for use in uses}
    return {place: tuple(dict.fromkeys(told[use] for use in each)) for place, each in found.items()}


async def _may_see(context: RequestContext, kind: str, region: str) -> bool:
    """Return whether whoever is signed in may list what there is of a kind."""
    caller, (operation, _) = replace(context.caller, region=region), _KINDS[kind]
    try:
        await context.inside.ask(caller, "sagemaker", operation, {"MaxResults": 1})
    except AccessDenied:
        return False
    return True


def _in_words(context: RequestContext, use: ObjectUse, *, is_seen: bool) -> Reason:
    if not is_seen:
        return Reason("something that you are not allowed to see uses it")
    text = _KINDS[use.kind][1]
    if use.region != context.caller.region:
        return Reason(text.format(f"{use.name} in {use.region}"))
    return Reason(text.format(use.name), _PAGES.get(use.kind, "").format(quote(use.name, safe="")))


async def every(context: RequestContext, operation: str, member: str) -> AsyncIterator[Any]:
    """Yield what a List operation of SageMaker lists, on all pages."""
    asked: dict[str, Any] = {"MaxResults": _PAGE}
    while True:
        page = await context.ask("sagemaker", operation, asked)
        for one in page[member]:
            yield one
        if "NextToken" not in page:
            return
        asked = {**asked, "NextToken": page["NextToken"]}


async def _models_of(context: RequestContext, config: str) -> list[str]:
    try:
        described = await context.ask(
            "sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": config}
        )
    except DoesNotExist:
        return []
    return [one["ModelName"] for one in every_variant(described)]


def _sorted(found: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(names)) for name, names in found.items()}

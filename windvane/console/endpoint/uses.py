"""Which models and endpoint configurations are in use by which endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from windvane.console.request_context import RequestContext
from windvane.errors import DoesNotExist

_PAGE = 100


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
    """Look at every endpoint and every configuration.

    raises    AccessDenied if they may not be looked at: then nothing is known to be free
    """
    in_use: dict[str, set[str]] = {}
    async for summary in every(context, "ListEndpoints", "Endpoints"):
        name = summary["EndpointName"]
        try:
            described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        except DoesNotExist:
            continue
        pending = described.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        for config in {described["EndpointConfigName"], pending} - {None}:
            in_use.setdefault(config, set()).add(name)
    endpoints_of: dict[str, set[str]] = {}
    configs_of: dict[str, set[str]] = {}
    async for summary in every(context, "ListEndpointConfigs", "EndpointConfigs"):
        config = summary["EndpointConfigName"]
        for model in await _models_of(context, config):
            if config in in_use:
                endpoints_of.setdefault(model, set()).update(in_use[config])
            else:
                configs_of.setdefault(model, set()).add(config)
    return Uses(_sorted(endpoints_of), _sorted(in_use), _sorted(configs_of))


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
    return [one["ModelName"] for one in described["ProductionVariants"]]


def _sorted(found: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(names)) for name, names in found.items()}

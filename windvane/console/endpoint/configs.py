"""Endpoint configurations that take the place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from windvane.console.request_context import RequestContext

VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
"""Members with the variants that answer, and with the one that is sent copies of requests."""


def every_variant(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variants of DescribeEndpoint's or DescribeEndpointConfig's answer, the shadow last."""
    return [dict(one) for member in VARIANTS for one in told.get(member, ())]


async def config_like(
    context: RequestContext,
    config: Mapping[str, Any],
    name: str,
    variants: Sequence[Mapping[str, Any]],
    shadows: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return parameters of CreateEndpointConfig for other variants, with the key and the tags of a configuration.

    config    DescribeEndpointConfig's answer
    shadows   variants that are sent copies of requests
    raises    AccessDenied if its tags may not be listed: policies may ask for them
    """
    listed = await context.ask(
        "sagemaker", "ListTags", {"ResourceArn": config["EndpointConfigArn"]}
    )
    return {
        **{key: config[key] for key in ("KmsKeyId",) if key in config},
        "EndpointConfigName": name,
        "ProductionVariants": list(variants),
        **({"ShadowProductionVariants": list(shadows)} if shadows else {}),
        **({"Tags": listed["Tags"]} if listed["Tags"] else {}),
    }

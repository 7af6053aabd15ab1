"""Endpoint configurations that take the place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from windvane.console.request_context import RequestContext


async def config_like(
    context: RequestContext,
    config: Mapping[str, Any],
    name: str,
    variants: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return parameters of CreateEndpointConfig for other variants, with the key and the tags of a configuration.

    config    DescribeEndpointConfig's answer
    raises    AccessDenied if its tags may not be listed: policies may ask for them
    """
    listed = await context.ask(
        "sagemaker", "ListTags", {"ResourceArn": config["EndpointConfigArn"]}
    )
    return {
        **{key: config[key] for key in ("KmsKeyId",) if key in config},
        "EndpointConfigName": name,
        "ProductionVariants": list(variants),
        **({"Tags": listed["Tags"]} if listed["Tags"] else {}),
    }

"""Names for what the console makes that people can say: the first that nothing has, with a number behind it where it must."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from windvane.console.request_context import RequestContext
from windvane.errors import AlreadyExists, CallerFault
from windvane.names import numbered

LONGEST = 63
"""Of the name of a model, an endpoint or its configuration."""


async def has_endpoint(context: RequestContext, name: str) -> bool:
    """Return whether there is such an endpoint, as far as whoever is signed in may know."""
    try:
        await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
    except CallerFault:
        return False
    return True


async def free_endpoint_name(context: RequestContext, stem: str) -> str:
    """Return the first name that no endpoint has."""
    names = numbered(stem, LONGEST)
    name = next(names)
    while await has_endpoint(context, name):
        name = next(names)
    return name


async def under_free_name(stem: str, make: Callable[[str], Awaitable[None]]) -> None:
    """Make something under the first name that is free.

    make      makes all of it under a name, or nothing
    raises    what it raises for another reason than that a model or a configuration has the name
    """
    refusal: AlreadyExists | None = None
    for name in numbered(stem, LONGEST):
        try:
            await make(name)
        except AlreadyExists as taken:
            if taken.what == "endpoint":
                raise
            refusal = taken
        else:
            return
    if refusal is not None:
        raise refusal

"""Names for what the console makes that people can say: the first that nothing has, with a number behind it where it must."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from windvane.console.request_context import RequestContext
from windvane.errors import AlreadyExists, CallerFault
from windvane.names import fitted, fresh_suffix

LONGEST = 63
"""Of the name of a model, an endpoint or its configuration."""

_MOST_TRIED = 30


def numbered(stem: str) -> Iterator[str]:
    """Yield names, the shortest first, and at last one that nobody has.

    >>> [next(names) for names in [numbered("churn-lightgbm-9")] for _ in range(3)]
    ['churn-lightgbm-9', 'churn-lightgbm-9-2', 'churn-lightgbm-9-3']
    """
    yield stem[:LONGEST].rstrip("-")
    for number in range(2, _MOST_TRIED):
        yield fitted(stem, str(number), LONGEST)
    yield fitted(stem, fresh_suffix(8), LONGEST)


async def has_endpoint(context: RequestContext, name: str) -> bool:
    """Return whether there is such an endpoint, as far as whoever is signed in may know."""
    try:
        await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
    except CallerFault:
        return False
    return True


async def free_endpoint_name(context: RequestContext, stem: str) -> str:
    """Return the first name that no endpoint has."""
    names = numbered(stem)
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
    for name in numbered(stem):
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

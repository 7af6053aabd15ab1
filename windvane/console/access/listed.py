"""Lists of IAM as parts of a page: what whoever is signed in may not see is missing, and the page says why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from windvane.console.request_context import RequestContext
from windvane.errors import NotAuthorized

T = TypeVar("T")

_PAGE = 1000


@dataclass(frozen=True)
class Listed(Generic[T]):
    """Items of a list, or why they may not be seen."""

    items: tuple[T, ...]
    refusal: NotAuthorized | None = None


async def listed(
    context: RequestContext, operation: str, member: str, asked: Mapping[str, Any]
) -> Listed[Any]:
    """Return everything that a List operation of IAM lists. What is known to be refused is not asked: looking at a page
    is no attempt that the audit log has to tell of."""
    if (refusal := context.refusal(operation, asked, "iam")) is not None:
        return Listed((), refusal)
    try:
        return Listed(tuple([one async for one in every(context, operation, member, asked)]))
    except NotAuthorized as refusal:
        return Listed((), refusal)


async def every(
    context: RequestContext, operation: str, member: str, asked: Mapping[str, Any]
) -> AsyncIterator[Any]:
    """Yield what a List operation of IAM lists, on all pages."""
    following: dict[str, Any] = {}
    while True:
        page = await context.ask("iam", operation, {"MaxItems": _PAGE, **asked, **following})
        for one in page[member]:
            yield one
        if not page.get("IsTruncated"):
            return
        following = {"Marker": page["Marker"]}

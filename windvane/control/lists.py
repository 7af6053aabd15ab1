"""List operations: filters, order and page tokens from request parameters, which SageMaker spells alike in
all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from windvane.domain.resource import Resource
from windvane.names import PageTokens, Scope
from windvane.store.base import OrderBy, Query, Store

R = TypeVar("R", bound=Resource)

DEFAULT_PAGE = 10

PROJECT, ARCHIVED = "project", "windvane:archived"
"""Keys of the tags that say to which project a resource belongs, and that lists leave it out."""

_FILTERS = {
    "StatusEquals": "status",
    "NameContains": "name_contains",
    "CandidateNameEquals": "name_equals",
    "CreationTimeAfter": "created_after",
    "CreationTimeBefore": "created_before",
    "LastModifiedTimeAfter": "modified_after",
    "LastModifiedTimeBefore": "modified_before",
}

_ORDERS = {
    "Name": OrderBy.NAME,
    "CreationTime": OrderBy.CREATED,
    "Status": OrderBy.STATUS,
    "FinalObjectiveMetricValue": OrderBy.SCORE,
}


@dataclass(frozen=True)
class Listing(Generic[R]):
    """The resources that one List operation lists, and their order when its caller names none.

    name    of the operation; page tokens hold for it alone
    """

    name: str
    kind: type[R]
    order: OrderBy = OrderBy.CREATED
    descending: bool = True
    page_size: int = DEFAULT_PAGE


@dataclass(frozen=True)
class Listed(Generic[R]):
    """One page; next_token is "" on the last one."""

    records: tuple[R, ...]
    next_token: str


class Lists:
    """Reads pages of records from the store."""

    def __init__(self, store: Store, tokens: PageTokens) -> None:
        self._store = store
        self._tokens = tokens

    def page(
        self, listing: Listing[R], scope: Scope, parameters: Mapping[str, Any], parent: str = ""
    ) -> Listed[R]:
        """Return the page that the parameters of a List operation ask for, of all records of the scope or, with a
        parent, of those that belong to it.

        raises    InvalidRequest if the token was not issued for this list with these filters
        """
        belongs_to = _identity(listing.name, scope, parameters)
        token = parameters.get("NextToken", "")
        query = Query(
            scope=scope,
            parent=parent or None,
            order=_ORDERS[parameters["SortBy"]] if "SortBy" in parameters else listing.order,
            descending=parameters["SortOrder"] == "Descending"
            if "SortOrder" in parameters
            else listing.descending,
            limit=parameters.get("MaxResults", listing.page_size),
            after=self._tokens.read(belongs_to, token) if token else None,
            **_filters(parameters),
        )
        with self._store.snapshot() as tx:
            page = tx.page(listing.kind, query)
        more = page.position is not None
        return Listed(page.records, self._tokens.issue(belongs_to, page.position) if more else "")

    def filters(self, scope: Scope, parameters: Mapping[str, Any]) -> Query:
        """Return what the parameters of a List operation leave of all records of the scope, on whatever page."""
        return Query(scope=scope, **_filters(parameters))


def _filters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    told = {field: parameters[name] for name, field in _FILTERS.items() if name in parameters}
    if "ProjectEquals" in parameters:
        told["tagged"] = (PROJECT, parameters["ProjectEquals"])
    if "IsArchived" in parameters:
        told["has_tag" if parameters["IsArchived"] else "lacks_tag"] = ARCHIVED
    return told


def _identity(name: str, scope: Scope, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a token belongs to: another scope, operation, filter or order makes it void. The page size may
    change between pages."""
    filters = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in sorted(parameters.items())
        if key not in ("NextToken", "MaxResults", "IncludeProjects")
    }
    return scope.account, scope.region, name, json.dumps(filters)

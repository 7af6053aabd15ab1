"""Pages of the lists of Application Auto Scaling, oldest first or newest first; their tokens hold for one list with its filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from windvane.control.members import Request
from windvane.domain.resource import Resource
from windvane.errors import InvalidPageToken, InvalidRequest
from windvane.names import PageTokens, Scope
from windvane.store.base import Query, Transaction

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True)
class ScalingPage(Generic[R]):
    """next_token is "" on the last one."""

    records: tuple[R, ...]
    next_token: str


class Pages:
    """The pages of one request.

    most    records of a page, at most and by default
    """

    def __init__(
        self, tokens: PageTokens, operation: str, scope: Scope, request: Request, most: int
    ) -> None:
        """Read the page that a request asks for.

        raises    InvalidRequest, InvalidPageToken
        """
        self.limit = request.get("MaxResults", most)
        if not 1 <= self.limit <= most:
            raise InvalidRequest(f"MaxResults is {self.limit}; it must be between 1 and {most}.")
        filters = {k: v for k, v in sorted(request.items()) if k not in ("NextToken", "MaxResults")}
        self._belongs_to = (operation, scope.account, scope.region, json.dumps(filters))
        self._tokens = tokens
        self._after = self._read(request.get("NextToken", ""))

    def stored(self, tx: Transaction, kind: type[R], query: Query) -> ScalingPage[R]:
        """Return the page of what a query finds in the store."""
        found = tx.page(kind, replace(query, limit=self.limit, after=self._after))
        return ScalingPage(found.records, self._issue(found.position))

    def cut(self, records: Sequence[R]) -> ScalingPage[R]:
        """Return the page of a list that is known as a whole."""
        begin = self._after or 0
        end = begin + self.limit
        more = end if end < len(records) else None
        return ScalingPage(tuple(records[begin:end]), self._issue(more))

    def _read(self, token: str) -> Any:
        try:
            return self._tokens.read(self._belongs_to, token) if token else None
        except InvalidRequest as error:
            raise InvalidPageToken(str(error)) from error

    def _issue(self, position: Any) -> str:
        return "" if position is None else self._tokens.issue(self._belongs_to, position)

"""Which page of a list is asked for: filters, order and position, as the page's address has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

ORDERS = {"name": "Name", "created": "CreationTime", "status": "Status"}
_PAGE = 25
_LONGEST_NAME, _LONGEST_PROJECT = 63, 256


@dataclass(frozen=True)
class ListQuery:
    """The query of a page that lists jobs or endpoints.

    path     of the page
    token    of the part that is shown; "" for the first one
    first    the number of the first row that is shown, where rows are numbered
    project, is_archived
             of jobs: those of one project, and those that were archived in place of the others
    """

    path: str
    name: str = ""
    status: str = ""
    sort: str = "created"
    is_ascending: bool = False
    token: str = ""
    first: int = 1
    project: str = ""
    is_archived: bool = False

    @property
    def is_filtered(self) -> bool:
        return bool(self.name or self.status or self.project or self.is_archived)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The fields of an address, or of a form that leads back here."""
        parts = {
            "name": self.name,
            "status": self.status,
            "project": self.project,
            "archived": "yes" if self.is_archived else "",
            "sort": "" if self.sort == "created" else self.sort,
            "order": "asc" if self.is_ascending else "",
            "token": self.token,
            "first": "" if self.first == 1 else str(self.first),
        }
        return tuple((key, value) for key, value in parts.items() if value)

    @property
    def text(self) -> str:
        """The fields as the query string of an address."""
        return urlencode(self.fields)

    @property
    def url(self) -> str:
        return f"{self.path}?{self.text}" if self.text else self.path

    def sorted_by(self, sort: str) -> ListQuery:
        """Return the query sorted by a column, from the first page; another way round if it is sorted so already."""
        ascending = not self.is_ascending if sort == self.sort else sort != "created"
        return replace(self.first_page(), sort=sort, is_ascending=ascending)

    def first_page(self) -> ListQuery:
        return replace(self, token="", first=1)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the operation that lists."""
        asked = {"NameContains": self.name, "StatusEquals": self.status, "NextToken": self.token}
        return {
            **{key: value for key, value in asked.items() if value},
            "SortBy": ORDERS[self.sort],
            "SortOrder": "Ascending" if self.is_ascending else "Descending",
            "MaxResults": _PAGE,
        }


def read_list_query(
    path: str, fields: Mapping[str, list[str]], statuses: Collection[str]
) -> ListQuery:
    """Read the query of an address or a form. What is none of the choices is what stands first among them."""
    given = {key: values[0].strip() for key, values in fields.items() if values}
    sort, status = given.get("sort", ""), given.get("status", "")
    return ListQuery(
        path,
        name=given.get("name", "")[:_LONGEST_NAME],
        status=status if status in statuses else "",
        sort=sort if sort in ORDERS else "created",
        is_ascending=given.get("order") == "asc",
        token=given.get("token", ""),
        first=max(1, whole_number(given.get("first", ""), 1)),
        project=given.get("project", "")[:_LONGEST_PROJECT],
        is_archived=given.get("archived") == "yes",
    )


def address_fields(request: Request) -> dict[str, list[str]]:
    """Return the fields of a request's address."""
    query = request.query_params
    return {key: query.getlist(key) for key in query}


def whole_number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise

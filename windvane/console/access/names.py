"""Names of users and roles in addresses of pages."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

_DOTS = (".", "..")
_AS_IT_IS = "~"
"""Before a name that browsers would take for a step in the address; no name in IAM has it."""


def url_of(page: str, name: str) -> str:
    """Return the address of a user or role.

    >>> url_of("/console/users", "ann"), url_of("/console/users", "a+b"), url_of("/console/users", "..")
    ('/console/users/ann', '/console/users/a%2Bb', '/console/users/~..')
    """
    return f"{page}/{_AS_IT_IS if name in _DOTS else ''}{quote(name, safe='')}"


def name_in(request: Request) -> str:
    """Return the name that an address has."""
    name: str = request.path_params["name"]
    return name.removeprefix(_AS_IT_IS)

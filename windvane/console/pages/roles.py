"""Roles of the account: who may assume each, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.access.policies import Policies, policies_of, readable
from windvane.console.draw import draw
from windvane.console.request_context import context_of

_PAGE = "/console/roles"
_SHOWN = 50


@dataclass(frozen=True)
class RoleRow:
    """A role in the list."""

    name: str
    description: str
    created: datetime


@dataclass(frozen=True)
class RolesView:
    """The page that lists roles; `marker` is where the next page begins, "" on the last one."""

    rows: tuple[RoleRow, ...]
    marker: str
    is_first: bool


@dataclass(frozen=True)
class RoleView:
    """The page of a role.

    trust            who may assume it, a policy document
    longest_session  in seconds
    """

    name: str
    arn: str
    description: str
    created: datetime
    longest_session: int
    trust: str
    policies: Policies


async def roles_page(request: Request) -> Response:
    marker = request.query_params.get("marker", "")
    asked: dict[str, Any] = {"MaxItems": _SHOWN, **({"Marker": marker} if marker else {})}
    page = await context_of(request).ask("iam", "ListRoles", asked)
    rows = tuple(
        RoleRow(one["RoleName"], one.get("Description", ""), one["CreateDate"])
        for one in page["Roles"]
    )
    following = page.get("Marker", "") if page.get("IsTruncated") else ""
    return draw(request, "roles.html", RolesView(rows, following, not marker))


async def role_page(request: Request) -> Response:
    context, name = context_of(request), request.path_params["name"]
    role = (await context.ask("iam", "GetRole", {"RoleName": name}))["Role"]
    view = RoleView(
        role["RoleName"],
        role["Arn"],
        role.get("Description", ""),
        role["CreateDate"],
        role["MaxSessionDuration"],
        readable(role["AssumeRolePolicyDocument"]),
        await policies_of(context, "Role", name),
    )
    return draw(request, "role.html", view)


ROUTES = (
    Route(_PAGE, roles_page, methods=["GET"]),
    Route(f"{_PAGE}/{{name}}", role_page, methods=["GET"]),
)

"""Roles of the account: who may assume each, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.access.names import name_in, url_of
from windvane.console.access.policies import Policies, policies_of, readable
from windvane.console.access.trust import trusted
from windvane.console.draw import draw
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import InvalidRequest
from windvane.names import default_role

_PAGE = "/console/roles"
_SHOWN = 50


class Origin(StrEnum):
    """Where a role comes from, which is where it is changed.

    OPERATIONS      CreateRole of IAM
    CONFIGURATION   the server's configuration file
    EVERY_ACCOUNT   every account has it; it cannot be changed
    """

    OPERATIONS = "operations"
    CONFIGURATION = "configuration"
    EVERY_ACCOUNT = "every account"


@dataclass(frozen=True)
class RoleRow:
    """A role in the list.

    trusted    who may assume it, in words
    """

    name: str
    description: str
    origin: Origin
    trusted: tuple[str, ...]
    created: datetime

    @property
    def url(self) -> str:
        return url_of(_PAGE, self.name)


@dataclass(frozen=True)
class RolesView:
    """The page that lists roles; `marker` is where the next page begins, "" on the last one."""

    rows: tuple[RoleRow, ...]
    marker: str
    is_first: bool


@dataclass(frozen=True)
class RoleView:
    """The page of a role.

    trusted          who may assume it, in words
    trust            the same as a policy document
    longest_session  in seconds
    """

    name: str
    arn: str
    description: str
    origin: Origin
    created: datetime
    longest_session: int
    trusted: tuple[str, ...]
    trust: str
    policies: Policies


async def roles_page(request: Request) -> Response:
    context, marker = context_of(request), request.query_params.get("marker", "")
    asked: dict[str, Any] = {"MaxItems": _SHOWN, **({"Marker": marker} if marker else {})}
    try:
        page = await context.ask("iam", "ListRoles", asked)
    except InvalidRequest:
        if not marker:
            raise
        return RedirectResponse(_PAGE, 303, headers=PAGE_HEADERS)  # that role is no more
    rows = tuple(
        RoleRow(
            one["RoleName"],
            one.get("Description", ""),
            _origin(context, one["Arn"]),
            trusted(one["AssumeRolePolicyDocument"], context.caller.account),
            one["CreateDate"],
        )
        for one in page["Roles"]
    )
    following = page.get("Marker", "") if page.get("IsTruncated") else ""
    return draw(request, "roles.html", RolesView(rows, following, not marker))


async def role_page(request: Request) -> Response:
    context, name = context_of(request), name_in(request)
    role = (await context.ask("iam", "GetRole", {"RoleName": name}))["Role"]
    trust = role["AssumeRolePolicyDocument"]
    view = RoleView(
        role["RoleName"],
        role["Arn"],
        role.get("Description", ""),
        _origin(context, role["Arn"]),
        role["CreateDate"],
        role["MaxSessionDuration"],
        trusted(trust, context.caller.account),
        readable(trust),
        await policies_of(context, "Role", name),
    )
    return draw(request, "role.html", view)


def _origin(context: RequestContext, arn: str) -> Origin:
    account = context.caller.account
    if arn == default_role(account):
        return Origin.EVERY_ACCOUNT
    is_declared = arn in context.identities.declared_arns(account)
    return Origin.CONFIGURATION if is_declared else Origin.OPERATIONS


ROUTES = (
    Route(_PAGE, roles_page, methods=["GET"]),
    Route(f"{_PAGE}/{{name}}", role_page, methods=["GET"]),
)

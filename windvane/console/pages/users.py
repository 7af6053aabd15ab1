"""Users of the account: who there is, what each may do, and their access keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.access.listed import Listed, every, listed
from windvane.console.access.names import name_in, url_of
from windvane.console.access.overviews import UserOverview
from windvane.console.access.policies import AttachedPolicy, Policies, policies_of
from windvane.console.deletion import DeletionView
from windvane.console.draw import draw
from windvane.console.forms import Form, form_of
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import InvalidRequest, LimitExceeded, NameTaken, NotAuthorized

_PAGE = "/console/users"
_SHOWN = 50
_LONGEST = 64
_STATUSES = {"activate": "Active", "deactivate": "Inactive"}


@dataclass(frozen=True)
class UserRow:
    """A user in the list.

    overview    None if there was no time to look
    """

    name: str
    created: datetime
    overview: UserOverview | None

    @property
    def url(self) -> str:
        return url_of(_PAGE, self.name)


@dataclass(frozen=True)
class UsersView:
    """The page that lists users.

    sought     part of the names; "" for all users
    marker     where the next page begins; "" on the last one
    n_more     users with the sought part in their names that are not shown
    typed      the name in the form, if it could not be taken, and why
    deleted    the user that the form that led here has deleted
    """

    rows: tuple[UserRow, ...]
    sought: str
    marker: str
    is_first: bool
    n_more: int
    typed: str = ""
    trouble: str = ""
    deleted: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the actions without which parts of the rows are not shown."""
        seen = [one.overview for one in self.rows if one.overview is not None]
        parts = [part for one in seen for part in (one.n_policies, one.n_active_keys, one.used)]
        return tuple(sorted({part.action for part in parts if isinstance(part, NotAuthorized)}))


@dataclass(frozen=True)
class KeyRow:
    """An access key; `used` is when it was used last, None if it never was, or why that may not be seen."""

    id: str
    is_active: bool
    created: datetime
    used: datetime | NotAuthorized | None


@dataclass(frozen=True)
class NewKey:
    """An access key that was made a moment ago: its secret is shown this once."""

    id: str
    secret: str


@dataclass(frozen=True)
class UserView:
    """The page of a user.

    choices    managed policies that are not attached
    """

    name: str
    arn: str
    created: datetime
    keys: Listed[KeyRow]
    policies: Policies
    choices: Listed[AttachedPolicy]
    new_key: NewKey | None = None
    trouble: str = ""

    @property
    def url(self) -> str:
        return url_of(_PAGE, self.name)


async def users_page(request: Request) -> Response:
    try:
        view = await _listed(request)
    except InvalidRequest:
        if "marker" not in request.query_params:
            raise
        return RedirectResponse(_PAGE, 303, headers=PAGE_HEADERS)  # that user is no more
    return draw(request, "users.html", view)


async def create_user(request: Request) -> Response:
    context, form = context_of(request), await form_of(request)
    name = form.get("name")
    try:
        await context.ask("iam", "CreateUser", {"UserName": name})
    except (InvalidRequest, NameTaken, LimitExceeded) as fault:
        view = await _listed(request, name[:_LONGEST], str(fault))
        return draw(request, "users.html", view, 400)
    return _to(name)


async def user_page(request: Request) -> Response:
    return draw(request, "user.html", await _seen(request))


async def change_keys(request: Request) -> Response:
    """Make an access key, or activate, deactivate or delete one."""
    context, form, name = context_of(request), await form_of(request), name_in(request)
    do = form.get("do")
    if do == "create":
        try:
            made = (await context.ask("iam", "CreateAccessKey", {"UserName": name}))["AccessKey"]
        except LimitExceeded as fault:
            return draw(request, "user.html", await _seen(request, trouble=str(fault)), 400)
        key = NewKey(made["AccessKeyId"], made["SecretAccessKey"])
        return draw(request, "user.html", await _seen(request, key))
    named = {"UserName": name, "AccessKeyId": form.get("key")}
    if do in _STATUSES:
        await context.ask("iam", "UpdateAccessKey", {**named, "Status": _STATUSES[do]})
    elif do == "delete":
        await context.ask("iam", "DeleteAccessKey", named)
    else:
        raise InvalidRequest("A key can be created, activated, deactivated or deleted.")
    return _to(name)


async def change_policies(request: Request) -> Response:
    """Attach a managed policy, or detach one."""
    form, name = await form_of(request), name_in(request)
    operations = {"attach": "AttachUserPolicy", "detach": "DetachUserPolicy"}
    if form.get("do") not in operations:
        raise InvalidRequest("A policy can be attached or detached.")
    asked = {"UserName": name, "PolicyArn": form.get("policy")}
    await context_of(request).ask("iam", operations[form.get("do")], asked)
    return _to(name)


async def delete_user(request: Request) -> Response:
    """Asks first. What is the user's alone goes with it."""
    context, form, view = context_of(request), await form_of(request), await _seen(request)
    for part in (view.keys, view.policies.attached, view.policies.inline):
        if part.refusal is not None:  # what goes with the user is told first
            raise part.refusal
    if form.get("confirm") != view.name:
        return draw(request, "deletion.html", _question(view, form))
    steps = list(_steps(view))
    for operation, asked in steps:  # all of them, or none
        if (refusal := context.refusal(operation, asked, "iam")) is not None:
            raise refusal
    for operation, asked in steps:
        await context.ask("iam", operation, asked)
    there = f"{_PAGE}?{urlencode({'deleted': view.name})}"
    return RedirectResponse(there, 303, headers=PAGE_HEADERS)


def _steps(view: UserView) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the operations that delete a user, in their order, with their parameters."""
    named = {"UserName": view.name}
    for key in view.keys.items:
        yield "DeleteAccessKey", {**named, "AccessKeyId": key.id}
    for one in view.policies.attached.items:
        yield "DetachUserPolicy", {**named, "PolicyArn": one.arn}
    for policy in view.policies.inline.items:
        yield "DeleteUserPolicy", {**named, "PolicyName": policy.name}
    yield "DeleteUser", named


def _question(view: UserView, form: Form) -> DeletionView:
    typed = form.get("confirm")
    keys, inline = view.keys.items, view.policies.inline.items
    return DeletionView(
        f"Delete the user {view.name}?",
        f"{view.url}/delete",
        view.url,
        (),
        (
            f"the user {view.name}",
            *(f"the access key {key.id}: programs that use it are refused" for key in keys),
            *(f"the policy {one.name}, which is this user's alone" for one in inline),
        ),
        ("jobs, models and endpoints that the user created", "managed policies"),
        to_type=view.name,
        trouble=f"The name you typed is not {view.name}." if typed else "",
    )


async def _listed(request: Request, typed: str = "", trouble: str = "") -> UsersView:
    query, context = request.query_params, context_of(request)
    sought = query.get("name", "").strip()[:_LONGEST]
    marker = "" if sought else query.get("marker", "")
    asked: dict[str, Any] = {"MaxItems": _SHOWN, **({"Marker": marker} if marker else {})}
    if sought:
        users = [one async for one in _with(context, sought)]
        page: dict[str, Any] = {"Users": users[:_SHOWN]}
    else:
        users, page = [], await context.ask("iam", "ListUsers", asked)
    names, deleted = [one["UserName"] for one in page["Users"]], query.get("deleted", "")
    overviews = await context.in_thread(context.identities.users, context.caller, [*names, deleted])
    return UsersView(
        tuple(
            UserRow(one["UserName"], one["CreateDate"], overviews.get(one["UserName"]))
            for one in page["Users"]
        ),
        sought,
        page.get("Marker", "") if page.get("IsTruncated") else "",
        not marker,
        max(0, len(users) - _SHOWN),
        typed,
        trouble,
        "" if deleted in overviews else deleted[:_LONGEST],
    )


async def _with(context: RequestContext, sought: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the users with this text in their names, whatever its case."""
    async for one in every(context, "ListUsers", "Users", {}):
        if sought.lower() in one["UserName"].lower():
            yield one


async def _seen(request: Request, new_key: NewKey | None = None, trouble: str = "") -> UserView:
    """Return what the page of a user shows.

    raises    NotFound; AccessDenied to whoever may not look at the user at all
    """
    context, name = context_of(request), name_in(request)
    named = {"UserName": name}
    user = (await context.ask("iam", "GetUser", named))["User"]
    policies = await policies_of(context, "User", name)
    keys = await listed(context, "ListAccessKeys", "AccessKeyMetadata", named)
    rows = tuple([await _key(context, one) for one in keys.items])
    return UserView(
        user["UserName"],
        user["Arn"],
        user["CreateDate"],
        Listed(rows, keys.refusal),
        policies,
        await _choices(context, policies),
        new_key,
        trouble,
    )


async def _key(context: RequestContext, one: dict[str, Any]) -> KeyRow:
    asked = {"AccessKeyId": one["AccessKeyId"]}
    used: datetime | NotAuthorized | None = context.refusal("GetAccessKeyLastUsed", asked, "iam")
    if used is None:
        told = await context.ask("iam", "GetAccessKeyLastUsed", asked)
        used = told["AccessKeyLastUsed"].get("LastUsedDate")
    return KeyRow(one["AccessKeyId"], one["Status"] == "Active", one["CreateDate"], used)


async def _choices(context: RequestContext, policies: Policies) -> Listed[AttachedPolicy]:
    """Return the managed policies that could be attached."""
    found = await listed(context, "ListPolicies", "Policies", {})
    attached = {one.arn for one in policies.attached.items}
    choices = (AttachedPolicy(one["PolicyName"], one["Arn"]) for one in found.items)
    return Listed(tuple(one for one in choices if one.arn not in attached), found.refusal)


def _to(name: str) -> Response:
    return RedirectResponse(url_of(_PAGE, name), 303, headers=PAGE_HEADERS)


ROUTES = (
    Route(_PAGE, users_page, methods=["GET"]),
    Route(_PAGE, create_user, methods=["POST"]),
    Route(f"{_PAGE}/{{name}}", user_page, methods=["GET"]),
    Route(f"{_PAGE}/{{name}}/keys", change_keys, methods=["POST"]),
    Route(f"{_PAGE}/{{name}}/policies", change_policies, methods=["POST"]),
    Route(f"{_PAGE}/{{name}}/delete", delete_user, methods=["POST"]),
)

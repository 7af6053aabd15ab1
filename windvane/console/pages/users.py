"""Users of the account: who there is, what each may do, and their access keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.access.policies import AttachedPolicy, Policies, every, policies_of
from windvane.console.deletion import DeletionView
from windvane.console.draw import draw
from windvane.console.forms import Form, form_of
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import InvalidRequest, LimitExceeded, NameTaken

_PAGE = "/console/users"
_SHOWN = 50
_LONGEST = 64
_STATUSES = {"activate": "Active", "deactivate": "Inactive"}


@dataclass(frozen=True)
class UserRow:
    """A user in the list."""

    name: str
    created: datetime


@dataclass(frozen=True)
class UsersView:
    """The page that lists users.

    marker     where the next page begins; "" on the last one
    typed      the name in the form, if it could not be taken, and why
    deleted    the user that the form that led here has deleted
    """

    rows: tuple[UserRow, ...]
    marker: str
    is_first: bool
    typed: str = ""
    trouble: str = ""
    deleted: str = ""


@dataclass(frozen=True)
class KeyRow:
    """An access key; `used` is when it was used last, None if it never was; `is_use_known` to whoever may look at that."""

    id: str
    is_active: bool
    created: datetime
    used: datetime | None
    is_use_known: bool


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
    keys: tuple[KeyRow, ...]
    policies: Policies
    choices: tuple[AttachedPolicy, ...]
    new_key: NewKey | None = None
    trouble: str = ""

    @property
    def url(self) -> str:
        return _url(self.name)


async def users_page(request: Request) -> Response:
    return draw(request, "users.html", await _listed(request))


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
    context, form, name = context_of(request), await form_of(request), _name(request)
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
    form, name = await form_of(request), _name(request)
    operations = {"attach": "AttachUserPolicy", "detach": "DetachUserPolicy"}
    if form.get("do") not in operations:
        raise InvalidRequest("A policy can be attached or detached.")
    asked = {"UserName": name, "PolicyArn": form.get("policy")}
    await context_of(request).ask("iam", operations[form.get("do")], asked)
    return _to(name)


async def delete_user(request: Request) -> Response:
    """Asks first. What is the user's alone goes with it."""
    context, form, view = context_of(request), await form_of(request), await _seen(request)
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
    for key in view.keys:
        yield "DeleteAccessKey", {**named, "AccessKeyId": key.id}
    for one in view.policies.attached:
        yield "DetachUserPolicy", {**named, "PolicyArn": one.arn}
    for policy in view.policies.inline:
        yield "DeleteUserPolicy", {**named, "PolicyName": policy.name}
    yield "DeleteUser", named


def _question(view: UserView, form: Form) -> DeletionView:
    typed = form.get("confirm")
    return DeletionView(
        f"Delete the user {view.name}?",
        f"{view.url}/delete",
        view.url,
        (),
        (
            f"the user {view.name}",
            *(f"the access key {key.id}: programs that use it are refused" for key in view.keys),
            *(f"the policy {one.name}, which is this user's alone" for one in view.policies.inline),
        ),
        ("jobs, models and endpoints that the user created", "managed policies"),
        to_type=view.name,
        trouble=f"The name you typed is not {view.name}." if typed else "",
    )


async def _listed(request: Request, typed: str = "", trouble: str = "") -> UsersView:
    marker = request.query_params.get("marker", "")
    asked: dict[str, Any] = {"MaxItems": _SHOWN, **({"Marker": marker} if marker else {})}
    page = await context_of(request).ask("iam", "ListUsers", asked)
    return UsersView(
        tuple(UserRow(one["UserName"], one["CreateDate"]) for one in page["Users"]),
        page.get("Marker", "") if page.get("IsTruncated") else "",
        not marker,
        typed,
        trouble,
        request.query_params.get("deleted", "")[:_LONGEST],
    )


async def _seen(request: Request, new_key: NewKey | None = None, trouble: str = "") -> UserView:
    """Return what the page of a user shows.

    raises    NotFound; AccessDenied to whoever may not look at it
    """
    context, name = context_of(request), _name(request)
    named = {"UserName": name}
    user = (await context.ask("iam", "GetUser", named))["User"]
    policies = await policies_of(context, "User", name)
    keys = [
        await _key(context, one)
        async for one in every(context, "ListAccessKeys", "AccessKeyMetadata", named)
    ]
    return UserView(
        user["UserName"],
        user["Arn"],
        user["CreateDate"],
        tuple(keys),
        policies,
        await _choices(context, policies),
        new_key,
        trouble,
    )


async def _key(context: RequestContext, one: dict[str, Any]) -> KeyRow:
    used = None
    is_use_known = context.refusal("GetAccessKeyLastUsed", None, "iam") is None
    if is_use_known:
        asked = {"AccessKeyId": one["AccessKeyId"]}
        told = await context.ask("iam", "GetAccessKeyLastUsed", asked)
        used = told["AccessKeyLastUsed"].get("LastUsedDate")
    is_active = one["Status"] == "Active"
    return KeyRow(one["AccessKeyId"], is_active, one["CreateDate"], used, is_use_known)


async def _choices(context: RequestContext, policies: Policies) -> tuple[AttachedPolicy, ...]:
    """Return the managed policies that could be attached, if they may be listed."""
    if context.refusal("ListPolicies", None, "iam") is not None:
        return ()
    attached = {one.arn for one in policies.attached}
    return tuple(
        [
            AttachedPolicy(one["PolicyName"], one["Arn"])
            async for one in every(context, "ListPolicies", "Policies", {})
            if one["Arn"] not in attached
        ]
    )


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name


def _url(name: str) -> str:
    return f"{_PAGE}/{quote(name, safe='')}"


def _to(name: str) -> Response:
    return RedirectResponse(_url(name), 303, headers=PAGE_HEADERS)


ROUTES = (
    Route(_PAGE, users_page, methods=["GET"]),
    Route(_PAGE, create_user, methods=["POST"]),
    Route(f"{_PAGE}/{{name}}", user_page, methods=["GET"]),
    Route(f"{_PAGE}/{{name}}/keys", change_keys, methods=["POST"]),
    Route(f"{_PAGE}/{{name}}/policies", change_policies, methods=["POST"]),
    Route(f"{_PAGE}/{{name}}/delete", delete_user, methods=["POST"]),
)

"""The policies of users and roles, as pages show them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from windvane.console.request_context import RequestContext


@dataclass(frozen=True)
class InlinePolicy:
    """A policy that belongs to one user or role alone."""

    name: str
    document: str


@dataclass(frozen=True)
class AttachedPolicy:
    """A managed policy that is attached."""

    name: str
    arn: str


@dataclass(frozen=True)
class Policies:
    """The policies of a user or role."""

    attached: tuple[AttachedPolicy, ...]
    inline: tuple[InlinePolicy, ...]


async def policies_of(context: RequestContext, kind: str, name: str) -> Policies:
    """Return the policies of a user or role.

    kind      "User" or "Role"
    raises    AccessDenied to whoever may not read them
    """
    named = {f"{kind}Name": name}
    attached = every(context, f"ListAttached{kind}Policies", "AttachedPolicies", named)
    inline = []
    async for policy in every(context, f"List{kind}Policies", "PolicyNames", named):
        asked = {**named, "PolicyName": policy}
        told = await context.ask("iam", f"Get{kind}Policy", asked)
        inline.append(InlinePolicy(policy, readable(told["PolicyDocument"])))
    return Policies(
        tuple([AttachedPolicy(one["PolicyName"], one["PolicyArn"]) async for one in attached]),
        tuple(inline),
    )


async def every(
    context: RequestContext, operation: str, member: str, asked: dict[str, Any]
) -> AsyncIterator[Any]:
    """Yield what a List operation of IAM lists, on all pages."""
    while True:
        page = await context.ask("iam", operation, asked)
        for one in page[member]:
            yield one
        if not page.get("IsTruncated"):
            return
        asked = {**asked, "Marker": page["Marker"]}


def readable(document: str) -> str:
    """Return a policy document as IAM hands it out, laid out to be read."""
    return json.dumps(json.loads(unquote(document)), indent=2)

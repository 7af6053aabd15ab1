"""The policies of users and roles, as pages show them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from windvane.console.access.listed import Listed, listed
from windvane.console.request_context import RequestContext
from windvane.errors import NotAuthorized

_MOST_DOCUMENTS = 40
"""Documents on a page: each is asked for by itself, and a role may have two hundred short ones."""


@dataclass(frozen=True)
class InlinePolicy:
    """A policy that belongs to one user or role alone.

    document    "" where it is not shown
    refusal     why the document may not be seen
    """

    name: str
    document: str
    refusal: NotAuthorized | None = None


@dataclass(frozen=True)
class AttachedPolicy:
    """A managed policy that is attached."""

    name: str
    arn: str


@dataclass(frozen=True)
class Policies:
    """The policies of a user or role."""

    attached: Listed[AttachedPolicy]
    inline: Listed[InlinePolicy]

    @property
    def are_none(self) -> bool:
        """Return whether there is known to be none."""
        parts = (self.attached, self.inline)
        return not any(part.items or part.refusal for part in parts)


async def policies_of(context: RequestContext, kind: str, name: str) -> Policies:
    """Return the policies of a user or role, as far as they may be seen.

    kind    "User" or "Role"
    """
    named = {f"{kind}Name": name}
    attached = await listed(context, f"ListAttached{kind}Policies", "AttachedPolicies", named)
    inline = await listed(context, f"List{kind}Policies", "PolicyNames", named)
    documents = [
        await _inline(context, f"Get{kind}Policy", {**named, "PolicyName": policy})
        for policy in inline.items[:_MOST_DOCUMENTS]
    ]
    without = [InlinePolicy(policy, "") for policy in inline.items[_MOST_DOCUMENTS:]]
    return Policies(
        Listed(
            tuple(AttachedPolicy(one["PolicyName"], one["PolicyArn"]) for one in attached.items),
            attached.refusal,
        ),
        Listed((*documents, *without), inline.refusal),
    )


async def _inline(context: RequestContext, operation: str, asked: dict[str, Any]) -> InlinePolicy:
    policy = asked["PolicyName"]
    if (refusal := context.refusal(operation, asked, "iam")) is not None:
        return InlinePolicy(policy, "", refusal)
    try:
        told = await context.ask("iam", operation, asked)
    except NotAuthorized as refusal:
        return InlinePolicy(policy, "", refusal)
    return InlinePolicy(policy, readable(told["PolicyDocument"]))


def readable(document: str) -> str:
    """Return a policy document as IAM hands it out, laid out to be read."""
    return json.dumps(json.loads(unquote(document)), indent=2)

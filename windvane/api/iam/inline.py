"""Policies of users and roles: those that are theirs alone, and managed ones that are attached to them.

The operations on users and on roles differ in a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from windvane.api.iam.operation import IdentityParts, Operation, OperationTable, page_of
from windvane.domain.identity import Role, User
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("iam")

Kind = type[User] | type[Role]
_WORDS: tuple[tuple[str, Any], ...] = (("User", User), ("Role", Role))


def _for_both(name: str) -> Callable[[Callable[[IdentityParts, Call, Any, str], Result]], Any]:
    """Declares an operation on users and the same on roles; {} in the name stands for the word."""

    def declare(operation: Callable[[IdentityParts, Call, Any, str], Result]) -> Any:
        for word, kind in _WORDS:
            OPERATIONS.serves(name.format(word))(_bound(operation, kind, f"{word}Name"))
        return operation

    return declare


def _bound(
    operation: Callable[[IdentityParts, Call, Any, str], Result], kind: Any, member: str
) -> Operation:
    return lambda parts, call: operation(parts, call, kind, call.parameters[member])


@_for_both("Put{}Policy")
def put_policy(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    given = call.parameters
    account, policy = call.caller.account, given["PolicyName"]
    parts.principals.put_inline(kind, account, name, policy, given["PolicyDocument"])
    return None


@_for_both("Get{}Policy")
def get_policy(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    policy = call.parameters["PolicyName"]
    text = parts.principals.inline(kind, call.caller.account, name, policy)
    word = "UserName" if kind is User else "RoleName"
    return {word: name, "PolicyName": policy, "PolicyDocument": quote(text, safe="")}


@_for_both("Delete{}Policy")
def delete_policy(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    policy = call.parameters["PolicyName"]
    parts.principals.delete_inline(kind, call.caller.account, name, policy)
    return None


@_for_both("List{}Policies")
def list_policies(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    names = sorted(parts.principals.find(kind, call.caller.account, name).inline)
    return page_of(call, "PolicyNames", names, str, str)


@_for_both("Attach{}Policy")
def attach_policy(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    parts.principals.attach(kind, call.caller.account, name, call.parameters["PolicyArn"])
    return None


@_for_both("Detach{}Policy")
def detach_policy(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    parts.principals.detach(kind, call.caller.account, name, call.parameters["PolicyArn"])
    return None


@_for_both("ListAttached{}Policies")
def list_attached_policies(parts: IdentityParts, call: Call, kind: Any, name: str) -> Result:
    prefix = call.parameters.get("PathPrefix", "/")
    attached = parts.principals.find(kind, call.caller.account, name).attached
    found = [arn for arn in attached if arn.partition(":policy")[2].startswith(prefix)]
    return page_of(
        call,
        "AttachedPolicies",
        found,
        str,
        lambda arn: {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn},
    )

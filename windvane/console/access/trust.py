"""Who may assume a role, in short, from its trust policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

_ASSUME = "sts:assumerole"
_SERVICES = {"sagemaker.amazonaws.com": "SageMaker"}


def trusted(document: str, account: str) -> tuple[str, ...]:
    """Return who a trust policy lets assume its role, in words and without repetition: conditions and denials can only
    narrow that, and are marked.

    document    as IAM hands it out
    account     of the role

    >>> trusted('{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}}', "111122223333")
    ('this account',)
    """
    found = json.loads(unquote(document))["Statement"]
    statements = [found] if isinstance(found, dict) else found
    about = [one for one in statements if _is_about_assuming(one)]
    is_narrowed = any(one["Effect"] == "Deny" for one in about)
    told: dict[str, None] = {}
    for one in about:
        if one["Effect"] != "Allow":
            continue
        on_conditions = " (with conditions)" if is_narrowed or one.get("Condition") else ""
        for principal in _principals(one.get("Principal", {}), account):
            told[f"{principal}{on_conditions}"] = None
    return tuple(told)


def _is_about_assuming(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return not _matches(statement["NotAction"])
    return _matches(statement.get("Action", []))


def _matches(actions: Any) -> bool:
    return any(fnmatchcase(_ASSUME, action.lower()) for action in _each(actions))


def _principals(principal: Any, account: str) -> Iterator[str]:
    if principal == "*":
        principal = {"AWS": "*"}
    for service in _each(principal.get("Service", [])):
        yield _SERVICES.get(service, service)
    for one in _each(principal.get("AWS", [])):
        yield _of_aws(one, account)


def _of_aws(principal: str, account: str) -> str:
    if principal == "*":
        return "every account"
    parts = principal.split(":", 5)
    owner, name = (parts[4], parts[5]) if len(parts) == 6 else (principal, "root")
    if name == "root":
        return "this account" if owner == account else f"account {owner}"
    kind, _, path = name.partition("/")
    told = f"{kind} {path.rpartition('/')[2]}"
    return told if owner == account else f"{told} of account {owner}"


def _each(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)

"""Trust policies: who may assume a role.

source    "Cross-account policy evaluation logic" and "Determining whether a request is allowed within an account" in
          IAM's user guide
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from windvane.control.identity.conditions import Facts
from windvane.control.identity.documents import Policy, Principals, Statement

_ASSUME = "sts:assumerole"


class Trust(Enum):
    """The verdict of a trust policy on a caller.

    NAMED    the caller itself is named: in its own account it needs no policy of its own
    ACCOUNT  the caller's account is named, or everybody: the caller's own policies have to allow it too
    """

    NONE = auto()
    ACCOUNT = auto()
    NAMED = auto()
    DENIED = auto()


def trust_in(
    policy: Policy, trusted_ids: Mapping[str, str], who: tuple[str, str, str], facts: Facts
) -> Trust:
    """Return whether a trust policy lets somebody assume its role.

    trusted_ids    ids that the ARNs in the policy had when it was written
    who            account, ARN and id of the user or role that calls
    """
    found = Trust.NONE
    for statement in policy.statements:
        named = _named(statement.principals, trusted_ids, who)
        if named is Trust.NONE or not statement.is_about(_ASSUME, "*", facts):
            continue
        if not statement.allows:
            return Trust.DENIED
        if found is not Trust.NAMED:
            found = named
    return found


def trusts_service(policy: Policy, service: str) -> bool:
    """Return whether the service may assume the role; conditions on callers do not hold for it."""
    allowed = False
    for statement in policy.statements:
        if not _is_for(statement, service) or not statement.is_about(_ASSUME, "*", {}):
            continue
        if not statement.allows:
            return False
        allowed = True
    return allowed


def _is_for(statement: Statement, service: str) -> bool:
    principals = statement.principals
    return principals is not None and (
        service in principals.services or (principals.everybody and not statement.allows)
    )


def _named(
    principals: Principals | None, trusted_ids: Mapping[str, str], who: tuple[str, str, str]
) -> Trust:
    account, arn, unique_id = who
    if principals is None:
        return Trust.NONE
    if arn in principals.arns and trusted_ids.get(arn) == unique_id:
        return Trust.NAMED
    if principals.everybody or account in principals.accounts:
        return Trust.ACCOUNT
    return Trust.NONE

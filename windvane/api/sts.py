"""STS: who calls, and temporary keys."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from windvane.api.iam.operation import IdentityParts, OperationTable
from windvane.api.keyring import TemporaryKeys, assumed_role_arn
from windvane.api.session_tokens import MOST_POLICY_ARNS
from windvane.control.identity.documents import Use, read_new_policy
from windvane.control.identity.principals import find_policy
from windvane.control.identity.sessions import Assumed
from windvane.domain.identity import User
from windvane.errors import (
    AccessDenied,
    InvalidRequest,
    NotFound,
    PackedPolicyTooLarge,
    PolicyTooLong,
)
from windvane.names import default_role
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sts")

HONOURED = {
    "AssumeRole": frozenset(
        {"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "Policy", "PolicyArns"}
    ),
    "GetSessionToken": frozenset({"DurationSeconds"}),
}
"""Members of a request by operation; others are refused."""

_TOKEN_S = 43_200


@OPERATIONS.serves("GetCallerIdentity")
def get_caller_identity(_: IdentityParts, call: Call) -> Result:
    credential = call.caller.credential
    return {
        "UserId": credential.user_id,
        "Account": credential.account,
        "Arn": credential.principal_arn,
    }


@OPERATIONS.serves("AssumeRole")
def assume_role(parts: IdentityParts, call: Call) -> Result:
    _refuse_others(call)
    given = call.parameters
    parts.changes.directory.refresh()
    asked = Assumed(
        given["RoleArn"],
        given["RoleSessionName"],
        given.get("DurationSeconds"),
        given.get("ExternalId"),
    )
    role, seconds = parts.sessions.assume(call.caller, asked)
    keys = parts.keyring.issue(
        role.arn,
        asked.session,
        timedelta(seconds=seconds),
        parts.clock(),
        call.caller.credential,
        _session_policy(parts, call, role.account),
    )
    return {
        "Credentials": _credentials(keys),
        "AssumedRoleUser": {
            "AssumedRoleId": keys.credential.user_id,
            "Arn": assumed_role_arn(role.arn, asked.session),
        },
    }


@OPERATIONS.serves("GetSessionToken")
def get_session_token(parts: IdentityParts, call: Call) -> Result:
    """Temporary keys for whom the permanent ones stand."""
    _refuse_others(call)
    credential = call.caller.credential
    if not credential.permanent:
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    lifetime = timedelta(seconds=call.parameters.get("DurationSeconds", _TOKEN_S))
    if credential.user_name:
        user = parts.principals.find(User, credential.account, credential.user_name)
        keys = parts.keyring.issue_for_user(user, lifetime, parts.clock(), credential)
    else:
        role, session = default_role(credential.account), credential.access_key
        keys = parts.keyring.issue(role, session, lifetime, parts.clock(), credential)
    return {"Credentials": _credentials(keys)}


@OPERATIONS.serves("GetAccessKeyInfo")
def get_access_key_info(parts: IdentityParts, call: Call) -> Result:
    """Return the account of a permanent key; AWS too tells it of any."""
    access_key = call.parameters["AccessKeyId"]
    account = parts.keyring.account_of(access_key)
    if account is None:
        raise InvalidRequest(f"The access key {access_key} is not known here.")
    return {"Account": account}


def _refuse_others(call: Call) -> None:
    if refused := sorted(call.parameters.keys() - HONOURED[call.operation]):
        raise InvalidRequest(
            f"{call.operation} does not support {', '.join(refused)}: leave it out."
        )


def _session_policy(parts: IdentityParts, call: Call, account: str) -> str:
    """Return the session policy as a Credential has it; "" if the session is not narrowed.

    raises    MalformedPolicy, PackedPolicyTooLarge, InvalidRequest for a policy that is not there: STS models no NoSuchEntity
    """
    document = call.parameters.get("Policy", "")
    arns = [one.get("arn", "") for one in call.parameters.get("PolicyArns", [])]
    if not document and not arns:
        return ""
    if document:
        try:
            read_new_policy(document, Use.SESSION)
        except PolicyTooLong as error:
            raise PackedPolicyTooLarge(100 * error.length // Use.SESSION.most) from error
    if len(arns) > MOST_POLICY_ARNS:
        raise InvalidRequest(f"At most {MOST_POLICY_ARNS} PolicyArns can be given.")
    with parts.changes.snapshot() as tx:
        for arn in arns:
            try:
                find_policy(tx, account, arn)
            except NotFound as missing:
                raise InvalidRequest(f"PolicyArns: {missing}") from missing
    return json.dumps([document, arns])


def _credentials(keys: TemporaryKeys) -> dict[str, Any]:
    return {
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.session_token,
        "Expiration": keys.expires,
    }

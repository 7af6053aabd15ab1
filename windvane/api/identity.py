"""Who calls, and roles: as much of STS and IAM as SDKs need to find an execution role."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from windvane.api.keyring import KeyRing, assumed_role_arn, role_id
from windvane.errors import AccessDenied, InvalidRequest, NotFound
from windvane.names import default_role, parse_arn
from windvane.wire.call import Call, Handler, Result

_DEFAULT_LIFETIME_S = 3600
# ExternalId is a condition that a role's trust may ask for; ours asks for none.
_HONOURED = frozenset({"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"})
_CREATED = datetime(2024, 1, 1, tzinfo=UTC)
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def identity_operations(
    keyring: KeyRing, declared_roles: Iterable[str], clock: Callable[[], datetime]
) -> Mapping[tuple[str, str], Handler]:
    """GetCallerIdentity, AssumeRole and GetRole.

    declared_roles    ARNs of the roles in the configuration; every account has its default role besides
    raises            InvalidRequest for a declared role whose ARN is none
    """
    roles = tuple((parse_arn(arn).scope.account, arn) for arn in sorted(set(declared_roles)))
    identity = _Identity(keyring, roles, clock)
    return {
        ("sts", "GetCallerIdentity"): identity.get_caller_identity,
        ("sts", "AssumeRole"): identity.assume_role,
        ("iam", "GetRole"): identity.get_role,
    }


class _Identity:
    def __init__(
        self,
        keyring: KeyRing,
        declared: tuple[tuple[str, str], ...],
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._declared = declared
        self._clock = clock

    def get_caller_identity(self, call: Call) -> Result:
        credential = call.caller.credential
        return {
            "UserId": credential.user_id,
            "Account": credential.account,
            "Arn": credential.principal_arn,
        }

    def assume_role(self, call: Call) -> Result:
        if refused := sorted(call.parameters.keys() - _HONOURED):
            raise InvalidRequest(
                f"AssumeRole does not support {', '.join(refused)}: leave it out. A role's buckets "
                "are declared in the server's configuration, section [[roles]]."
            )
        role_arn, session = call.parameters["RoleArn"], call.parameters["RoleSessionName"]
        if role_arn not in self._roles_of(call.caller.account):
            raise AccessDenied(
                f"User: {call.caller.credential.principal_arn} is not authorized to perform: "
                f"sts:AssumeRole on resource: {role_arn}"
            )
        seconds = call.parameters.get("DurationSeconds", _DEFAULT_LIFETIME_S)
        keys = self._keyring.issue(role_arn, session, timedelta(seconds=seconds), self._clock())
        return {
            "Credentials": {
                "AccessKeyId": keys.access_key,
                "SecretAccessKey": keys.secret_key,
                "SessionToken": keys.session_token,
                "Expiration": keys.expires,
            },
            "AssumedRoleUser": {
                "AssumedRoleId": keys.credential.user_id,
                "Arn": assumed_role_arn(role_arn, session),
            },
        }

    def get_role(self, call: Call) -> Result:
        name = call.parameters["RoleName"]
        for arn in self._roles_of(call.caller.account):
            if arn.rpartition("/")[2] == name:
                return {"Role": _describe_role(arn)}
        raise NotFound(f"The role with name {name} cannot be found.")

    def _roles_of(self, account: str) -> list[str]:
        return [default_role(account), *(arn for owner, arn in self._declared if owner == account)]


def _describe_role(arn: str) -> dict[str, object]:
    path, _, name = arn.partition(":role")[2].rpartition("/")
    return {
        "Path": f"{path}/",
        "RoleName": name,
        "RoleId": role_id(arn),
        "Arn": arn,
        "CreateDate": _CREATED,
        "AssumeRolePolicyDocument": quote(json.dumps(_TRUST), safe=""),
        "MaxSessionDuration": 43_200,
    }

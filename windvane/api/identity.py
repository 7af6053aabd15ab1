"""Who calls, and roles: as much of STS and IAM as SDKs, Terraform and Airflow ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from windvane.api.keyring import KeyRing, TemporaryKeys, assumed_role_arn, role_id
from windvane.errors import AccessDenied, InvalidRequest, NotFound
from windvane.names import default_role, parse_arn
from windvane.wire.call import Call, Caller, Handler, Result

_DEFAULT_LIFETIME_S = 3600
_DEFAULT_TOKEN_LIFETIME_S = 43_200
_DEFAULT_PAGE = 100
HONOURED = {
    "AssumeRole": frozenset({"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"}),
    "GetSessionToken": frozenset({"DurationSeconds"}),
}
"""Members of a request by operation; others are refused. ExternalId is a condition that a role's trust may ask for; ours
asks for none."""

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
    """GetCallerIdentity, AssumeRole, GetSessionToken; GetRole, ListRoles, GetUser.

    There are no users: the permanent keys of an account are a session of its default role, so that clients find a
    role to work with (the SageMaker SDK's get_execution_role).

    declared_roles    ARNs of the roles in the configuration; every account has its default role besides
    raises            InvalidRequest for a declared role whose ARN is none
    """
    roles = tuple((parse_arn(arn).scope.account, arn) for arn in sorted(set(declared_roles)))
    identity = _Identity(keyring, roles, clock)
    return {
        ("sts", "GetCallerIdentity"): identity.get_caller_identity,
        ("sts", "AssumeRole"): identity.assume_role,
        ("sts", "GetSessionToken"): identity.get_session_token,
        ("iam", "GetRole"): identity.get_role,
        ("iam", "ListRoles"): identity.list_roles,
        ("iam", "GetUser"): _get_user,
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
        if refused := sorted(call.parameters.keys() - HONOURED["AssumeRole"]):
            raise InvalidRequest(
                f"AssumeRole does not support {', '.join(refused)}: leave it out. A role's buckets "
                "are declared in the server's configuration, section [[roles]]."
            )
        role_arn, session = call.parameters["RoleArn"], call.parameters["RoleSessionName"]
        if not self._may_assume(call.caller, role_arn):
            raise AccessDenied(
                f"User: {call.caller.credential.principal_arn} is not authorized to perform: "
                f"sts:AssumeRole on resource: {role_arn}"
            )
        seconds = call.parameters.get("DurationSeconds", _DEFAULT_LIFETIME_S)
        keys = self._keyring.issue(
            role_arn, session, timedelta(seconds=seconds), self._clock(), call.caller.credential
        )
        return {
            "Credentials": _credentials(keys),
            "AssumedRoleUser": {
                "AssumedRoleId": keys.credential.user_id,
                "Arn": assumed_role_arn(role_arn, session),
            },
        }

    def get_session_token(self, call: Call) -> Result:
        """Temporary keys for whom the permanent ones stand."""
        if refused := sorted(call.parameters.keys() - HONOURED["GetSessionToken"]):
            raise InvalidRequest(f"GetSessionToken does not support {', '.join(refused)}.")
        credential = call.caller.credential
        if not credential.permanent:
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        seconds = call.parameters.get("DurationSeconds", _DEFAULT_TOKEN_LIFETIME_S)
        keys = self._keyring.issue(
            default_role(credential.account),
            credential.access_key,
            timedelta(seconds=seconds),
            self._clock(),
            credential,
        )
        return {"Credentials": _credentials(keys)}

    def get_role(self, call: Call) -> Result:
        name = call.parameters["RoleName"]
        for arn in self._roles_of(call.caller.account):
            if arn.rpartition("/")[2] == name:
                return {"Role": _describe_role(arn)}
        raise NotFound(f"The role with name {name} cannot be found.")

    def list_roles(self, call: Call) -> Result:
        prefix = call.parameters.get("PathPrefix", "/")
        roles = sorted(
            arn
            for arn in self._roles_of(call.caller.account)
            if arn.partition(":role")[2].startswith(prefix)
        )
        marker = call.parameters.get("Marker")
        if marker is not None and marker not in roles:
            raise InvalidRequest(f"Invalid Marker: {marker}")
        start = roles.index(marker) if marker is not None else 0
        end = start + call.parameters.get("MaxItems", _DEFAULT_PAGE)
        more = {"Marker": roles[end]} if end < len(roles) else {}
        listed = [_describe_role(arn) for arn in roles[start:end]]
        return {"Roles": listed, "IsTruncated": bool(more), **more}

    def _may_assume(self, caller: Caller, role_arn: str) -> bool:
        """A session of a declared role gets no other role than its own."""
        if role_arn not in self._roles_of(caller.account):
            return False
        return caller.credential.role_arn in (default_role(caller.account), role_arn)

    def _roles_of(self, account: str) -> list[str]:
        return [default_role(account), *(arn for owner, arn in self._declared if owner == account)]


def _get_user(call: Call) -> Result:
    name = call.parameters.get("UserName")
    if name is None:
        raise InvalidRequest("Must specify userName when calling with non-User credentials")
    raise NotFound(f"The user with name {name} cannot be found.")


def _credentials(keys: TemporaryKeys) -> dict[str, object]:
    return {
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.session_token,
        "Expiration": keys.expires,
    }


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

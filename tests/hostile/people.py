"""Users, roles, policies and access keys that the house has, and requests about them that are served."""

from __future__ import annotations

import json
from typing import Any

from hostile.asking import ACCOUNT, NOW, SESSION_SECRET

from windvane.control.identity.key_safe import KeySafe
from windvane.domain.identity import (
    AccessKey,
    Identity,
    ManagedPolicy,
    PolicyVersion,
    Role,
    User,
)

_DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
)
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
            }
        ],
    }
)

_READ = ManagedPolicy(
    account=ACCOUNT,
    name="read",
    id="ANPAREAD",
    created=NOW,
    updated=NOW,
    versions=(PolicyVersion("v1", _DOCUMENT, NOW), PolicyVersion("v2", _DOCUMENT, NOW)),
    n_versions=2,
)
_UNUSED = ManagedPolicy(
    account=ACCOUNT,
    name="unused",
    id="ANPAUNUSED",
    created=NOW,
    updated=NOW,
    versions=(PolicyVersion("v1", _DOCUMENT, NOW),),
)
_ANN = User(
    account=ACCOUNT,
    name="ann",
    id="AIDAANN",
    created=NOW,
    inline={"own": _DOCUMENT},
    attached=(_READ.arn,),
    tags={"a": "b"},
)
_BOB = User(account=ACCOUNT, name="bob", id="AIDABOB", created=NOW, path="/x/")
_TRAINER = Role(
    account=ACCOUNT,
    name="trainer",
    id="AROATRAINER",
    created=NOW,
    trust=_TRUST,
    inline={"own": _DOCUMENT},
    attached=(_READ.arn,),
    tags={"a": "b"},
)
_IDLE = Role(account=ACCOUNT, name="idle", id="AROAIDLE", created=NOW, trust=_TRUST)
_KEY = AccessKey(
    account=ACCOUNT,
    name="AKIAOFANN0123456789",
    id="AKIAOFANN0123456789",
    created=NOW,
    user_id=_ANN.id,
    user_name=_ANN.name,
    sealed_secret=KeySafe(SESSION_SECRET).seal("secret of ann", ACCOUNT, "AKIAOFANN0123456789"),
)

RECORDS: list[Identity] = [_READ, _UNUSED, _ANN, _BOB, _TRAINER, _IDLE, _KEY]

POLICIES = [_READ.arn, _UNUSED.arn, "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]

NAMED: dict[str, list[Any]] = {
    "UserName": ["ann", "bob", "ANN", "nobody"],
    "RoleName": ["windvane", "trainer", "idle", "nobody"],
    "PolicyArn": [*POLICIES, "arn:aws:iam::aws:policy/None"],
    "PolicyName": ["own", "new"],
    "PolicyDocument": [_DOCUMENT, _TRUST, "{}"],
    "AssumeRolePolicyDocument": [_TRUST, _DOCUMENT, "{}"],
    "AccessKeyId": [_KEY.id, "AKIAOWNER", "AKIANOBODY0123456789"],
    "VersionId": ["v1", "v2", "v3"],
    "PolicySourceArn": [_ANN.arn, _TRAINER.arn],
    "ActionNames": ["s3:GetObject", "sagemaker:*"],
}


def _user(**members: Any) -> list[dict[str, Any]]:
    return [{"UserName": "ann", **members}]


def _role(**members: Any) -> list[dict[str, Any]]:
    return [{"RoleName": "trainer", **members}]


def _policy(**members: Any) -> list[dict[str, Any]]:
    return [{"PolicyArn": _READ.arn, **members}]


_TAG = {"Tags": [{"Key": "c", "Value": "d"}]}
_OWN = {"PolicyName": "own"}
_WRITTEN = {"PolicyName": "new", "PolicyDocument": _DOCUMENT}

TEMPLATES: dict[str, list[dict[str, Any]]] = {
    "GetAccessKeyInfo": [{"AccessKeyId": _KEY.id}],
    "CreateUser": [{"UserName": "new", "Path": "/x/", **_TAG}],
    "GetUser": [{"UserName": "ann"}],
    "DeleteUser": [{"UserName": "bob"}],
    "UpdateUser": [{"UserName": "bob", "NewUserName": "rob"}],
    "PutUserPolicy": _user(**_WRITTEN),
    "GetUserPolicy": _user(**_OWN),
    "DeleteUserPolicy": _user(**_OWN),
    "AttachUserPolicy": _user(PolicyArn=_UNUSED.arn),
    "DetachUserPolicy": _user(PolicyArn=_READ.arn),
    "TagUser": _user(**_TAG),
    "UntagUser": _user(TagKeys=["a"]),
    "CreateAccessKey": _user(),
    "UpdateAccessKey": _user(AccessKeyId=_KEY.id, Status="Inactive"),
    "DeleteAccessKey": _user(AccessKeyId=_KEY.id),
    "GetAccessKeyLastUsed": [{"AccessKeyId": _KEY.id}],
    "CreateRole": [{"RoleName": "new", "AssumeRolePolicyDocument": _TRUST, **_TAG}],
    "DeleteRole": [{"RoleName": "idle"}],
    "UpdateRole": _role(Description="other", MaxSessionDuration=7200),
    "UpdateRoleDescription": _role(Description="other"),
    "UpdateAssumeRolePolicy": _role(PolicyDocument=_TRUST),
    "PutRolePolicy": _role(**_WRITTEN),
    "GetRolePolicy": _role(**_OWN),
    "DeleteRolePolicy": _role(**_OWN),
    "AttachRolePolicy": _role(PolicyArn=_UNUSED.arn),
    "DetachRolePolicy": _role(PolicyArn=_READ.arn),
    "TagRole": _role(**_TAG),
    "UntagRole": _role(TagKeys=["a"]),
    "CreatePolicy": [{**_WRITTEN, "Path": "/x/"}],
    "DeletePolicy": [{"PolicyArn": _UNUSED.arn}],
    "CreatePolicyVersion": _policy(PolicyDocument=_DOCUMENT, SetAsDefault=True),
    "GetPolicyVersion": _policy(VersionId="v1"),
    "DeletePolicyVersion": _policy(VersionId="v2"),
    "SetDefaultPolicyVersion": _policy(VersionId="v2"),
    "TagPolicy": _policy(**_TAG),
    "UntagPolicy": _policy(TagKeys=["a"]),
    "SimulatePrincipalPolicy": [{"PolicySourceArn": _ANN.arn, "ActionNames": ["s3:GetObject"]}],
    **{
        operation: _user()
        for operation in (
            *("ListAccessKeys", "ListUserPolicies", "ListAttachedUserPolicies"),
            *("ListUserTags", "ListGroupsForUser"),
        )
    },
    **{
        operation: _role()
        for operation in (
            *("GetRole", "ListRolePolicies", "ListAttachedRolePolicies", "ListRoleTags"),
            "ListInstanceProfilesForRole",
        )
    },
    **{
        operation: _policy()
        for operation in (
            *("GetPolicy", "ListPolicyVersions", "ListEntitiesForPolicy", "ListPolicyTags"),
        )
    },
}

"""Operations of IAM that change who may do what: each without what it needs, and with what nobody should get past.

constraints: the service model
"""

from __future__ import annotations

from hostile.asking import form
from hostile.case import Case
from hostile.grammar import broken, least, missing, pattern

_DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'

_NEEDS = {
    "AttachRolePolicy": ("roleName", "policyArn"),
    "AttachUserPolicy": ("userName", "policyArn"),
    "CreatePolicy": ("policyName", "policyDocument"),
    "CreatePolicyVersion": ("policyArn", "policyDocument"),
    "CreateRole": ("roleName", "assumeRolePolicyDocument"),
    "CreateUser": ("userName",),
    "DeleteAccessKey": ("accessKeyId",),
    "DeletePolicy": ("policyArn",),
    "DeletePolicyVersion": ("policyArn", "versionId"),
    "DeleteRole": ("roleName",),
    "DeleteRolePolicy": ("roleName", "policyName"),
    "DeleteUser": ("userName",),
    "DeleteUserPolicy": ("userName", "policyName"),
    "DetachRolePolicy": ("roleName", "policyArn"),
    "DetachUserPolicy": ("userName", "policyArn"),
    "GetAccessKeyLastUsed": ("accessKeyId",),
    "GetPolicy": ("policyArn",),
    "GetPolicyVersion": ("policyArn", "versionId"),
    "GetRolePolicy": ("roleName", "policyName"),
    "GetUserPolicy": ("userName", "policyName"),
    "ListAttachedRolePolicies": ("roleName",),
    "ListAttachedUserPolicies": ("userName",),
    "ListEntitiesForPolicy": ("policyArn",),
    "ListGroupsForUser": ("userName",),
    "ListInstanceProfilesForRole": ("roleName",),
    "ListPolicyTags": ("policyArn",),
    "ListPolicyVersions": ("policyArn",),
    "ListRolePolicies": ("roleName",),
    "ListRoleTags": ("roleName",),
    "ListUserPolicies": ("userName",),
    "ListUserTags": ("userName",),
    "PutRolePolicy": ("roleName", "policyName", "policyDocument"),
    "PutUserPolicy": ("userName", "policyName", "policyDocument"),
    "SetDefaultPolicyVersion": ("policyArn", "versionId"),
    "SimulatePrincipalPolicy": ("policySourceArn", "actionNames"),
    "TagPolicy": ("policyArn", "tags"),
    "TagRole": ("roleName", "tags"),
    "TagUser": ("userName", "tags"),
    "UntagPolicy": ("policyArn", "tagKeys"),
    "UntagRole": ("roleName", "tagKeys"),
    "UntagUser": ("userName", "tagKeys"),
    "UpdateAccessKey": ("accessKeyId", "status"),
    "UpdateAssumeRolePolicy": ("roleName", "policyDocument"),
    "UpdateRole": ("roleName",),
    "UpdateRoleDescription": ("roleName", "description"),
    "UpdateUser": ("userName",),
}


def _invalid(name: str, operation: str, text: str, **fields: str) -> Case:
    return Case(name, form("iam", operation, **fields), 400, "ValidationError", text)


def _nobody(name: str, operation: str, text: str, **fields: str) -> Case:
    return Case(name, form("iam", operation, **fields), 404, "NoSuchEntity", text)


_NAME = pattern("userNameType", "iam")

CASES = (
    *(
        _invalid(f"{operation} of nothing", operation, missing(*needs))
        for operation, needs in _NEEDS.items()
    ),
    _invalid(
        "a key for nobody",
        "CreateAccessKey",
        "Must specify userName when calling with non-User credentials",
    ),
    _invalid(
        "keys of nobody",
        "ListAccessKeys",
        "Must specify userName when calling with non-User credentials",
    ),
    _invalid("a page of no users", "ListUsers", broken("0", "maxItems", least(1)), MaxItems="0"),
    _invalid(
        "a page of no policies", "ListPolicies", broken("0", "maxItems", least(1)), MaxItems="0"
    ),
    _invalid(
        "a user of a path",
        "CreateUser",
        broken("../root", "userName", _NAME),
        UserName="../root",
    ),
    _invalid(
        "a user whose name looks like another's",
        "CreateUser",
        broken("аdmin", "userName", _NAME),
        UserName="аdmin",
    ),
    _invalid("a user of a pattern", "CreateUser", broken("*", "userName", _NAME), UserName="*"),
    Case(
        "a role that trusts nobody",
        form("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=_DOCUMENT),
        400,
        "MalformedPolicyDocument",
        "The policy must have a Statement.",
    ),
    Case(
        "a policy on the default role",
        form("iam", "AttachRolePolicy", RoleName="windvane", PolicyArn="arn:aws:iam::aws:policy/x"),
        400,
        "UnmodifiableEntity",
        "Cannot change the role arn:aws:iam::111122223333:role/windvane: it is the account's default role, or declared in "
        "the server's configuration, section [[roles]].",
    ),
    _nobody(
        "the default role in capitals",
        "DeleteRole",
        "The role with name WINDVANE cannot be found.",
        RoleName="WINDVANE",
    ),
    _invalid(
        "a policy that is no policy",
        "GetPolicy",
        "ARN arn:aws:s3:::bucket-of-some-name is not valid.",
        PolicyArn="arn:aws:s3:::bucket-of-some-name",
    ),
    _nobody(
        "another account's policy",
        "GetPolicy",
        "Policy arn:aws:iam::444455556666:policy/theirs was not found.",
        PolicyArn="arn:aws:iam::444455556666:policy/theirs",
    ),
    Case(
        "the account of a key of nobody",
        form("sts", "GetAccessKeyInfo", AccessKeyId="AKIANOSUCHKEYATALL00"),
        400,
        "ValidationError",
        "The access key AKIANOSUCHKEYATALL00 is not known here.",
    ),
)

"""Managed policies and their versions."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from windvane.api.answers import present
from windvane.api.iam.operation import IdentityParts, OperationTable, page_of, tags_of
from windvane.control.identity.managed_policies import version_of
from windvane.domain.identity import ManagedPolicy, PolicyVersion, Role, User
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("iam")


@OPERATIONS.serves("CreatePolicy")
def create_policy(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    policy = parts.policies.create(
        call.caller.account,
        given["PolicyName"],
        given.get("Path", "/"),
        given["PolicyDocument"],
        given.get("Description", ""),
        given.get("Tags", []),
    )
    return {"Policy": {**_policy_answer(policy, 0), **present(Tags=tags_of(policy.tags))}}


@OPERATIONS.serves("GetPolicy")
def get_policy(parts: IdentityParts, call: Call) -> Result:
    policy = _found(parts, call)
    told = _policy_answer(policy, _n_attached(parts, call, policy))
    described = present(Description=policy.description, Tags=tags_of(policy.tags))
    return {"Policy": {**told, **described}}


@OPERATIONS.serves("ListPolicies")
def list_policies(parts: IdentityParts, call: Call) -> Result:
    given, account = call.parameters, call.caller.account
    scope, prefix = given.get("Scope", "All"), given.get("PathPrefix", "/")
    every = parts.policies.listed(account, own=scope != "AWS", service=scope != "Local")
    if given.get("PolicyUsageFilter") == "PermissionsBoundary":
        every = []
    attached = parts.policies.attachments(account)
    counted = [(one, attached[one.arn]) for one in every if one.path.startswith(prefix)]
    found = [(one, n) for one, n in counted if n or not given.get("OnlyAttached")]
    return page_of(
        call, "Policies", found, lambda pair: pair[0].arn, lambda pair: _policy_answer(*pair)
    )


@OPERATIONS.serves("DeletePolicy")
def delete_policy(parts: IdentityParts, call: Call) -> Result:
    parts.policies.delete(call.caller.account, call.parameters["PolicyArn"])
    return None


@OPERATIONS.serves("GetPolicyVersion")
def get_policy_version(parts: IdentityParts, call: Call) -> Result:
    policy = _found(parts, call)
    version = version_of(policy, call.parameters["VersionId"])
    told = _version(policy, version)
    return {"PolicyVersion": {**told, "Document": quote(version.document, safe="")}}


@OPERATIONS.serves("ListPolicyVersions")
def list_policy_versions(parts: IdentityParts, call: Call) -> Result:
    policy = _found(parts, call)
    newest_first = list(reversed(policy.versions))
    return page_of(
        call, "Versions", newest_first, lambda one: one.id, lambda one: _version(policy, one)
    )


@OPERATIONS.serves("CreatePolicyVersion")
def create_policy_version(parts: IdentityParts, call: Call) -> Result:
    given, account = call.parameters, call.caller.account
    is_default = given.get("SetAsDefault", False)
    version = parts.policies.add_version(
        account, given["PolicyArn"], given["PolicyDocument"], is_default=is_default
    )
    return {"PolicyVersion": _version(_found(parts, call), version)}


@OPERATIONS.serves("DeletePolicyVersion")
def delete_policy_version(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.policies.delete_version(call.caller.account, given["PolicyArn"], given["VersionId"])
    return None


@OPERATIONS.serves("SetDefaultPolicyVersion")
def set_default_policy_version(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.policies.set_default(call.caller.account, given["PolicyArn"], given["VersionId"])
    return None


@OPERATIONS.serves("ListEntitiesForPolicy")
def list_entities_for_policy(parts: IdentityParts, call: Call) -> Result:
    """Return all of them at once: there are as many as roles and users can be, and none has more than a name."""
    given = call.parameters
    wanted, prefix = given.get("EntityFilter"), given.get("PathPrefix", "/")
    holders = []
    if given.get("PolicyUsageFilter") != "PermissionsBoundary":
        arn = _found(parts, call).arn
        every = parts.policies.attached_to(call.caller.account, arn)
        holders = [one for one in every if one.path.startswith(prefix)]
    users = [one for one in holders if isinstance(one, User) and wanted in (None, "User")]
    roles = [one for one in holders if isinstance(one, Role) and wanted in (None, "Role")]
    return {
        "PolicyGroups": [],
        "PolicyUsers": [{"UserName": user.name, "UserId": user.id} for user in users],
        "PolicyRoles": [{"RoleName": role.name, "RoleId": role.id} for role in roles],
        "IsTruncated": False,
    }


@OPERATIONS.serves("TagPolicy")
def tag_policy(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.policies.tag(call.caller.account, given["PolicyArn"], given["Tags"])
    return None


@OPERATIONS.serves("UntagPolicy")
def untag_policy(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.policies.untag(call.caller.account, given["PolicyArn"], given["TagKeys"])
    return None


@OPERATIONS.serves("ListPolicyTags")
def list_policy_tags(parts: IdentityParts, call: Call) -> Result:
    tags = tags_of(_found(parts, call).tags)
    return page_of(call, "Tags", tags, lambda tag: tag["Key"], lambda tag: tag)


def _found(parts: IdentityParts, call: Call) -> ManagedPolicy:
    return parts.policies.find(call.caller.account, call.parameters["PolicyArn"])


def _n_attached(parts: IdentityParts, call: Call, policy: ManagedPolicy) -> int:
    return len(parts.policies.attached_to(call.caller.account, policy.arn))


def _policy_answer(policy: ManagedPolicy, n_attached: int) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": n_attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def _version(policy: ManagedPolicy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default_version,
        "CreateDate": version.created,
    }

"""Roles: create, look up, list, change, delete, tag."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from windvane.api.answers import present
from windvane.api.iam.operation import IdentityParts, OperationTable, page_of, tags_of
from windvane.domain.identity import Role
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("iam")


@OPERATIONS.serves("CreateRole", "PermissionsBoundary", "MaxSigninSessionDuration")
def create_role(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    asked = Role(
        account=call.caller.account,
        name=given["RoleName"],
        id="",
        created=parts.clock(),
        path=given.get("Path", "/"),
        trust=given["AssumeRolePolicyDocument"],
        description=given.get("Description", ""),
        max_session_s=given.get("MaxSessionDuration", 3600),
    )
    role = parts.roles.create(asked, given.get("Tags", []))
    return {"Role": {**_role_answer(role), **present(Tags=tags_of(role.tags))}}


@OPERATIONS.serves("GetRole")
def get_role(parts: IdentityParts, call: Call) -> Result:
    role = _found(parts, call)
    return {"Role": {**_role_answer(role), **present(Tags=tags_of(role.tags))}}


@OPERATIONS.serves("ListRoles")
def list_roles(parts: IdentityParts, call: Call) -> Result:
    roles = parts.roles.listed(call.caller.account, call.parameters.get("PathPrefix", "/"))
    return page_of(call, "Roles", roles, lambda role: role.arn, _role_answer)


@OPERATIONS.serves("UpdateRole", "MaxSigninSessionDuration", "ResetMaxSigninSessionDuration")
def update_role(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.roles.update(
        call.caller.account,
        given["RoleName"],
        given.get("Description"),
        given.get("MaxSessionDuration"),
    )
    return {}


@OPERATIONS.serves("UpdateRoleDescription")
def update_role_description(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.roles.update(call.caller.account, given["RoleName"], given["Description"], None)
    return {"Role": _role_answer(_found(parts, call))}


@OPERATIONS.serves("UpdateAssumeRolePolicy")
def update_assume_role_policy(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.roles.update_trust(call.caller.account, given["RoleName"], given["PolicyDocument"])
    return None


@OPERATIONS.serves("DeleteRole")
def delete_role(parts: IdentityParts, call: Call) -> Result:
    parts.roles.delete(call.caller.account, call.parameters["RoleName"])
    return None


@OPERATIONS.serves("TagRole")
def tag_role(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.principals.tag(Role, call.caller.account, given["RoleName"], given["Tags"])
    return None


@OPERATIONS.serves("UntagRole")
def untag_role(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.principals.untag(Role, call.caller.account, given["RoleName"], given["TagKeys"])
    return None


@OPERATIONS.serves("ListRoleTags")
def list_role_tags(parts: IdentityParts, call: Call) -> Result:
    tags = tags_of(_found(parts, call).tags)
    return page_of(call, "Tags", tags, lambda tag: tag["Key"], lambda tag: tag)


@OPERATIONS.serves("ListInstanceProfilesForRole")
def list_instance_profiles_for_role(parts: IdentityParts, call: Call) -> Result:
    """There are none; Terraform asks before it deletes a role."""
    _found(parts, call)
    return {"InstanceProfiles": [], "IsTruncated": False}


def _found(parts: IdentityParts, call: Call) -> Role:
    return parts.principals.find(Role, call.caller.account, call.parameters["RoleName"])


def _role_answer(role: Role) -> dict[str, Any]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": quote(role.trust, safe=""),
        **present(Description=role.description),
        "MaxSessionDuration": role.max_session_s,
    }

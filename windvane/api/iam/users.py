"""Users: create, look up, list, change, delete, tag."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import present
from windvane.api.iam.operation import IdentityParts, OperationTable, page_of, tags_of
from windvane.domain.identity import User
from windvane.errors import InvalidRequest
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("iam")


@OPERATIONS.serves("CreateUser", "PermissionsBoundary")
def create_user(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    user = parts.users.create(
        call.caller.account, given["UserName"], given.get("Path", "/"), given.get("Tags", [])
    )
    return {"User": {**_user_answer(user), **present(Tags=tags_of(user.tags))}}


@OPERATIONS.serves("GetUser")
def get_user(parts: IdentityParts, call: Call) -> Result:
    user = parts.principals.find(User, call.caller.account, own_name(call))
    return {"User": {**_user_answer(user), **present(Tags=tags_of(user.tags))}}


@OPERATIONS.serves("ListUsers")
def list_users(parts: IdentityParts, call: Call) -> Result:
    users = parts.users.listed(call.caller.account, call.parameters.get("PathPrefix", "/"))
    return page_of(call, "Users", users, lambda user: user.name, _user_answer)


@OPERATIONS.serves("UpdateUser")
def update_user(parts: IdentityParts, call: Call) -> Result:
    given, account = call.parameters, call.caller.account
    user = parts.principals.find(User, account, given["UserName"])
    name, path = given.get("NewUserName", user.name), given.get("NewPath", user.path)
    parts.users.update(account, user.name, name, path)
    return None


@OPERATIONS.serves("DeleteUser")
def delete_user(parts: IdentityParts, call: Call) -> Result:
    parts.users.delete(call.caller.account, call.parameters["UserName"])
    return None


@OPERATIONS.serves("TagUser")
def tag_user(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.principals.tag(User, call.caller.account, given["UserName"], given["Tags"])
    return None


@OPERATIONS.serves("UntagUser")
def untag_user(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    parts.principals.untag(User, call.caller.account, given["UserName"], given["TagKeys"])
    return None


@OPERATIONS.serves("ListUserTags")
def list_user_tags(parts: IdentityParts, call: Call) -> Result:
    user = parts.principals.find(User, call.caller.account, call.parameters["UserName"])
    return page_of(call, "Tags", tags_of(user.tags), lambda tag: tag["Key"], lambda tag: tag)


@OPERATIONS.serves("ListGroupsForUser")
def list_groups_for_user(parts: IdentityParts, call: Call) -> Result:
    """There are no groups; Terraform asks before it deletes a user."""
    parts.principals.find(User, call.caller.account, call.parameters["UserName"])
    return {"Groups": [], "IsTruncated": False}


def own_name(call: Call) -> str:
    """Return the user who is named, or who calls.

    raises    InvalidRequest if it is no user who calls, and none is named
    """
    name: str = call.parameters.get("UserName") or call.caller.credential.user_name
    if not name:
        raise InvalidRequest("Must specify userName when calling with non-User credentials")
    return name


def _user_answer(user: User) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }

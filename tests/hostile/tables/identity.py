"""STS and IAM.

source    docs/clients.md ("Keys of a session"); constraints: the service models
"""

from __future__ import annotations

from hostile.asking import OTHER_ACCOUNT, form
from hostile.case import Case
from hostile.grammar import (
    broken,
    least,
    longest,
    missing,
    most,
    pattern,
    shortest,
)

_ROLE = "arn:aws:iam::111122223333:role/windvane"


def _invalid(name: str, service: str, operation: str, text: str, **fields: str) -> Case:
    return Case(name, form(service, operation, **fields), 400, "ValidationError", text)


def _assume(name: str, text: str, **fields: str) -> Case:
    given = {"RoleArn": _ROLE, "RoleSessionName": "ss", **fields}
    return _invalid(name, "sts", "AssumeRole", text, **given)


def _denied(name: str, role: str) -> Case:
    return Case(
        name,
        form("sts", "AssumeRole", RoleArn=role, RoleSessionName="ss"),
        403,
        "AccessDenied",
        "User: arn:aws:sts::111122223333:assumed-role/windvane/AKIAOWNER is not authorized to perform: sts:AssumeRole on "
        f"resource: {role}",
    )


def _nobody(name: str, operation: str, text: str, **fields: str) -> Case:
    return Case(name, form("iam", operation, **fields), 404, "NoSuchEntity", text)


def _refused(member: str) -> str:
    return f"AssumeRole does not support {member}: leave it out."


_SESSION = pattern("roleSessionNameType", "sts")

CASES = (
    _invalid("no role and no name", "sts", "AssumeRole", missing("roleArn", "roleSessionName")),
    _assume(
        "a session of one letter", broken("s", "roleSessionName", shortest(2)), RoleSessionName="s"
    ),
    _assume(
        "a session with spaces",
        broken("a session", "roleSessionName", _SESSION),
        RoleSessionName="a session",
    ),
    _assume(
        "a session of markup",
        broken("<b>&amp;", "roleSessionName", _SESSION),
        RoleSessionName="<b>&amp;",
    ),
    _assume(
        "a session with a line break",
        broken("a\nb", "roleSessionName", _SESSION),
        RoleSessionName="a\nb",
    ),
    _assume(
        "a session of a path",
        broken("../../x", "roleSessionName", _SESSION),
        RoleSessionName="../../x",
    ),
    _assume(
        "a session too long",
        broken("s" * 65, "roleSessionName", longest(64)),
        RoleSessionName="s" * 65,
    ),
    _assume("a role that is none", broken("role", "roleArn", shortest(20)), RoleArn="role"),
    _assume(
        "a session of a quarter of an hour less a second",
        broken("899", "durationSeconds", least(900)),
        DurationSeconds="899",
    ),
    _assume(
        "a session of half a day and a second",
        broken("43201", "durationSeconds", most(43_200)),
        DurationSeconds="43201",
    ),
    Case(
        "a policy without a version for a session",
        form("sts", "AssumeRole", RoleArn=_ROLE, RoleSessionName="ss", Policy="{}"),
        400,
        "MalformedPolicyDocument",
        'The policy must say "Version": "2012-10-17".',
    ),
    _assume(
        "tags and a serial number",
        _refused("SerialNumber, Tags"),
        SerialNumber="arn:aws:iam::1:mfa/x",
        **{"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"},
    ),
    _denied("a role that there is not", "arn:aws:iam::111122223333:role/nobody"),
    _denied("another account's role", f"arn:aws:iam::{OTHER_ACCOUNT}:role/windvane"),
    _denied("a role of markup", "arn:aws:iam::111122223333:role/<script>alert(1)</script>"),
    _invalid(
        "a token with MFA",
        "sts",
        "GetSessionToken",
        "GetSessionToken does not support SerialNumber, TokenCode: leave it out.",
        SerialNumber="arn:aws:iam::1:mfa/x",
        TokenCode="123456",
    ),
    _invalid(
        "a token for two days",
        "sts",
        "GetSessionToken",
        broken("172800", "durationSeconds", most(129_600)),
        DurationSeconds="172800",
    ),
    _nobody(
        "a role of no such name",
        "GetRole",
        "The role with name nobody cannot be found.",
        RoleName="nobody",
    ),
    _nobody("a user", "GetUser", "The user with name admin cannot be found.", UserName="admin"),
    _invalid(
        "myself as a user",
        "iam",
        "GetUser",
        "Must specify userName when calling with non-User credentials",
    ),
    _invalid("a role without a name", "iam", "GetRole", missing("roleName")),
    _invalid(
        "a role with a name of markup",
        "iam",
        "GetRole",
        broken("<b>", "roleName", pattern("roleNameType", "iam")),
        RoleName="<b>",
    ),
    _invalid(
        "a role with a name of SQL",
        "iam",
        "GetRole",
        broken("x' OR 1=1", "roleName", pattern("roleNameType", "iam")),
        RoleName="x' OR 1=1",
    ),
    _invalid(
        "a page of no roles", "iam", "ListRoles", broken("0", "maxItems", least(1)), MaxItems="0"
    ),
    _invalid(
        "a page of 1001 roles",
        "iam",
        "ListRoles",
        broken("1001", "maxItems", most(1000)),
        MaxItems="1001",
    ),
    _invalid(
        "roles below a path that is none",
        "iam",
        "ListRoles",
        broken("x", "pathPrefix", pattern("pathPrefixType", "iam")),
        PathPrefix="x",
    ),
    _invalid("a marker that is none", "iam", "ListRoles", "Invalid Marker: AAAA", Marker="AAAA"),
)

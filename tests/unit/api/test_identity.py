"""STS and IAM: who calls, temporary keys of a role, and what a role looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from api.identities import identity_of, roles
from migrated import migrated_database

from windvane.api.identity import identity_operations
from windvane.errors import AccessDenied, InvalidRequest, NotFound
from windvane.store.open import FILE_NAME, open_store
from windvane.wire.call import Call, Caller

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "111122223333"
DEFAULT = f"arn:aws:iam::{ACCOUNT}:role/windvane"
DECLARED = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
FOREIGN = "arn:aws:iam::444455556666:role/theirs"


@pytest.fixture
def parts(tmp_path):
    keys = [(ACCOUNT, "AKIA1", "one"), ("444455556666", "AKIA2", "two")]
    (tmp_path / FILE_NAME).write_bytes(migrated_database())
    store = open_store("", tmp_path)
    yield identity_of(keys, roles(DECLARED, FOREIGN), store, clock=lambda: NOW)
    store.close()


@pytest.fixture
def ring(parts):
    return parts.keyring


@pytest.fixture
def ask(parts, ring):
    operations = identity_operations(parts)
    permanent = ring.credential("AKIA1", "", NOW)

    def asked(service, operation, credential=permanent, **parameters):
        caller = Caller(ACCOUNT, "us-east-1", credential)
        call = Call(service, operation, caller, parameters, "id")
        return operations[service, operation](call)

    return asked


def test_the_caller_is_a_session_of_a_role(ask):
    answer = ask("sts", "GetCallerIdentity")
    assert answer["Account"] == ACCOUNT
    assert answer["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/windvane/AKIA1"
    assert answer["UserId"].startswith("AROA")
    assert answer["UserId"].endswith(":AKIA1")


@pytest.mark.parametrize("role", [DEFAULT, DECLARED])
def test_a_role_of_the_account_can_be_assumed(ask, ring, role):
    answer = ask("sts", "AssumeRole", RoleArn=role, RoleSessionName="s", DurationSeconds=900)
    keys = answer["Credentials"]
    assert keys["Expiration"] == NOW + timedelta(seconds=900)
    credential = ring.credential(keys["AccessKeyId"], keys["SessionToken"], NOW)
    assert credential.secret_key == keys["SecretAccessKey"]
    assert credential.principal_arn == answer["AssumedRoleUser"]["Arn"]
    assert credential.user_id == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_a_session_lasts_an_hour_unless_told(ask):
    answer = ask("sts", "AssumeRole", RoleArn=DEFAULT, RoleSessionName="s")
    assert answer["Credentials"]["Expiration"] == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "role", [FOREIGN, f"{DEFAULT}2", "arn:aws:iam::444455556666:role/windvane"]
)
def test_any_other_role_is_denied(ask, role):
    with pytest.raises(AccessDenied) as caught:
        ask("sts", "AssumeRole", RoleArn=role, RoleSessionName="s")
    assert str(caught.value) == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/windvane/AKIA1 is not authorized to perform: "
        f"sts:AssumeRole on resource: {role}"
    )


def session(ask, ring, role):
    keys = ask("sts", "AssumeRole", RoleArn=role, RoleSessionName="s")["Credentials"]
    return ring.credential(keys["AccessKeyId"], keys["SessionToken"], NOW)


def test_a_session_of_a_declared_role_gets_no_other(ask, ring):
    narrow, wide = session(ask, ring, DECLARED), session(ask, ring, DEFAULT)
    for credential, role in ((narrow, DECLARED), (wide, DECLARED), (wide, DEFAULT)):
        ask("sts", "AssumeRole", credential=credential, RoleArn=role, RoleSessionName="again")
    with pytest.raises(AccessDenied, match="assumed-role/reader/s is not authorized"):
        ask("sts", "AssumeRole", credential=narrow, RoleArn=DEFAULT, RoleSessionName="more")


def test_a_session_token_is_for_the_same_identity(ask, ring):
    keys = ask("sts", "GetSessionToken", DurationSeconds=900)["Credentials"]
    assert keys["Expiration"] == NOW + timedelta(seconds=900)
    credential = ring.credential(keys["AccessKeyId"], keys["SessionToken"], NOW)
    before = ask("sts", "GetCallerIdentity")
    assert ask("sts", "GetCallerIdentity", credential=credential) == before
    twelve_hours = ask("sts", "GetSessionToken")["Credentials"]["Expiration"]
    assert twelve_hours == NOW + timedelta(hours=12)
    with pytest.raises(AccessDenied, match="with session credentials"):
        ask("sts", "GetSessionToken", credential=credential)
    with pytest.raises(InvalidRequest, match="does not support SerialNumber, TokenCode"):
        ask("sts", "GetSessionToken", SerialNumber="arn:aws:iam::1:mfa/x", TokenCode="123456")


def test_roles_are_listed_by_path_and_page(ask):
    def listed(**parameters):
        answer = ask("iam", "ListRoles", **parameters)
        return [role["Arn"] for role in answer["Roles"]], answer.get("Marker")

    assert listed() == ([DECLARED, DEFAULT], None)
    assert listed(PathPrefix="/team/") == ([DECLARED], None)
    assert listed(PathPrefix="/none") == ([], None)
    first, marker = listed(MaxItems=1)
    assert (first, listed(MaxItems=1, Marker=marker)) == ([DECLARED], ([DEFAULT], None))
    with pytest.raises(InvalidRequest, match="Invalid Marker"):
        listed(Marker="none of ours")


def test_there_are_no_users(ask):
    with pytest.raises(InvalidRequest, match="Must specify userName"):
        ask("iam", "GetUser")
    with pytest.raises(NotFound, match="The user with name me cannot be found"):
        ask("iam", "GetUser", UserName="me")


def test_what_cannot_be_honoured_is_refused(ask):
    with pytest.raises(InvalidRequest, match="does not support SerialNumber, Tags: leave it out"):
        ask("sts", "AssumeRole", RoleArn=DEFAULT, RoleSessionName="s", SerialNumber="1", Tags=[])


@pytest.mark.parametrize(
    ("name", "arn", "path"), [("windvane", DEFAULT, "/"), ("reader", DECLARED, "/team/")]
)
def test_a_role_is_found_by_its_name(ask, name, arn, path):
    role = ask("iam", "GetRole", RoleName=name)["Role"]
    assert (role["RoleName"], role["Arn"], role["Path"]) == (name, arn, path)
    assert role["RoleId"] == ask("iam", "GetRole", RoleName=name)["Role"]["RoleId"]


@pytest.mark.parametrize("name", ["theirs", "nobody"])
def test_an_unknown_role_is_missing(ask, name):
    with pytest.raises(NotFound, match=f"The role with name {name} cannot be found."):
        ask("iam", "GetRole", RoleName=name)


def test_a_declared_role_with_a_broken_arn_is_refused_at_the_start():
    with pytest.raises(InvalidRequest, match="is not an ARN"):
        identity_of([], roles("role/x"))

"""What is known of identities in memory, and decisions that do not outlive what they were made from."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from api.identities import identity_of
from migrated import migrated_store

from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.directory import Directory
from windvane.domain.identity import User
from windvane.errors import AccessDenied
from windvane.wire.call import Caller

ACCOUNT = "111122223333"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def parts(store):
    return identity_of([(ACCOUNT, "AKIAROOT", "secret")], store=store, clock=lambda: NOW)


def allow(action):
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def caller_of(parts, name="ann"):
    parts.users.create(ACCOUNT, name, "/", [])
    key, _ = parts.users.create_key(ACCOUNT, name)
    return Caller(ACCOUNT, "us-east-1", parts.keyring.credential(key.name, "", NOW))


def test_a_decision_ends_with_the_policy_it_came_from(parts):
    caller = caller_of(parts)
    asked = (caller, "sagemaker:ListModels", "*")
    with pytest.raises(AccessDenied):
        parts.authorizer(*asked)
    parts.principals.put_inline(User, ACCOUNT, "ann", "p", allow("sagemaker:*"))
    parts.authorizer(*asked)
    parts.authorizer(*asked)
    parts.principals.delete_inline(User, ACCOUNT, "ann", "p")
    with pytest.raises(AccessDenied):
        parts.authorizer(*asked)


def test_another_server_learns_of_a_change_when_it_looks(parts, store):
    caller = caller_of(parts)
    other = Authorizer(Directory(store), lambda: NOW)
    parts.principals.put_inline(User, ACCOUNT, "ann", "p", allow("sagemaker:*"))
    other(caller, "sagemaker:ListModels", "*")
    parts.principals.delete_inline(User, ACCOUNT, "ann", "p")
    other(caller, "sagemaker:ListModels", "*")
    other.directory.refresh()
    with pytest.raises(AccessDenied):
        other(caller, "sagemaker:ListModels", "*")


def test_a_user_who_is_made_again_is_somebody_else(parts):
    caller = caller_of(parts)
    for key in parts.users.keys(ACCOUNT, "ann"):
        parts.users.delete_key(ACCOUNT, "ann", key.name)
    parts.users.delete(ACCOUNT, "ann")
    parts.users.create(ACCOUNT, "ann", "/", [])
    parts.principals.put_inline(User, ACCOUNT, "ann", "p", allow("*"))
    with pytest.raises(AccessDenied, match="is no more"):
        parts.authorizer(caller, "sagemaker:ListModels", "*")


def test_a_caller_cannot_ask_for_resources_of_another_account(parts):
    root = parts.keyring.credential("AKIAROOT", "", NOW)
    caller = Caller(ACCOUNT, "us-east-1", root)
    theirs = "arn:aws:sagemaker:us-east-1:444455556666:endpoint/x"
    with pytest.raises(AccessDenied):
        parts.authorizer(caller, "sagemaker:InvokeEndpoint", theirs)


def test_a_caller_of_an_unknown_principal_is_denied(parts):
    root = parts.keyring.credential("AKIAROOT", "", NOW)
    stranger = replace(root, access_key="AKIAX", user_id="AROASTRANGER:x")
    with pytest.raises(AccessDenied, match="is no more"):
        parts.authorizer(Caller(ACCOUNT, "us-east-1", stranger), "s3:GetObject", "*")


def test_the_use_of_a_users_key_is_noted_now_and_then(store):
    from windvane.control.identity.key_uses import KeyUses

    parts = identity_of([(ACCOUNT, "AKIAROOT", "secret")], store=store, clock=lambda: NOW)
    caller, uses = caller_of(parts), KeyUses(store)
    uses.note(caller, "s3:GetObject", NOW)
    uses.note(caller, "iam:GetUser", NOW)
    uses.write()
    uses.write()
    with store.snapshot() as tx:
        use = tx.key_use(caller.credential.access_key)
    assert (use.used, use.service) == (NOW, "s3")

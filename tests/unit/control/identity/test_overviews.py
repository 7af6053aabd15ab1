"""Overviews of users: of those of the caller's account, with what the caller may see of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api.accounts import ACCOUNT, OTHER_ROOT, ROOT, Accounts, allow, deny, keys_of

from windvane.control.identity import overviews
from windvane.control.identity.overviews import IdentityOverviews, UserOverview
from windvane.errors import NotAuthorized
from windvane.settings import Role
from windvane.store.identity_book import KeyUse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DECLARED = f"arn:aws:iam::{ACCOUNT}:role/reports"


@pytest.fixture
def accounts(tmp_path):
    opened = Accounts(tmp_path, [Role(DECLARED)])
    yield opened
    opened.close()


def of(accounts: Accounts, keys: Any, *names: str) -> dict[str, UserOverview]:
    told = IdentityOverviews(accounts.identity.authorizer, accounts.store)
    return dict(told.users(accounts.caller(keys), names))


def test_policies_and_keys_are_counted_and_the_last_use_is_of_any_key(accounts):
    iam, first = accounts.client("iam"), accounts.user("bob", allow("s3:GetObject"))["AccessKeyId"]
    iam.attach_user_policy(
        UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    second = iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="bob", AccessKeyId=second, Status="Inactive")
    accounts.user("carol")
    assert of(accounts, keys_of(ROOT), "bob", "carol", "none") == {
        "bob": UserOverview(2, 1, 1, None),
        "carol": UserOverview(0, 1, 0, None),
    }
    with accounts.store.transaction() as tx:
        tx.note_key_use(first, KeyUse(NOW, "s3", "us-east-1"))
        tx.note_key_use(second, KeyUse(NOW - timedelta(days=1), "iam", "us-east-1"))
    assert of(accounts, keys_of(ROOT), "bob")["bob"].used == NOW


@pytest.mark.parametrize(
    ("action", "hidden"),
    [
        ("iam:ListUserPolicies", {"n_policies"}),
        ("iam:ListAttachedUserPolicies", {"n_policies"}),
        ("iam:ListAccessKeys", {"n_active_keys", "n_inactive_keys", "used"}),
        ("iam:GetAccessKeyLastUsed", {"used"}),
    ],
)
def test_what_is_denied_of_a_user_is_refused_of_this_user_alone(accounts, action, hidden):
    accounts.user("bob")
    accounts.user("carol")
    bob = f"arn:aws:iam::{ACCOUNT}:user/bob"
    keys = accounts.user("ann", allow("iam:*"), deny(action, bob))
    told = of(accounts, keys, "bob", "carol")
    refused = {name for name, part in vars(told["bob"]).items() if isinstance(part, NotAuthorized)}
    assert refused == hidden
    assert {getattr(told["bob"], name).action for name in refused} == {action}
    assert told["carol"] == UserOverview(0, 1, 0, None)


def test_another_account_is_told_nothing(accounts):
    accounts.user("bob")
    assert of(accounts, keys_of(OTHER_ROOT), "bob") == {}


def test_no_more_users_are_looked_at_than_there_is_time_for(accounts, monkeypatch):
    accounts.user("bob")
    monkeypatch.setattr(overviews, "_LOOKED_FOR_S", 0.0)
    assert of(accounts, keys_of(ROOT), "bob") == {}


@pytest.mark.slow
def test_a_thousand_users_are_no_more_work_than_one_page(accounts):
    """Reads of the store do not grow with the users on a page."""
    for number in range(30):
        accounts.user(f"u{number}")
    read: list[Any] = []
    snapshot = accounts.store.snapshot

    class Counted:
        def snapshot(self):
            read.append("snapshot")
            return snapshot()

    told = IdentityOverviews(accounts.identity.authorizer, Counted())
    found = told.users(accounts.caller(keys_of(ROOT)), [f"u{number}" for number in range(30)])
    assert (len(found), len(read)) == (30, 1)


def test_roles_that_operations_cannot_change_are_declared(accounts):
    told = IdentityOverviews(accounts.identity.authorizer, accounts.store)
    default = f"arn:aws:iam::{ACCOUNT}:role/windvane"
    assert told.declared_arns(ACCOUNT) == {default, DECLARED}
    assert told.declared_arns("444455556666") == {"arn:aws:iam::444455556666:role/windvane"}

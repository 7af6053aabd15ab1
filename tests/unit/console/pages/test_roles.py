"""Roles on pages: who may assume each, what it may do, and where it is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, OTHER_ROOT, ROOT, Accounts, allow, deny, document, keys_of, trust
from unit.console.browsing import Browser
from unit.console.test_site_permissions import Desk

from windvane.settings import Role

HOSTILE = "<img src=x onerror=alert(1)>"
DECLARED = f"arn:aws:iam::{ACCOUNT}:role/team/reports"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    accounts = Accounts(tmp_path, [Role(DECLARED)])
    iam = accounts.client("iam")
    iam.create_role(
        RoleName="reader", AssumeRolePolicyDocument=trust({"AWS": "*"}), Description=HOSTILE
    )
    iam.put_role_policy(
        RoleName="reader", PolicyName="p", PolicyDocument=document(allow("s3:List*"))
    )
    yield Desk(accounts)
    accounts.close()


@pytest.fixture
def root(desk: Desk) -> Browser:
    return desk.browser(keys_of(ROOT))


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_the_list_says_who_may_assume_a_role_and_which_are_declared(root: Browser) -> None:
    listed = root.get("/console/roles")
    told = words(listed)
    assert "reader every account" in told
    assert "reports configuration file SageMaker, this account" in told
    assert "windvane every account SageMaker, this account" in told
    assert HOSTILE not in listed.text


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("reader", "with AWS clients Created"),
        ("reports", "in the server's configuration file, which declares it Longest"),
        ("windvane", "never: every account has this role Longest"),
    ],
)
def test_the_page_of_a_role_says_where_it_is_changed(
    root: Browser, name: str, changed: str
) -> None:
    assert f"Changed {changed}" in words(root.get(f"/console/roles/{name}")).replace("&#39;", "'")


def test_the_page_of_a_role_says_who_may_assume_it_and_what_it_may_do(root: Browser) -> None:
    page = root.get("/console/roles/reader")
    assert "Who may assume it every account Trust policy" in words(page)
    assert "sts:AssumeRole" in page.text
    assert "s3:List*" in page.text
    assert HOSTILE not in page.text
    assert root.get("/console/roles/none").status == 404


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("iam:ListRolePolicies", "Inline policies are not shown: that requires"),
        ("iam:ListAttachedRolePolicies", "Managed policies are not shown: that requires"),
        ("iam:GetRolePolicy", "its document is not shown: that requires"),
    ],
)
def test_a_part_that_may_not_be_seen_says_so_and_the_rest_is_shown(
    desk: Desk, action: str, place: str
) -> None:
    browser = desk.browser(desk.accounts.user("ann", allow("*"), deny(action)))
    page = browser.get("/console/roles/reader")
    assert page.status == 200
    assert f"{place} {action}" in words(page)
    assert "every account" in words(page)
    assert ("s3:List*" in page.text) == (action == "iam:ListAttachedRolePolicies")


def test_another_account_sees_its_own_roles_alone(desk: Desk) -> None:
    browser = desk.browser(keys_of(OTHER_ROOT))
    listed = words(browser.get("/console/roles"))
    assert ("windvane" in listed, "reader" in listed, "reports" in listed) == (True, False, False)
    for name in ("reader", "reports"):
        assert browser.get(f"/console/roles/{name}").status == 404

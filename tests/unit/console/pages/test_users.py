"""Users on pages: seen and changed with the rights of whoever is signed in, and no others."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from api.accounts import ACCOUNT, OTHER_ROOT, ROOT, Accounts, allow, deny, document, keys_of, trust
from unit.console.browsing import Browser
from unit.console.test_site_permissions import Desk

from windvane.store.identity_book import KeyUse

MANAGED = f"arn:aws:iam::{ACCOUNT}:policy/reads"
TRUST = trust({"Service": "sagemaker.amazonaws.com"})
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    accounts = Accounts(tmp_path)
    yield Desk(accounts)
    accounts.close()


@pytest.fixture
def root(desk: Desk) -> Browser:
    browser = desk.browser(keys_of(ROOT))
    browser.get("/console/users")
    return browser


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def is_named(action: str, answer: Any) -> bool:
    """Whether a page says that this permission is missing."""
    told = (f"not authorized to perform: {action}", f"<code>{action}</code>")
    return any(one in answer.text for one in told)


def furnished(desk: Desk) -> Any:
    """The user bob, with a key, a policy of its own and a managed one; returns the key."""
    keys = desk.accounts.user("bob", allow("s3:GetObject"))
    iam = desk.accounts.client("iam")
    iam.create_policy(PolicyName="reads", PolicyDocument=document(allow("sagemaker:List*")))
    iam.create_policy(PolicyName="writes", PolicyDocument=document(allow("s3:PutObject")))
    iam.attach_user_policy(UserName="bob", PolicyArn=MANAGED)
    return keys


def state(desk: Desk) -> Any:
    iam = desk.accounts.client("iam")
    users = [one["UserName"] for one in iam.list_users()["Users"]]
    return {
        name: (
            [
                (one["AccessKeyId"], one["Status"])
                for one in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
            ],
            [
                one["PolicyName"]
                for one in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
            ],
            iam.list_user_policies(UserName=name)["PolicyNames"] if name != "ann" else [],
        )
        for name in users
    }


def test_a_user_is_created_given_a_policy_and_a_key_and_signs_in(desk: Desk, root: Browser) -> None:
    furnished(desk)
    made = root.post("/console/users", {"name": "carol"})
    assert (made.status, made.headers["location"]) == (303, "/console/users/carol")
    assert "None: everything is denied." in words(root.get("/console/users/carol"))
    attached = root.post("/console/users/carol/policies", {"do": "attach", "policy": MANAGED})
    assert attached.status == 303
    answer = root.post("/console/users/carol/keys", {"do": "create"})
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(
        r"export AWS_ENDPOINT_URL=(https?://\S+)\s+export AWS_DEFAULT_REGION=us-east-1\s+"
        r"export AWS_ACCESS_KEY_ID=(\w+)\s+export AWS_SECRET_ACCESS_KEY=(\S+?)<",
        answer.text,
    )
    assert found is not None, "without the address, clients would send the key's requests to AWS"
    keys = {"AccessKeyId": found[2], "SecretAccessKey": found[3]}
    assert desk.session(keys).caller.credential.user_name == "carol"
    again = root.get("/console/users/carol")
    assert (keys["AccessKeyId"] in again.text, keys["SecretAccessKey"] in again.text) == (
        True,
        False,
    )
    assert "reads managed" in words(again)
    assert " never " in words(root.get("/console/users/bob"))


def test_a_key_is_deactivated_before_it_can_be_deleted(desk: Desk, root: Browser) -> None:
    key = furnished(desk)["AccessKeyId"]
    path = "/console/users/bob/keys"
    assert "> Delete" not in root.get("/console/users/bob").text.replace("Delete…", "")
    for do, expected in (
        ("deactivate", [(key, "Inactive")]),
        ("activate", [(key, "Active")]),
        ("deactivate", [(key, "Inactive")]),
        ("delete", []),
    ):
        assert root.post(path, {"do": do, "key": key}).status == 303
        assert state(desk)["bob"][0] == expected
    assert root.post(path, {"do": "else", "key": key}).status == 400


def test_a_policy_is_shown_and_detached(desk: Desk, root: Browser) -> None:
    furnished(desk)
    page = root.get("/console/users/bob")
    assert "s3:GetObject" in page.text
    assert "writes" in page.text
    answer = root.post("/console/users/bob/policies", {"do": "detach", "policy": MANAGED})
    assert answer.status == 303
    assert state(desk)["bob"][1] == []
    assert (
        root.post("/console/users/bob/policies", {"do": "grant", "policy": MANAGED}).status == 400
    )


def test_a_user_is_deleted_with_what_is_its_own_once_its_name_is_typed(
    desk: Desk, root: Browser
) -> None:
    key = furnished(desk)["AccessKeyId"]
    asked = root.post("/console/users/bob/delete", {})
    assert f"the access key {key}: programs that use it are refused" in words(asked)
    assert "not bob" in words(root.post("/console/users/bob/delete", {"confirm": "bo"}))
    assert "bob" in state(desk)
    done = root.post("/console/users/bob/delete", {"confirm": "bob"})
    assert (done.status, done.headers["location"]) == (303, "/console/users?deleted=bob")
    assert "bob" not in state(desk)
    assert "Deleted the user bob." in words(root.get("/console/users?deleted=bob"))


@pytest.mark.parametrize("name", ["", "with space", "bob", HOSTILE, "x" * 65])
def test_a_name_that_cannot_be_is_told_in_the_form(desk: Desk, root: Browser, name: str) -> None:
    furnished(desk)
    before = state(desk)
    answer = root.post("/console/users", {"name": name})
    assert (answer.status, 'aria-invalid="true"' in answer.text) == (400, True)
    assert HOSTILE not in answer.text
    assert state(desk) == before


def test_of_many_users_there_are_pages(desk: Desk, root: Browser) -> None:
    iam = desk.accounts.client("iam")
    for number in range(60):
        iam.create_user(UserName=f"u{number:02}")
    first = root.get("/console/users").text
    assert ("users/u49" in first, "users/u50" in first) == (True, False)
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = root.get(following[1].replace("&amp;", "&")).text
    assert ("users/u49" in second, "users/u59" in second, 'rel="next"' in second) == (
        False,
        True,
        False,
    )


CHANGES: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("/console/users", {"name": "new"}, ("iam:CreateUser",)),
    ("/console/users/bob/keys", {"do": "create"}, ("iam:CreateAccessKey",)),
    ("/console/users/bob/keys", {"do": "deactivate", "key": "KEY"}, ("iam:UpdateAccessKey",)),
    ("/console/users/bob/keys", {"do": "delete", "key": "KEY"}, ("iam:DeleteAccessKey",)),
    ("/console/users/bob/policies", {"do": "detach", "policy": MANAGED}, ("iam:DetachUserPolicy",)),
    ("/console/users/bob/policies", {"do": "attach", "policy": MANAGED}, ("iam:AttachUserPolicy",)),
    (
        "/console/users/bob/delete",
        {"confirm": "bob"},
        (
            "iam:GetUser",
            "iam:DeleteUser",
            "iam:DeleteAccessKey",
            "iam:DetachUserPolicy",
            "iam:DeleteUserPolicy",
        ),
    ),
)
"""Path and fields of a form, and the actions without any of which nothing happens."""


@pytest.mark.slow
def test_each_change_needs_its_permission_and_without_it_nothing_happens(desk: Desk) -> None:
    key = furnished(desk)["AccessKeyId"]
    keys, iam = desk.accounts.user("ann"), desk.accounts.client("iam")
    before, browser = state(desk), desk.browser(keys)
    browser.get("/console/glossary")
    for path, fields, needed in CHANGES:
        for action in needed:
            policy = document(allow("*"), deny(action))
            iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy)
            answer = browser.post(
                path, {name: value.replace("KEY", key) for name, value in fields.items()}
            )
            assert answer.status == 403, (path, action)
            assert is_named(action, answer), (path, action)
            assert state(desk) == before, (path, action)


def test_another_account_sees_and_changes_nothing(desk: Desk) -> None:
    key = furnished(desk)["AccessKeyId"]
    before, browser = state(desk), desk.browser(keys_of(OTHER_ROOT))
    assert "bob" not in browser.get("/console/users").text
    for path, fields, _ in CHANGES[1:]:
        answer = browser.post(
            path, {name: value.replace("KEY", key) for name, value in fields.items()}
        )
        assert answer.status == 404, path
    assert browser.get("/console/users/bob").status == 404
    assert state(desk) == before


def test_whoever_may_not_look_is_told_why(desk: Desk) -> None:
    browser = desk.browser(desk.accounts.user("ann", allow("sagemaker:*")))
    for path, action in (
        ("/console/users", "iam:ListUsers"),
        ("/console/users/ann", "iam:GetUser"),
        ("/console/roles", "iam:ListRoles"),
        ("/console/roles/windvane", "iam:GetRole"),
    ):
        answer = browser.get(path)
        assert (answer.status, is_named(action, answer)) == (403, True), path


def row_of(page: str, name: str) -> str:
    [found] = [row for row in page.split("<tr>") if f">{name}</a>" in row]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found)).strip()


def test_the_list_tells_policies_keys_and_when_they_were_used(desk: Desk, root: Browser) -> None:
    key = furnished(desk)["AccessKeyId"]
    iam = desk.accounts.client("iam")
    iam.create_user(UserName="carol")
    with desk.accounts.store.transaction() as tx:
        tx.note_key_use(key, KeyUse(desk.accounts.clock(), "s3", "us-east-1"))
    page = root.get("/console/users").text
    assert re.match(r"bob 2 1 active 20\d\d-", row_of(page, "bob"))
    assert row_of(page, "carol").startswith("carol none none – ")
    iam.create_access_key(UserName="bob")
    iam.update_access_key(UserName="bob", AccessKeyId=key, Status="Inactive")
    assert row_of(root.get("/console/users").text, "bob").startswith("bob 2 1 active, 1 inactive")


def test_the_list_leaves_out_what_may_not_be_seen_of_a_user_and_says_so(desk: Desk) -> None:
    furnished(desk)
    desk.accounts.client("iam").create_user(UserName="carol")
    bob = f"arn:aws:iam::{ACCOUNT}:user/bob"
    browser = desk.browser(
        desk.accounts.user(
            "ann",
            allow(["iam:ListUsers", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"]),
            allow(["iam:ListUserPolicies", "iam:ListAttachedUserPolicies"]),
            deny(["iam:ListAttachedUserPolicies", "iam:ListAccessKeys"], bob),
        )
    )
    page = browser.get("/console/users")
    hidden = "not shown : requires iam:"
    assert row_of(page.text, "bob").startswith(
        f"bob {hidden}ListAttachedUserPolicies {hidden}ListAccessKeys {hidden}ListAccessKeys"
    )
    assert row_of(page.text, "carol").startswith("carol none none –")
    told = words(page)
    assert "What is not shown requires iam:ListAccessKeys , iam:ListAttachedUserPolicies ." in told


def test_users_are_found_by_a_part_of_their_names(desk: Desk, root: Browser) -> None:
    iam = desk.accounts.client("iam")
    for number in range(60):
        iam.create_user(UserName=f"u{number:02}")
    found = root.get("/console/users?name=U5").text
    assert ("users/u50" in found, "users/u59" in found, "users/u49" in found) == (True, True, False)
    assert "And 10 more: type more of the name" in words(root.get("/console/users?name=u"))
    none = root.get(f"/console/users?name={quote(HOSTILE)}")
    assert "No user has this in its name" in words(none)
    assert HOSTILE not in none.text


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("iam:ListAccessKeys", "Access keys are not shown: that requires"),
        ("iam:ListUserPolicies", "Inline policies are not shown: that requires"),
        ("iam:ListAttachedUserPolicies", "Managed policies are not shown: that requires"),
        ("iam:GetUserPolicy", "its document is not shown: that requires"),
        ("iam:ListPolicies", "that could be attached are not shown: that requires"),
        ("iam:GetAccessKeyLastUsed", "To see when keys were used last requires"),
    ],
)
def test_a_part_that_may_not_be_seen_says_so_and_the_rest_is_shown(
    desk: Desk, action: str, place: str
) -> None:
    key = furnished(desk)["AccessKeyId"]
    parts = {
        "iam:ListAccessKeys": f">{key}<",
        "iam:ListUserPolicies": "s3:GetObject",
        "iam:ListAttachedUserPolicies": "Detach",
        "iam:GetUserPolicy": "s3:GetObject",
        "iam:ListPolicies": "AmazonS3FullAccess",
        "iam:GetAccessKeyLastUsed": '<span class="muted">never',
    }
    browser = desk.browser(desk.accounts.user("ann", allow("*"), deny(action)))
    page = browser.get("/console/users/bob")
    assert page.status == 200
    assert f"{place} {action}" in words(page)
    for part, shown in parts.items():
        hidden = part == action or {part, action} == {"iam:ListUserPolicies", "iam:GetUserPolicy"}
        hidden = hidden or (part, action) == ("iam:GetAccessKeyLastUsed", "iam:ListAccessKeys")
        if (part, action) == ("iam:ListUserPolicies", "iam:GetUserPolicy"):
            assert ">own<" in page.text
        assert (shown in page.text) != hidden, (part, action)


def test_a_user_is_not_deleted_by_whoever_cannot_be_told_what_goes_with_it(desk: Desk) -> None:
    furnished(desk)
    keys, iam = desk.accounts.user("ann"), desk.accounts.client("iam")
    before, browser = state(desk), desk.browser(keys)
    browser.get("/console/glossary")
    for action in ("iam:ListAccessKeys", "iam:ListUserPolicies", "iam:ListAttachedUserPolicies"):
        policy = document(allow("*"), deny(action))
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy)
        answer = browser.post("/console/users/bob/delete", {"confirm": "bob"})
        assert (answer.status, is_named(action, answer)) == (403, True), action
        assert state(desk) == before, action


@pytest.mark.parametrize("name", [".", "..", "a+b@c.example", "=,-"])
def test_every_name_that_iam_takes_has_a_page(desk: Desk, root: Browser, name: str) -> None:
    location = root.post("/console/users", {"name": name}).headers["location"]
    assert posixpath.normpath(unquote(location)) == unquote(location)  # as browsers do
    assert location in root.get("/console/users").text
    page = root.get(location)
    assert f'action="{location}/delete"' in page.text
    assert root.post(f"{location}/delete", {"confirm": name}).status == 303
    assert desk.accounts.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize(
    ("allowed", "leads_to"),
    [
        (["iam:ListUsers"], "/console/users"),
        (["iam:ListRoles", "cloudtrail:LookupEvents"], "/console/roles"),
        (["cloudtrail:LookupEvents"], "/console/audit"),
        (["sagemaker:*"], "/console/users"),
    ],
)
def test_access_leads_to_what_may_be_seen(desk: Desk, allowed: list[str], leads_to: str) -> None:
    page = desk.browser(desk.accounts.user("ann", allow(allowed))).get("/console/glossary")
    link = re.search(r'<a href="([^"]+)"([^>]*)>Access</a>', page.text)
    assert link is not None
    assert (link[1], "refused" in link[2]) == (leads_to, allowed == ["sagemaker:*"])


def test_a_user_that_is_there_was_not_deleted_whatever_an_address_says(
    desk: Desk, root: Browser
) -> None:
    furnished(desk)
    assert "Deleted the user" not in words(root.get("/console/users?deleted=bob"))


def test_a_page_of_the_list_that_is_no_more_leads_to_the_first(root: Browser) -> None:
    for page in ("/console/users", "/console/roles"):
        answer = root.get(f"{page}?marker=gone")
        assert (answer.status, answer.headers["location"]) == (303, page)


def test_the_key_of_this_session_is_marked(desk: Desk) -> None:
    key = furnished(desk)["AccessKeyId"]
    keys = desk.accounts.user("ann", allow("*"))
    browser = desk.browser(keys)
    marked = f"{keys['AccessKeyId']} you are signed in with it"
    assert marked in words(browser.get("/console/users/ann"))
    assert key in browser.get("/console/users/bob").text
    assert "you are signed in with it" not in browser.get("/console/users/bob").text


def test_a_form_of_another_session_changes_nothing(desk: Desk) -> None:
    furnished(desk)
    desk.accounts.user("ann", allow("*"))
    before, browser = state(desk), desk.browser(keys_of(ROOT))
    for path, fields, _ in CHANGES:
        assert browser.post(path, {**fields, "csrf_token": "00" * 64}).status == 403, path
    assert state(desk) == before


def test_long_names_and_documents_of_policies_are_shown_whole(desk: Desk, root: Browser) -> None:
    iam, name = desk.accounts.client("iam"), "p" * 128
    actions = [f"s3:Get{number:03}" for number in range(150)]
    iam.create_user(UserName="u" * 64)
    text = document(allow(actions)).replace(" ", " " * 40)
    iam.put_user_policy(UserName="u" * 64, PolicyName=name, PolicyDocument=text)
    page = root.get(f"/console/users/{'u' * 64}")
    assert (page.status, f">{name} <" in page.text) == (200, True)
    assert all(action in page.text for action in actions)
    asked = root.post(f"/console/users/{'u' * 64}/delete", {})
    assert f"<code>{'u' * 64}</code>" in asked.text


def test_of_very_many_policies_the_first_forty_documents_are_shown(
    desk: Desk, root: Browser
) -> None:
    iam = desk.accounts.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    for number in range(45):
        policy = document(allow("s3:*"))
        iam.put_role_policy(RoleName="r", PolicyName=f"p{number:02}", PolicyDocument=policy)
    page = root.get("/console/roles/r")
    assert page.text.count("<summary>p") == 40
    assert all(f"p{number:02}" in page.text for number in range(45))

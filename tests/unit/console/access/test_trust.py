"""Who may assume a role, in words: nobody is named whom the policy does not let."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from api.accounts import document

from windvane.console.access.trust import trusted

ACCOUNT, OTHER = "111122223333", "444455556666"
CONDITION = {"StringEquals": {"sts:ExternalId": "x"}}


def statement(principal: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal, **more}


@pytest.mark.parametrize(
    ("principal", "told"),
    [
        ("*", ("every account",)),
        ({"AWS": "*"}, ("every account",)),
        ({"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]}, ("this account",)),
        ({"AWS": OTHER}, (f"account {OTHER}",)),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, (f"account {OTHER}",)),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/team/ann"}, ("user ann",)),
        ({"AWS": f"arn:aws:iam::{OTHER}:role/jobs"}, (f"role jobs of account {OTHER}",)),
        (
            {"AWS": ACCOUNT, "Service": ["sagemaker.amazonaws.com", "x.amazonaws.com"]},
            ("SageMaker", "x.amazonaws.com", "this account"),
        ),
    ],
)
def test_who_is_named(principal: Any, told: tuple[str, ...]) -> None:
    assert trusted(document(statement(principal)), ACCOUNT) == told
    assert trusted(quote(document(statement(principal))), ACCOUNT) == told


@pytest.mark.parametrize(
    "action", ["sts:*", "*:*", "STS:assume*", ["sts:TagSession", "sts:Assume?ole"]]
)
def test_patterns_of_actions_count(action: Any) -> None:
    assert trusted(document(statement({"AWS": ACCOUNT}, Action=action)), ACCOUNT) == (
        "this account",
    )


def test_whoever_may_do_something_else_is_not_named() -> None:
    other = statement({"AWS": ACCOUNT}, Action="sts:TagSession")
    but = {"Effect": "Allow", "NotAction": "sts:AssumeRole", "Principal": "*"}
    assert trusted(document(other, but), ACCOUNT) == ()


def test_what_narrows_is_marked() -> None:
    on_condition = statement({"AWS": OTHER}, Condition=CONDITION)
    free = statement({"AWS": ACCOUNT})
    assert trusted(document(on_condition, free), ACCOUNT) == (
        f"account {OTHER} (with conditions)",
        "this account",
    )
    denied = statement({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}, "Deny")
    assert trusted(document(free, denied), ACCOUNT) == ("this account (with conditions)",)

"""Attacks on the server's time and memory by whoever may call IAM and STS: each was cheap to ask and dear to answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, Accounts, allow, document, trust
from api.world import refusal

from windvane.api.session_tokens import MOST_POLICY_CHARACTERS

SPACE = " " * 100_000


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path)
    yield made
    made.close()


def spaced(*statements: dict[str, Any]) -> str:
    """A small document with much white space, which does not count for its length."""
    return document(*statements).replace("{", "{" + SPACE, 1)


def test_a_simulation_does_not_hold_a_thread_for_minutes(account: Accounts) -> None:
    """A page of 1,000 results looked through a megabyte of policies for each of them."""
    iam = account.client("iam")
    account.user("ann")
    asked = {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/ann",
        "ActionNames": [f"s3:Get{number}" for number in range(100)],
        "MaxItems": 1000,
    }
    hard = document(allow("s3:*", f"arn:aws:s3:::{'?' * 5000}b*a"))
    told = refusal(iam.simulate_principal_policy, **asked, PolicyInputList=[hard] * 13)
    assert told[0] == "ValidationError"
    assert "PolicyInputList" in told[1]
    page = iam.simulate_principal_policy(**asked, PolicyInputList=[hard] * 11)
    assert 1 <= len(page["EvaluationResults"]) < 30
    rest = iam.simulate_principal_policy(
        **asked, PolicyInputList=[hard] * 11, Marker=page["Marker"]
    )
    assert rest["EvaluationResults"][0] not in page["EvaluationResults"]
    light = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert len(light) == 100


def test_white_space_does_not_fill_the_memory_of_every_server(account: Accounts) -> None:
    """White space does not count for the length of a policy, and was kept: 25 policies of a user were 3 MB, in memory."""
    iam = account.client("iam")
    account.user("ann")
    iam.create_role(RoleName="team", AssumeRolePolicyDocument=trust("*"))
    text = spaced(allow("s3:*"))
    wanted = spaced({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"})
    own = {"PolicyName": "own", "PolicyDocument": text}
    assert refusal(iam.put_user_policy, UserName="ann", **own)[0] == "LimitExceeded"
    assert refusal(iam.put_role_policy, RoleName="team", **own)[0] == "LimitExceeded"
    assert refusal(iam.create_policy, **own)[0] == "LimitExceeded"
    made = {"RoleName": "other", "AssumeRolePolicyDocument": wanted}
    assert refusal(iam.create_role, **made)[0] == "LimitExceeded"
    few = document(allow("s3:*")).replace("{", "{" + " " * 4000, 1)
    for number in range(4):
        iam.put_user_policy(UserName="ann", PolicyName=f"own-{number}", PolicyDocument=few)
    fifth = {"UserName": "ann", "PolicyName": "own-4", "PolicyDocument": few}
    assert refusal(iam.put_user_policy, **fifth)[0] == "LimitExceeded"


def test_session_policies_do_not_unpack_to_megabytes(account: Accounts) -> None:
    """A megabyte of white space packs into a token of two kilobytes, and lay in memory for each of 1,024 tokens."""
    role = f"arn:aws:iam::{ACCOUNT}:role/windvane"
    sts = account.client("sts")
    asked = {"RoleArn": role, "RoleSessionName": "visit"}
    told = refusal(sts.assume_role, **asked, Policy=spaced(allow("*")))
    assert told[0] == "PackedPolicyTooLarge"
    keys, spread = None, document(allow("*")).replace("{", "{" + " " * 15_000, 1)
    n_sessions = 0
    while n_sessions < 10:
        try:
            keys = account.session(role, keys, Policy=spread)
        except account.client("sts").exceptions.PackedPolicyTooLargeException:
            break
        n_sessions += 1
    assert 1 <= n_sessions <= MOST_POLICY_CHARACTERS // 15_000

"""Who may ask models by the Open Inference Protocol: users, sessions and accounts with real policies, over real model processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, OTHER, OTHER_ROOT, ROOT, Accounts, allow, deny, document, keys_of
from api.hosted_models import HostedModels
from api.identities import permit_of
from api.world import REGION
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from unit.engine.explain.made_up import COLOUR

from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.runtime import runtime_operations
from windvane.cli.token import bearer_token
from windvane.serving.explaining import Explaining
from windvane.wire.edge import Edge

Keys = dict[str, str]

PREDICT, DESCRIBE = "sagemaker:InvokeEndpoint", "windvane:DescribeEndpointSchema"
LIVE, ELSEWHERE = (
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}" for name in ("live", "other")
)
MODEL = "/v2/models/live"
QUESTIONS = tuple(
    f"{model}{question}"
    for model in (MODEL, f"{MODEL}/versions/Trees")
    for question in ("", "/ready", "/infer")
)
ROW = {
    "inputs": [
        {"name": "b", "datatype": "FP64", "shape": [1], "data": [0.5]},
        {"name": COLOUR, "datatype": "BYTES", "shape": [1], "data": ["red"]},
    ]
}


class Asking:
    """The endpoint `live`, for callers whose policies are evaluated as a server does."""

    def __init__(self, live: HostedModels, accounts: Accounts) -> None:
        self._live = live
        self.edge = Edge(
            accounts.ring,
            {},
            {
                **runtime_operations(live.router),
                **explanation_operations(live.router, Explaining(live.router, {})),
            },
            None,
            lambda: datetime.now(UTC),
            permit=permit_of(accounts.identity),
        )

    def statuses(self, caller: str | Keys) -> list[int]:
        return [status for status, _ in self.answers(caller)]

    def answers(self, caller: str | Keys) -> list[tuple[int, Any]]:
        """Status and document of each question of the protocol.

        caller    a token, or the keys to sign with
        """
        asked = [_request(path, json.dumps(ROW).encode()) for path in QUESTIONS]
        for request in asked:
            if isinstance(caller, str):
                request.headers["authorization"] = f"Bearer {caller}"
            else:
                _sign(request, caller)
        return self._live.sent(*asked, edge=self.edge)

    def refusals_of_operations(self, keys: Keys) -> tuple[str, str]:
        """What InvokeEndpoint and DescribeEndpointSchema tell the same caller."""
        asked = [
            AWSRequest("POST", "http://windvane.test/endpoints/live/invocations", {}, b"0.5,red"),
            AWSRequest("GET", "http://windvane.test/windvane/endpoints/live/schema"),
        ]
        for request in asked:
            _sign(request, keys)
        invoked, described = self._live.sent(*asked, edge=self.edge)
        assert min(invoked[0], described[0]) >= 400
        return tuple(
            answer.get("message") or answer["Message"] for _, answer in (invoked, described)
        )


def _request(path: str, body: bytes) -> AWSRequest:
    is_infer = path.endswith("/infer")
    url = f"http://windvane.test{path}"
    return AWSRequest("POST" if is_infer else "GET", url, {}, body if is_infer else None)


def _sign(request: AWSRequest, keys: Keys) -> None:
    signer = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
    SigV4Auth(signer, "sagemaker", REGION).add_auth(request)


def token_of(keys: Keys, endpoint: str = "") -> str:
    owner = ReadOnlyCredentials(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken")
    )
    return bearer_token(owner, REGION, 600, endpoint)


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path)
    yield made
    made.close()


@pytest.fixture
def asking(live: HostedModels, accounts: Accounts) -> Iterator[Asking]:
    made = Asking(live, accounts)
    yield made
    made.edge.close()


def owner_of_all(accounts: Accounts) -> Keys:
    return keys_of(ROOT)


def user_of_the_endpoint(accounts: Accounts) -> Keys:
    return accounts.user("ann", allow([PREDICT, DESCRIBE], LIVE))


def session_for_the_endpoint(accounts: Accounts) -> Keys:
    return session(accounts, allow([PREDICT, DESCRIBE], LIVE))


def user_of_another_endpoint(accounts: Accounts) -> Keys:
    return accounts.user("bob", allow([PREDICT, DESCRIBE], ELSEWHERE))


def user_who_is_denied(accounts: Accounts) -> Keys:
    return accounts.user("eve", allow("*"), deny([PREDICT, DESCRIBE], LIVE))


def session_that_manages(accounts: Accounts) -> Keys:
    return session(accounts, allow(["sagemaker:Describe*", "sagemaker:List*"]))


def session(accounts: Accounts, *statements: dict[str, Any]) -> Keys:
    role = f"arn:aws:iam::{ACCOUNT}:role/windvane"
    return accounts.session(role, Policy=document(*statements))


@pytest.mark.parametrize("caller", [owner_of_all, user_of_the_endpoint, session_for_the_endpoint])
def test_who_may_invoke_and_describe_an_endpoint_is_answered(
    asking: Asking, accounts: Accounts, caller: Any
) -> None:
    keys = caller(accounts)
    for sent in (token_of(keys), token_of(keys, "live"), keys):
        assert asking.statuses(sent) == [200] * len(QUESTIONS)


@pytest.mark.parametrize(
    "caller", [user_of_another_endpoint, user_who_is_denied, session_that_manages]
)
def test_who_may_not_is_refused_in_the_words_of_the_operations(
    asking: Asking, accounts: Accounts, caller: Any
) -> None:
    keys = caller(accounts)
    invoked, described = asking.refusals_of_operations(keys)
    assert f"is not authorized to perform: {PREDICT} on resource: {LIVE}" in invoked
    assert f"is not authorized to perform: {DESCRIBE} on resource: {LIVE}" in described
    wanted = [(403, {"error": text}) for text in 2 * (described, described, invoked)]
    for sent in (token_of(keys), token_of(keys, "live"), keys):
        assert asking.answers(sent) == wanted


@pytest.mark.parametrize(
    ("allowed", "statuses"), [(DESCRIBE, [200, 200, 403]), (PREDICT, [403, 403, 200])]
)
def test_a_session_policy_allows_each_of_the_two_by_itself(
    asking: Asking, accounts: Accounts, allowed: str, statuses: list[int]
) -> None:
    keys = session(accounts, allow(allowed))
    for sent in (token_of(keys), keys):
        assert asking.statuses(sent) == 2 * statuses


def test_another_account_finds_no_such_endpoint(asking: Asking) -> None:
    keys = keys_of(OTHER_ROOT)
    invoked, described = asking.refusals_of_operations(keys)
    assert invoked == f"Endpoint live of account {OTHER} not found."
    wanted = [(404, {"error": text}) for text in 2 * (described, described, invoked)]
    for sent in (token_of(keys), keys):
        assert asking.answers(sent) == wanted


def test_a_policy_of_another_account_opens_nothing_here(asking: Asking, accounts: Accounts) -> None:
    keys = accounts.user("mallory", allow([PREDICT, DESCRIBE], LIVE), account=OTHER_ROOT)
    theirs = LIVE.replace(ACCOUNT, OTHER)
    for sent in (token_of(keys), keys):
        for status, answer in asking.answers(sent):
            assert (status, f"on resource: {theirs}" in answer["error"]) == (403, True)


def test_a_token_ends_with_the_policy_and_with_the_key_of_its_owner(
    asking: Asking, accounts: Accounts
) -> None:
    keys, iam = user_of_the_endpoint(accounts), accounts.client("iam")
    token = token_of(keys)
    assert asking.statuses(token) == [200] * len(QUESTIONS)
    iam.put_user_policy(
        UserName="ann", PolicyName="own", PolicyDocument=document(allow(PREDICT, ELSEWHERE))
    )
    assert asking.statuses(token) == [403] * len(QUESTIONS)
    iam.update_access_key(UserName="ann", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    assert asking.statuses(token) == [401] * len(QUESTIONS)

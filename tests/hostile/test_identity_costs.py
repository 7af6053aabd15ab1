"""Attacks on the server's time and memory by whoever may call IAM and STS: each was cheap to ask and dear to answer."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, Accounts, allow, deny, document, trust
from api.identities import permit_of
from api.world import refusal

from windvane.api.in_process import InProcessClient
from windvane.api.session_tokens import MOST_POLICY_ARNS, MOST_POLICY_CHARACTERS
from windvane.control.identity.documents import Policy
from windvane.control.roles import Roles
from windvane.domain.identity import Identity, User
from windvane.errors import AccessDenied
from windvane.store import identity_rows
from windvane.wire.call import Call, RequestRecord
from windvane.wire.edge import Edge

SPACE = " " * 100_000


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path)
    yield made
    made.close()


def spaced(*statements: dict[str, Any]) -> str:
    """A small document with much white space, which does not count for its length."""
    return document(*statements).replace("{", "{" + SPACE, 1)


def test_changes_of_identities_read_none_of_thousands(
    account: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To delete a policy all users and roles of the account were read while nobody else could write: of 5,000 users with
    long tags that took seconds, and a few who asked for it together kept all accounts from writing for half a minute."""
    iam = account.client("iam")
    for number in range(5):
        account.user(f"user-{number}")
    policy = document(allow("s3:GetObject", "*"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="user-4", PolicyArn=arn)
    read: list[str] = []
    of_text = identity_rows._read

    def watched(kind: type[Identity], body_format: int, body: str) -> Identity:
        read.append(str(kind.kind))
        return of_text(kind, body_format, body)

    monkeypatch.setattr(identity_rows, "_read", watched)
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    assert read == ["policy"]
    iam.detach_user_policy(UserName="user-4", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    read.clear()
    iam.create_access_key(UserName="user-0")
    assert read == ["user", "access-key"]  # and the new one, to know it
    assert refusal(iam.create_access_key, UserName="user-0")[0] == "LimitExceeded"
    assert refusal(iam.delete_user, UserName="user-1")[0] == "DeleteConflict"


def test_tags_of_identities_fill_the_memory_of_no_server(account: Accounts) -> None:
    """Those of 5,000 users were 190 MB in each server and each of its workers."""
    iam = account.client("iam")
    tags = [{"Key": "team", "Value": "a" * 256}]
    iam.create_user(UserName="ann", Tags=tags)
    policy = document(allow("s3:GetObject", "*"))
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}), Tags=tags)
    made = iam.create_policy(PolicyName="p", PolicyDocument=policy, Tags=tags)["Policy"]["Arn"]
    known = account.identity.authorizer.directory.known()
    kept = (*known.users.values(), *known.roles.values(), known.policies[made])
    assert [one.tags for one in kept] == [{}] * 3
    assert iam.get_user(UserName="ann")["User"]["Tags"] == tags
    assert iam.list_role_tags(RoleName="reader")["Tags"] == tags
    assert iam.get_policy(PolicyArn=made)["Policy"]["Tags"] == tags


def test_policies_that_were_looked_through_fill_the_memory_of_no_server(account: Accounts) -> None:
    """Ready for matching, a policy of six kilobytes takes more than a megabyte, and those of 2,000 sessions were kept: ten
    policies of an account in each took 6 MB for every AssumeRole and request with its keys, more than a machine has."""
    keys = account.session(f"arn:aws:iam::{ACCOUNT}:role/windvane")
    authorizer, credential = account.identity.authorizer, account.credential(keys)
    n_sessions, n_policies, length = 60, 16, 2_000
    before = n_kept()
    for session in range(n_sessions):
        texts = [
            document(allow("*", f"arn:aws:s3:::{session}-{number}-".ljust(length - 100, "a")))
            for number in range(n_policies)
        ]
        policies = tuple(json.dumps([text, []]) for text in texts)
        one = replace(credential, session_token=f"{session}", session_policies=policies)
        assert len(authorizer.rights(one).sessions) == n_policies
    assert n_kept() - before < n_sessions * n_policies // 2
    assert authorizer.rights(one) is authorizer.rights(one)  # those of the last one are kept


def n_kept() -> int:
    """Policies in memory that are ready for matching."""
    gc.collect()
    return sum(type(one) is Policy for one in gc.get_objects())


def test_versions_of_policies_fill_the_memory_of_no_server(account: Accounts) -> None:
    """Those of 1,500 policies were 370 MB in each server and each of its workers, though one of five counts."""
    iam = account.client("iam")
    reading, writing = (document(allow(f"s3:{verb}Object")) for verb in ("Get", "Put"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=reading)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=writing)
    directory = account.identity.authorizer.directory
    assert [one.document for one in directory.known().policies[arn].versions] == [reading]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert [one.document for one in directory.known().policies[arn].versions] == [writing]
    told = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in told] == [
        ("v2", True),
        ("v1", False),
    ]
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)
    assert directory.policy(arn) is None


def test_a_policy_that_another_server_has_just_attached_is_not_deleted(account: Accounts) -> None:
    """What is known in memory is brought up to date inside the transaction."""
    iam = account.client("iam")
    policy = document(allow("s3:GetObject", "*"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy)["Policy"]["Arn"]
    account.user("ann")
    with account.world.store.transaction() as tx:
        known = tx.identity(User, ACCOUNT, "ann")
        assert known is not None
        tx.update_identity(replace(known, attached=(arn,)))
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"


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


def test_a_simulation_of_very_many_pairs_makes_those_of_its_page(account: Accounts) -> None:
    """Five hundred actions and as many resources took 50 MB of each thread that was asked, for a page of one."""
    account.user("ann")
    asked = {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/ann",
        "ActionNames": [f"s3:Get{number}" for number in range(480)],
        "ResourceArns": [f"arn:aws:s3:::b/{number}" for number in range(480)],
        "MaxItems": 1,
    }
    iam = account.client("iam")
    tracemalloc.start()
    first = iam.simulate_principal_policy(**asked)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000
    last = iam.simulate_principal_policy(**asked, Marker=str(480 * 480 - 1))
    for page, number in ((first, 0), (last, 479)):
        [result] = page["EvaluationResults"]
        assert result["EvalActionName"] == f"s3:Get{number}"
        assert result["EvalResourceName"] == f"arn:aws:s3:::b/{number}"
    assert (first["Marker"], last["IsTruncated"]) == ("1", False)
    for marker in (str(480 * 480), "01", "-1", "x"):
        assert (
            refusal(iam.simulate_principal_policy, **asked, Marker=marker)[0] == "ValidationError"
        )


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


def laborious(number: int = 0) -> str:
    """A managed policy of which each decision makes 250 expressions, as long as it may be."""
    values = [f"?${{aws:userid}}{value:x}-{number}" for value in range(250)]
    condition = {"StringLike": {"aws:userid": values}}
    return document(allow("*"), deny("*", Condition=condition))


class Asked:
    """Notes in which threads a Permit was asked."""

    def __init__(self, account: Accounts) -> None:
        self._permit = permit_of(account.identity)
        self.is_quick = self._permit.is_quick
        self.threads: list[int] = []

    def __call__(self, call: Call, record: RequestRecord) -> None:
        self.threads.append(threading.get_ident())
        self._permit(call, record)


async def invoked(call: Call) -> dict[str, Any]:
    return {"Body": b"1", "ContentType": "text/csv"}


RUNTIME = {("sagemaker-runtime", "InvokeEndpoint"): invoked}


def test_long_policies_keep_nobody_waiting_who_asks_for_predictions(account: Accounts) -> None:
    """Whether a caller may invoke an endpoint was decided on the event loop: 10 policies of its own took it 0.1 s, each
    session another 0.1 s, in which nobody was answered."""
    iam = account.client("iam")
    light = account.user(
        "light", allow("sagemaker:*", Condition={"Bool": {"aws:SecureTransport": False}})
    )
    heavy = account.user("heavy")
    for number in range(10):
        made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=laborious(number))
        iam.attach_user_policy(UserName="heavy", PolicyArn=made["Policy"]["Arn"])
    asked = Asked(account)
    edge = Edge(
        account.ring, {}, RUNTIME, None, account.clock, permit=asked, is_quick=asked.is_quick
    )
    account.world.edge.close()
    account.world.edge = edge
    here = threading.get_ident()
    for keys, on_the_loop in ((light, [True, True]), (heavy, [False, False])):
        runtime, asked.threads = account.client("sagemaker-runtime", keys), []
        for _ in range(2):
            runtime.invoke_endpoint(EndpointName="e", Body=b"1")
        assert [thread == here for thread in asked.threads] == on_the_loop


PARTS = "".join(f"*?{number:x}" for number in range(430))
"""Of a pattern: an expression each."""


@pytest.mark.parametrize(
    "statement",
    [
        deny("*", f"arn:aws:sagemaker:*:*:{PARTS}${{aws:userid}}"),
        deny("*", Condition={"StringLike": {"aws:userid": f"{PARTS}${{aws:userid}}"}}),
        deny("*", f"arn:aws:sagemaker:*:*:{'*' * 1800}"),
    ],
    ids=["a resource", "a condition", "many stars"],
)
def test_a_pattern_that_is_made_anew_for_each_session_is_not_matched_on_the_event_loop(
    account: Accounts, statement: dict[str, Any]
) -> None:
    """One pattern was one match, however long: with a variable in it, sessions that asked in turns took the event loop 10 ms
    with every request."""
    keys = account.user("ann", statement)
    permit, caller = permit_of(account.identity), account.caller(keys)
    with pytest.raises(AccessDenied):
        permit(Call("sagemaker", "ListModels", caller, {}, ""), RequestRecord(""))
    assert not permit.is_quick(Call("sagemaker", "ListModels", caller, {}, ""))


def test_policies_of_many_sessions_are_not_read_on_the_event_loop(account: Accounts) -> None:
    """Eight kilobytes took it 11 ms, for each session that was not known yet, or not any more."""
    text = document(allow("sagemaker:*", "arn:aws:sagemaker:*:*:endpoint/".ljust(1500, "a") + "*"))
    keys = account.session(f"arn:aws:iam::{ACCOUNT}:role/windvane", Policy=text)
    permit, caller = permit_of(account.identity), account.caller(keys)
    call = Call("sagemaker", "ListModels", caller, {}, "")
    before = n_kept()
    assert not permit.is_quick(call)
    assert n_kept() == before
    with pytest.raises(AccessDenied):
        permit(call, RequestRecord(""))
    assert permit.is_quick(call)


def test_long_policies_keep_no_page_of_others_waiting(account: Accounts) -> None:
    """The same of whatever a page of the console asks for, and of each button that it draws."""
    account.user("heavy")
    iam = account.client("iam")
    made = iam.create_policy(PolicyName="p", PolicyDocument=laborious())
    iam.attach_user_policy(UserName="heavy", PolicyArn=made["Policy"]["Arn"])
    caller = account.caller(iam.create_access_key(UserName="heavy")["AccessKey"])
    asked = Asked(account)
    inside = InProcessClient(
        {("sagemaker", "ListModels"): lambda _: {"Models": []}}, {}, asked, is_quick=asked.is_quick
    )
    asyncio.run(inside.ask(caller, "sagemaker", "ListModels", {}))
    inside.close()
    assert asked.threads != [threading.get_ident()]
    call = Call("sagemaker", "DeleteModel", caller, {}, "")
    assert not asked.is_quick(call)
    assert permit_of(account.identity).refusal(call) is None


def test_sessions_of_sessions_name_no_more_policies_than_one(account: Accounts) -> None:
    """Ten policies of each AssumeRole took no room in the token, and were looked through at every request: 500 in all."""
    role = f"arn:aws:iam::{ACCOUNT}:role/windvane"
    named = [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]
    keys = None
    for _ in range(2):
        keys = account.session(role, keys, PolicyArns=named * (MOST_POLICY_ARNS // 2))
    asked = {"RoleArn": role, "RoleSessionName": "visit", "PolicyArns": named}
    told = refusal(account.client("sts", keys).assume_role, **asked)
    assert told[0] == "PackedPolicyTooLarge"


def test_sessions_of_sessions_look_for_each_role_once(account: Accounts) -> None:
    """A role that assumes itself was one more link of the chain each time, which packs into nothing in a token: of 5,000 the
    event loop looked for every one at each request, 20 ms, and a thousand such tokens were half a gigabyte of memory."""
    iam = account.client("iam")
    made = {"RoleName": "other", "AssumeRolePolicyDocument": trust({"AWS": ACCOUNT})}
    other = iam.create_role(**made)["Role"]["Arn"]
    text = document(allow("sts:AssumeRole"))
    iam.put_role_policy(RoleName="other", PolicyName="p", PolicyDocument=text)
    keys = None
    for _ in range(3):
        for role in (f"arn:aws:iam::{ACCOUNT}:role/windvane", other):
            keys = account.session(role, keys)
    chain = account.credential(keys).chain
    assert sorted(link.rpartition("/")[2] for link in chain) == ["other", "windvane"]
    iam.delete_role_policy(RoleName="other", PolicyName="p")
    iam.delete_role(RoleName="other")
    assert account.credential(account.session(f"arn:aws:iam::{ACCOUNT}:role/windvane")) is not None
    assert account.credential(keys) is None


def test_a_page_looks_for_roles_for_a_second(
    account: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page of a new job decided about each role of the account, on the event loop: 1,000 roles, minutes."""
    for number in range(3):
        account.client("iam").create_role(
            RoleName=f"r{number}",
            AssumeRolePolicyDocument=trust({"Service": "sagemaker.amazonaws.com"}),
        )
    roles = Roles(account.identity.authorizer, None)  # type: ignore[arg-type]
    caller = account.caller({"AccessKeyId": "AKIAROOT"})
    assert len(roles.passable(caller)) == 4
    seconds = count(0, 0.4)
    monkeypatch.setattr("windvane.control.roles.time.monotonic", lambda: next(seconds))
    assert len(roles.passable(caller)) == 2

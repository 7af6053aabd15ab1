"""Attacks on who may do what: each went through once, or is one that somebody would try next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, OTHER, ROOT, Accounts
from api.identities import SECRET
from api.steps import split_request, training_request
from api.world import REGION, job_request, model_request, refusal
from hostile.requests import transform_request, v2_request

from windvane.api.entry import Entry, new_link
from windvane.api.keyring import KeyRing
from windvane.control.passes import Passes
from windvane.control.roles import Action
from windvane.names import default_role
from windvane.settings import Role

NARROW, WIDE = f"arn:aws:iam::{ACCOUNT}:role/a/team", f"arn:aws:iam::{ACCOUNT}:role/b/team"
DECLARED = (Role(NARROW, ("data",), ("scratch",)), Role(WIDE, ("*",), ("*",)))


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path, DECLARED)
    yield made
    made.close()


def test_roles_whose_names_end_alike_share_nothing(account: Accounts) -> None:
    """Attack 9: a session was matched with a role by the last part of its name, so the first one of that name held."""
    narrow = account.roles.of_caller(account.caller(account.session(NARROW)))
    wide = account.roles.of_caller(account.caller(account.session(WIDE)))
    assert narrow.allows(Action.PUT, "scratch")
    assert not narrow.allows(Action.GET, "secrets")
    assert wide.allows(Action.GET, "secrets")


def test_a_session_of_one_role_does_not_assume_another_that_ends_alike(account: Accounts) -> None:
    """Attack 9, from STS."""
    sts = account.client("sts", account.session(NARROW))
    code, _ = refusal(sts.assume_role, RoleArn=WIDE, RoleSessionName="visit")
    assert code == "AccessDenied"


@pytest.mark.parametrize(
    ("permanent", "roles"),
    [
        pytest.param([], DECLARED, id="the account is gone"),
        pytest.param([(ACCOUNT, "AKIAROOT", "new")], DECLARED, id="the secret was replaced"),
        pytest.param([(ACCOUNT, "AKIANEW", "new")], DECLARED, id="the key was replaced"),
        pytest.param(
            [(OTHER, "AKIAROOT", "secret")], DECLARED, id="the key moved to another account"
        ),
        pytest.param([ROOT], DECLARED[1:], id="the role is gone"),
    ],
)
def test_temporary_keys_do_not_outlive_what_they_come_from(
    account: Accounts, permanent: Any, roles: Any
) -> None:
    """Attack 10: a session token was good until its time, whatever became of the account and its keys."""
    keys = account.session(NARROW)
    ring = account.server(permanent, roles).keyring
    assert account.credential(keys) is not None
    assert ring.credential(keys["AccessKeyId"], keys["SessionToken"], account.clock()) is None


@pytest.mark.parametrize(
    "permanent", [[], [(ACCOUNT, "AKIAROOT", "new")]], ids=["key gone", "secret replaced"]
)
def test_links_and_console_sessions_do_not_outlive_their_key(
    account: Accounts, permanent: Any
) -> None:
    """Attack 10, in the console."""
    passes = Passes(account.store, account.clock)
    before = Entry(account.ring, passes, SECRET, account.clock)
    after = Entry(KeyRing(permanent, SECRET), passes, SECRET, account.clock)
    session = before.by_keys("AKIAROOT", "secret", REGION)
    assert session is not None
    link = new_link(SECRET, ("AKIAROOT", "secret"), REGION, account.clock())
    assert before.again(before.text_of(session)) == session
    assert after.again(before.text_of(session)) is None
    assert after.by_link(link) is None
    assert before.by_link(link) is not None


CREATES: dict[str, Callable[[Any, str], tuple[Any, dict[str, Any]]]] = {
    "CreateAutoMLJob": lambda client, role: (
        client.create_auto_ml_job,
        job_request(RoleArn=role, OutputDataConfig={"S3OutputPath": "s3://scratch/out"}),
    ),
    "CreateAutoMLJobV2": lambda client, role: (
        client.create_auto_ml_job_v2,
        v2_request(RoleArn=role, OutputDataConfig={"S3OutputPath": "s3://scratch/out"}),
    ),
    "CreateModel": lambda client, role: (client.create_model, model_request(ExecutionRoleArn=role)),
    "CreateTrainingJob": lambda client, role: (
        client.create_training_job,
        training_request(RoleArn=role),
    ),
    "CreateProcessingJob": lambda client, role: (
        client.create_processing_job,
        split_request(RoleArn=role),
    ),
}


@pytest.mark.parametrize("operation", CREATES)
@pytest.mark.parametrize("role", [default_role(ACCOUNT), WIDE])
def test_who_may_not_pass_a_role_may_not_name_it(
    account: Accounts, operation: str, role: str
) -> None:
    """Attack 4: a restricted session named the default role, and the job read everything."""
    call, parameters = CREATES[operation](account.client(keys=account.session(NARROW)), role)
    code, text = refusal(call, **parameters)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {role} because" in text


def test_a_model_without_a_role_has_the_rights_of_its_creator(account: Accounts) -> None:
    """Attack 4: no role meant the default one."""
    request = model_request()
    del request["ExecutionRoleArn"]
    restricted = account.client(keys=account.session(NARROW))
    code, text = refusal(restricted.create_model, **request)
    assert code == "ValidationException"
    assert f'the role "{NARROW}" has no "s3:GetObject" permission on bucket "results"' in text


def test_a_transform_job_of_a_model_without_a_role_has_the_rights_of_its_creator(
    account: Accounts,
) -> None:
    """Attack 4: the owner's model without a role read with the default role for anybody."""
    request = model_request()
    del request["ExecutionRoleArn"]
    account.client().create_model(**request)
    account.world.put("s3://private/rows.csv")
    restricted = account.client(keys=account.session(NARROW))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://private/"}}
    given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"}
    output = {"S3OutputPath": "s3://scratch/out"}
    asked = transform_request(TransformInput=given, TransformOutput=output)
    code, text = refusal(restricted.create_transform_job, **asked)
    assert code == "ValidationException"
    assert f'the role "{NARROW}" has no "s3:ListBucket" permission on bucket "private"' in text

"""Attacks on who may do what: each went through once, or is one that somebody would try next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from api.steps import split_request, training_request
from api.world import (
    INPUT,
    MODEL_DATA,
    REGION,
    Clock,
    World,
    build_parts,
    close,
    job_request,
    migrated_database,
    model_request,
    refusal,
)
from botocore.config import Config
from hostile.requests import transform_request, v2_request

from windvane.api.entry import Entry, new_link
from windvane.api.identity import identity_operations
from windvane.api.keyring import KeyRing
from windvane.api.served import operations
from windvane.artifacts.local import LocalArtifacts
from windvane.control.buckets import StoredBuckets
from windvane.control.passes import Passes
from windvane.control.roles import Action, Roles
from windvane.names import default_role
from windvane.settings import LimitSettings, Role
from windvane.store.open import FILE_NAME, open_store
from windvane.wire.call import Caller
from windvane.wire.edge import Edge

ACCOUNT, OTHER = "111122223333", "444455556666"
NARROW, WIDE = f"arn:aws:iam::{ACCOUNT}:role/a/team", f"arn:aws:iam::{ACCOUNT}:role/b/team"
DECLARED = (Role(NARROW, ("data",), ("scratch",)), Role(WIDE, ("*",), ("*",)))
ROOT = (ACCOUNT, "AKIAROOT", "secret")
SECRET = b"k" * 32
HOUR = timedelta(hours=1)


class Account:
    """A control plane with two declared roles whose names end alike."""

    def __init__(self, folder: Path) -> None:
        (folder / FILE_NAME).write_bytes(migrated_database())
        self.store = open_store("", folder)
        self.clock = Clock()
        artifacts = LocalArtifacts(folder / "s3")
        self.roles = Roles(DECLARED, StoredBuckets(self.store, self.clock))
        self.ring = KeyRing([ROOT], SECRET, [role.arn for role in DECLARED])
        parts = build_parts(self.store, artifacts, self.clock, LimitSettings(), self.roles)
        served = {
            **operations(parts),
            **identity_operations(self.ring, [role.arn for role in DECLARED], self.clock),
        }
        edge = Edge(self.ring, served, {}, None, self.clock)
        self.world = World(self.store, artifacts, self.clock, edge)
        for uri in (f"{INPUT}a.csv", MODEL_DATA, "s3://scratch/x"):
            self.world.put(uri)

    def session(self, role: str) -> Any:
        """The keys of a session of a role."""
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="visit")
        return answer["Credentials"]

    def caller(self, role: str) -> Caller:
        keys = self.session(role)
        return Caller(ACCOUNT, REGION, self.credential(keys))

    def credential(self, keys: Any) -> Any:
        return self.ring.credential(keys["AccessKeyId"], keys["SessionToken"], self.clock())

    def client(self, service: str = "sagemaker", keys: Any = None) -> Any:
        keys = keys or {"AccessKeyId": ROOT[1], "SecretAccessKey": ROOT[2], "SessionToken": None}
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url="http://windvane.test",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(f"before-send.{service}", self.world._send)
        return client


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    close(made.world)


def test_roles_whose_names_end_alike_share_nothing(account: Account) -> None:
    """Attack 9: a session was matched with a role by the last part of its name, so the first one of that name held."""
    narrow = account.roles.of_caller(account.caller(NARROW))
    wide = account.roles.of_caller(account.caller(WIDE))
    assert narrow.allows(Action.PUT, "scratch")
    assert not narrow.allows(Action.GET, "secrets")
    assert wide.allows(Action.GET, "secrets")


def test_a_session_of_one_role_does_not_assume_another_that_ends_alike(account: Account) -> None:
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
    account: Account, permanent: Any, roles: Any
) -> None:
    """Attack 10: a session token was good until its time, whatever became of the account and its keys."""
    keys = account.session(NARROW)
    ring = KeyRing(permanent, SECRET, [role.arn for role in roles])
    assert account.credential(keys) is not None
    assert ring.credential(keys["AccessKeyId"], keys["SessionToken"], account.clock()) is None


@pytest.mark.parametrize(
    "permanent", [[], [(ACCOUNT, "AKIAROOT", "new")]], ids=["key gone", "secret replaced"]
)
def test_links_and_console_sessions_do_not_outlive_their_key(
    account: Account, permanent: Any
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
    account: Account, operation: str, role: str
) -> None:
    """Attack 4: a restricted session named the default role, and the job read everything."""
    call, parameters = CREATES[operation](account.client(keys=account.session(NARROW)), role)
    code, text = refusal(call, **parameters)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {role} because" in text


def test_a_model_without_a_role_has_the_rights_of_its_creator(account: Account) -> None:
    """Attack 4: no role meant the default one."""
    request = model_request()
    del request["ExecutionRoleArn"]
    restricted = account.client(keys=account.session(NARROW))
    code, text = refusal(restricted.create_model, **request)
    assert code == "ValidationException"
    assert f'the role "{NARROW}" has no "s3:GetObject" permission on bucket "results"' in text


def test_a_transform_job_of_a_model_without_a_role_has_the_rights_of_its_creator(
    account: Account,
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

"""Attacks on who may do what: each went through once, or is one that somebody would try next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.accounts import (
    ACCOUNT,
    OTHER,
    OTHER_ROOT,
    ROOT,
    Accounts,
    allow,
    deny,
    document,
    keys_of,
    trust,
)
from api.identities import SECRET, permit_of
from api.records import finished_candidate, job_record
from api.steps import split_request, training_request
from api.test_reports import PIPELINE, dataset_step, put_artefacts
from api.world import (
    MODEL_DATA,
    REGION,
    build_parts,
    config_request,
    job_request,
    model_request,
    refusal,
)
from botocore.exceptions import ClientError
from hostile.requests import transform_request, v2_request

from windvane.api.authenticator import Authenticator, new_link
from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.events import event_operations
from windvane.api.identity import identity_operations
from windvane.api.keyring import KeyRing
from windvane.api.operation import Services
from windvane.api.permission_table import PERMISSIONS
from windvane.api.permissions import Permissions, stored_key_arn, stored_volume_key
from windvane.api.runtime import runtime_operations
from windvane.api.served import operations
from windvane.artifacts.base import Location
from windvane.artifacts.mapped import BucketMap
from windvane.control.buckets import DeclaredOwners
from windvane.control.models import Models
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.control.roles import Action, Roles
from windvane.domain.candidate import TransformJob
from windvane.domain.deployment import Endpoint
from windvane.domain.identity import KeyStatus, User
from windvane.domain.problem import MetricName
from windvane.errors import AccessDenied, InvalidRequest
from windvane.names import Scope, default_role
from windvane.settings import LimitSettings, Role
from windvane.wire.call import Call, Handler, RequestRecord
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.starting import TaskPlaces

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
    passes = OneTimeTokens(account.store, account.clock)
    before = Authenticator(account.ring, passes, SECRET, account.clock)
    after = Authenticator(KeyRing(permanent, SECRET), passes, SECRET, account.clock)
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


def test_a_transform_job_without_a_role_reads_what_its_creator_may(account: Accounts) -> None:
    """Of a prefix the first object alone was asked for when the job was created, and none when it ran: a user read
    the objects behind it, and whatever a manifest named by then."""
    request = model_request()
    del request["ExecutionRoleArn"]
    keys = account.user(
        "ann",
        allow(["sagemaker:*", "s3:ListBucket", "s3:PutObject"]),
        allow("s3:GetObject", ["arn:aws:s3:::rows/team-a/*", "arn:aws:s3:::results/*"]),
    )
    for key in ("team-a/own.csv", "team-b/secret.csv"):
        account.world.put(f"s3://rows/{key}")
    account.client(keys=keys).create_model(**request)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://rows/team-"}}
    given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"}
    asked = transform_request(TransformInput=given)
    account.client(keys=keys).create_transform_job(**asked)
    with account.store.snapshot() as tx:
        job = tx.find(TransformJob, Scope(ACCOUNT, REGION), asked["TransformJobName"])
    assert job is not None
    config = WorkConfig(Path("/none"), "run", account.clock(), 1, 4000)
    places = TaskPlaces(config, account.store)
    rows = [Location("rows", key) for key in ("team-a/own.csv", "team-b/secret.csv")]
    reads = [places._may_read(job)(row) for row in rows]
    assert reads == [True, False]
    account.client("iam").delete_user_policy(UserName="ann", PolicyName="own")
    assert not places._may_read(job)(Location("rows", "team-a/own.csv"))


def test_a_transform_job_without_a_role_uses_no_model_that_its_creator_may_not_read(
    account: Accounts,
) -> None:
    request = model_request()
    del request["ExecutionRoleArn"]
    account.client().create_model(**request)
    keys = account.user(
        "ann",
        allow(["sagemaker:*", "s3:ListBucket", "s3:PutObject"]),
        allow("s3:GetObject", "arn:aws:s3:::rows/*"),
    )
    account.world.put("s3://rows/own.csv")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://rows/"}}
    given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"}
    asked = transform_request(TransformInput=given)
    code, text = refusal(account.client(keys=keys).create_transform_job, **asked)
    assert code == "ValidationException"
    assert 'no "s3:GetObject" permission on bucket "results"' in text


# What nobody got through yet, and somebody would try next.


def may(account: Accounts, keys: Any, service: str, operation: str, **parameters: Any) -> str:
    """The code of the refusal; "" if it is done."""
    try:
        getattr(account.client(service, keys), operation)(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_narrowed_session_does_not_widen_itself_by_assuming_its_role_again(
    account: Accounts,
) -> None:
    """sts:AssumeRole in a session policy would otherwise be a way round the rest of it."""
    role = default_role(ACCOUNT)
    policy = document(allow(["sts:AssumeRole", "sagemaker:List*"]))
    narrowed = account.session(role, Policy=policy)
    again = account.session(role, narrowed)
    third = account.session(role, again, Policy=document(allow("*")))
    for keys in (narrowed, again, third):
        assert may(account, keys, "sagemaker", "list_models") == ""
        assert may(account, keys, "iam", "create_user", UserName="eve") == "AccessDenied"


def test_conditions_on_a_request_hold_for_the_job_that_it_asks_for(account: Accounts) -> None:
    """Denials by time, region or transport did not hold for what a job or model reads: nobody told them any of it."""
    for name, condition in {
        "late": {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        "plain": {"Bool": {"aws:SecureTransport": "false"}},
        "here": {"StringEquals": {"aws:RequestedRegion": REGION}},
    }.items():
        denied = deny("s3:GetObject", "arn:aws:s3:::results/*", Condition=condition)
        keys = account.user(name, allow("*"), denied)
        request = model_request()
        del request["ExecutionRoleArn"]
        code, text = refusal(account.client(keys=keys).create_model, **request)
        assert (code, "explicit deny" in text) == ("ValidationException", True)
    iam = account.client("iam")
    trusts = trust({"Service": "sagemaker.amazonaws.com"})
    arn = iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=trusts)["Role"]["Arn"]
    late = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    policy = document(allow("*"), deny("s3:GetObject", Condition=late))
    iam.put_role_policy(RoleName="jobs", PolicyName="own", PolicyDocument=policy)
    code, text = refusal(account.client().create_model, **model_request(ExecutionRoleArn=arn))
    assert (code, "explicit deny" in text) == ("ValidationException", True)


def test_a_bucket_is_in_its_own_region_whatever_a_request_is_signed_for(account: Accounts) -> None:
    """Whoever might use S3 in one region alone signed for that region what was about buckets of others."""
    here = {"StringEquals": {"aws:RequestedRegion": REGION}}
    keys = account.user("near", allow("s3:*", Condition=here))
    regions = {"near": REGION, "far": "eu-west-1"}
    roles = Roles(
        account.identity.authorizer, DeclaredOwners({}), BucketMap(), region_of=regions.get
    )
    caller = account.caller(keys)
    for bucket in ("near", "new"):
        roles.authorize_s3(caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/k")
    with pytest.raises(AccessDenied):
        roles.authorize_s3(caller, "s3:GetObject", "arn:aws:s3:::far/k")
    of_jobs = roles.of_caller(caller)
    of_jobs.require(Action.GET, "near", "k")
    with pytest.raises(InvalidRequest):
        of_jobs.require(Action.GET, "far", "k")


def test_a_session_makes_no_keys_that_it_may_not_make(account: Accounts) -> None:
    account.user("ann", allow("*"))
    session = account.session(NARROW)
    assert may(account, session, "sts", "get_session_token") == "AccessDenied"
    assert may(account, session, "iam", "create_access_key", UserName="ann") == "AccessDenied"
    own = document(allow("*"))
    assert may(
        account, session, "iam", "put_user_policy", UserName="ann", PolicyName="p", PolicyDocument=own
    ) == "AccessDenied"  # fmt: skip


def test_a_user_of_one_account_changes_nothing_in_another(account: Accounts) -> None:
    """With every right in its own account, and names that are the other's too."""
    keys = account.user("admin", allow("*", ["*", f"arn:aws:iam::{OTHER}:*"]))
    theirs = account.client("iam", keys_of(OTHER_ROOT))
    theirs.create_user(UserName="bob")
    theirs.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": OTHER}))
    policy = theirs.create_policy(PolicyName="p", PolicyDocument=document(allow("*")))
    arn = policy["Policy"]["Arn"]
    assert may(account, keys, "iam", "delete_user", UserName="bob") == "NoSuchEntity"
    assert may(account, keys, "iam", "delete_role", RoleName="r") == "NoSuchEntity"
    assert may(account, keys, "iam", "get_policy", PolicyArn=arn) == "AccessDenied"
    assert may(account, keys, "iam", "delete_policy", PolicyArn=arn) == "AccessDenied"
    assume = {"RoleArn": f"arn:aws:iam::{OTHER}:role/r", "RoleSessionName": "visit"}
    assert may(account, keys, "sts", "assume_role", **assume) == "AccessDenied"
    model = model_request(ExecutionRoleArn=f"arn:aws:iam::{OTHER}:role/windvane")
    assert may(account, keys, "sagemaker", "create_model", **model) == "ValidationException"
    tagged = f"arn:aws:sagemaker:us-east-1:{OTHER}:model/x"
    assert (
        may(account, keys, "sagemaker", "list_tags", ResourceArn=tagged) == "AccessDeniedException"
    )


@pytest.mark.parametrize(
    "role",
    [
        f"arn:aws:iam::{ACCOUNT}:role/WINDVANE",
        f"arn:aws:iam::{ACCOUNT}:role//windvane",
        f"arn:aws:iam::{ACCOUNT}:role/x/../windvane",
        f"arn:aws:iam::{ACCOUNT}:role/windvane/",
        f"arn:aws:iam::{ACCOUNT}:role/*",
        f"arn:aws-cn:iam::{ACCOUNT}:role/windvane",
        "arn:aws:iam::*:role/windvane",
        f"arn:aws:iam:us-east-1:{ACCOUNT}:role/windvane",
        f"arn:aws:iam::{ACCOUNT}:role/windv\u0430ne",
    ],
)
def test_no_other_spelling_of_a_role_is_the_role(account: Accounts, role: str) -> None:
    keys = account.user(
        "ann",
        allow(["sagemaker:*", "iam:PassRole", "sts:AssumeRole"]),
        deny(["iam:PassRole", "sts:AssumeRole"], default_role(ACCOUNT)),
    )
    refused = {"ValidationException", "AccessDeniedException", "ValidationError", "AccessDenied"}
    model = model_request(ExecutionRoleArn=role)
    assert may(account, keys, "sagemaker", "create_model", **model) in refused
    asked = {"RoleArn": role, "RoleSessionName": "visit"}
    assert may(account, keys, "sts", "assume_role", **asked) in refused


@pytest.mark.parametrize("name", ["Prod", "PROD", "prod"])
def test_no_spelling_of_a_name_gets_round_a_deny(account: Accounts, name: str) -> None:
    """Names of SageMaker are found whatever their case, so denials have to be."""
    denied = f"arn:aws:sagemaker:*:*:model/{name}"
    keys = account.user("ann", allow(["sagemaker:*", "iam:PassRole"]), deny("*", denied))
    for spelled in ("prod", "PROD", "pRoD"):
        code = may(account, keys, "sagemaker", "describe_model", ModelName=spelled)
        assert code == "AccessDeniedException"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-x"])
def test_no_spelling_of_a_log_group_gets_round_a_deny(account: Accounts, partition: str) -> None:
    group = "/aws/sagemaker/AutoMLJobs"
    keys = account.user("ann", allow("logs:*"), deny("*", f"arn:aws:logs:*:*:log-group:{group}:*"))
    arn = f"arn:{partition}:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    for named in ({"logGroupName": group}, {"logGroupIdentifier": arn}):
        code = may(account, keys, "logs", "get_log_events", **named, logStreamName="churn")
        assert code == "AccessDeniedException"


@pytest.mark.parametrize(
    "spelling", ["arn:aws-cn:sagemaker", "arn:aws-x:sagemaker", "arn:aws:s", "arn:aws:windvane"]
)
def test_no_spelling_of_an_arn_gets_round_a_deny_on_tags(account: Accounts, spelling: str) -> None:
    """Tags of a resource were found by an ARN of another partition or service, which no denial names."""
    account.client().create_model(**model_request())
    name = model_request()["ModelName"]
    denied = f"arn:aws:sagemaker:*:*:model/{name}"
    keys = account.user("ann", allow("sagemaker:*"), deny("*", denied))
    arn = f"{spelling}:{REGION}:{ACCOUNT}:model/{name}"
    refused = {"ValidationException", "AccessDeniedException"}
    tags = [{"Key": "team", "Value": "b"}]
    assert may(account, keys, "sagemaker", "add_tags", ResourceArn=arn, Tags=tags) in refused
    assert may(account, keys, "sagemaker", "list_tags", ResourceArn=arn) in refused
    delete = {"ResourceArn": arn, "TagKeys": ["team"]}
    assert may(account, keys, "sagemaker", "delete_tags", **delete) in refused


def test_whoever_is_made_again_under_a_name_is_not_trusted_for_it(account: Accounts) -> None:
    """A role trusts the user that was there, not the name."""
    account.user("ann")
    iam = account.client("iam")
    named = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"})
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=named)["Role"]["Arn"]
    for key in iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ann")
    again = account.user("ann", allow("sts:AssumeRole"))
    asked = {"RoleArn": arn, "RoleSessionName": "visit"}
    assert may(account, again, "sts", "assume_role", **asked) == "AccessDenied"


def test_sessions_end_with_their_role_even_if_it_is_made_again(account: Accounts) -> None:
    """Attack 10: the role is deleted."""
    iam = account.client("iam")
    made = {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": ACCOUNT})}
    arn = iam.create_role(**made)["Role"]["Arn"]
    first = account.session(arn)
    assert may(account, first, "sts", "get_caller_identity") == ""
    iam.delete_role(RoleName="r")
    assert may(account, first, "sts", "get_caller_identity") == "InvalidClientTokenId"
    iam.create_role(**made)
    assert may(account, first, "sts", "get_caller_identity") == "InvalidClientTokenId"


def test_a_user_that_another_server_has_just_made_is_asked_for_by_its_path(
    account: Accounts,
) -> None:
    """For a second it was not known here, and was taken for one without a path: who may have keys of all users but
    administrators got one of theirs, for good."""
    statements = allow("iam:*"), deny("iam:*", f"arn:aws:iam::{ACCOUNT}:user/admin/*")
    keys = account.user("eve", *statements)
    made = {"created": account.clock(), "path": "/admin/"}
    with account.store.transaction() as tx:
        tx.add_identity(User(account=ACCOUNT, name="bob", id="AIDABOB", **made))
    assert may(account, keys, "iam", "create_access_key", UserName="bob") == "AccessDenied"
    account.client("iam", keys).create_access_key(UserName="eve")


def test_a_session_is_not_widened_by_the_end_of_a_policy_that_narrows_it(account: Accounts) -> None:
    """What the policy denied was allowed by the other one of the session, for the twelve hours that it may last."""
    iam = account.client("iam")
    text = document(deny("sagemaker:DeleteModel"))
    narrow = iam.create_policy(PolicyName="narrow", PolicyDocument=text)["Policy"]["Arn"]
    named = {"Policy": document(allow("*")), "PolicyArns": [{"arn": narrow}]}
    keys = account.session(f"arn:aws:iam::{ACCOUNT}:role/windvane", **named)
    assert may(account, keys, "sagemaker", "delete_model", ModelName="m") == "AccessDeniedException"
    assert may(account, keys, "sagemaker", "list_models") == ""
    iam.delete_policy(PolicyArn=narrow)
    assert may(account, keys, "sagemaker", "delete_model", ModelName="m") == "AccessDeniedException"
    assert may(account, keys, "sagemaker", "list_models") == "AccessDeniedException"


def test_sessions_end_with_any_role_on_their_way(account: Accounts) -> None:
    iam = account.client("iam")
    arns = [
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"][
            "Arn"
        ]
        for name in ("first", "second")
    ]
    iam.put_role_policy(
        RoleName="first", PolicyName="p", PolicyDocument=document(allow("sts:AssumeRole"))
    )
    keys = account.session(arns[1], account.session(arns[0]))
    assert may(account, keys, "sts", "get_caller_identity") == ""
    iam.delete_role_policy(RoleName="first", PolicyName="p")
    iam.delete_role(RoleName="first")
    assert may(account, keys, "sts", "get_caller_identity") == "InvalidClientTokenId"


def test_a_users_sessions_end_with_its_key(account: Accounts) -> None:
    """Attack 10: the key is deactivated, or deleted."""
    keys = account.user("ann", allow(["sts:*"]))
    token = account.client("sts", keys).get_session_token()["Credentials"]
    session = account.session(default_role(ACCOUNT), keys)
    iam = account.client("iam")
    this = {"UserName": "ann", "AccessKeyId": keys["AccessKeyId"]}
    for change in (
        lambda: iam.update_access_key(**this, Status="Inactive"),
        lambda: iam.delete_access_key(**this),
    ):
        assert may(account, token, "sts", "get_caller_identity") == ""
        assert may(account, session, "sts", "get_caller_identity") == ""
        change()
        assert may(account, token, "sts", "get_caller_identity") == "InvalidClientTokenId"
        assert may(account, session, "sts", "get_caller_identity") == "InvalidClientTokenId"
        if account.identity.changes.directory.key(keys["AccessKeyId"]) is not None:
            iam.update_access_key(**this, Status="Active")


def test_keys_of_users_end_with_their_account(account: Accounts) -> None:
    """Attack 10: an account that is taken out of the configuration."""
    keys = account.user("bob", allow("*"), account=OTHER_ROOT)
    assert account.credential(keys) is not None
    without = account.server([ROOT]).keyring
    assert without.credential(keys["AccessKeyId"], "", account.clock()) is None


def test_secrets_of_users_are_not_in_the_database(account: Accounts, tmp_path: Path) -> None:
    keys = account.user("ann", allow("*"))
    account.store.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert keys["SecretAccessKey"].encode() not in everything
    assert keys["AccessKeyId"].encode() in everything


def test_a_sealed_secret_is_no_other_keys(account: Accounts) -> None:
    """Whoever can write to the database cannot give a key the secret of another."""
    ann, eve = account.user("ann", allow("*")), account.user("eve")
    directory = account.identity.changes.directory
    theirs = directory.key(ann["AccessKeyId"])
    own = directory.key(eve["AccessKeyId"])
    assert theirs is not None
    assert own is not None
    with account.identity.changes.transaction() as tx:
        tx.update_identity(replace(theirs, sealed_secret=own.sealed_secret))
    assert account.credential(ann) is None


def test_no_policy_takes_long_to_ask(account: Accounts) -> None:
    hard = ["arn:aws:sagemaker:*:*:model/" + "*a" * 200 + "*b"] * 8
    account.user("ann")
    iam = account.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("*", hard)))
    keys = iam.create_access_key(UserName="ann")["AccessKey"]
    iam.attach_user_policy(UserName="ann", PolicyArn=arn["Policy"]["Arn"])
    began = time.perf_counter()
    name = "a" * 63
    assert (
        may(account, keys, "sagemaker", "describe_model", ModelName=name) == "AccessDeniedException"
    )
    assert time.perf_counter() - began < 20, "without a bound it takes years"


def test_nothing_is_served_without_a_permission(account: Accounts) -> None:
    """An operation that is forgotten in the table of permissions is nobody's."""
    served = {*operations(None), *runtime_operations(None), *identity_operations(None)}
    served |= {*event_operations(None, None), *explanation_operations(None, None)}
    served.add(("cloudtrail", "LookupEvents"))
    assert served == set(PERMISSIONS)
    permit = permit_of(account.identity)
    root = account.caller({"AccessKeyId": ROOT[1]})
    forgotten = Call("sagemaker", "CreateHub", root, {}, "id")
    with pytest.raises(AccessDenied, match="has no permission"):
        permit(forgotten, RequestRecord("id"))


def test_a_stream_ends_with_the_key_of_whoever_follows_it(account: Accounts) -> None:
    """Attack 10: who followed events went on for as long as it liked."""
    keys = account.user("ann", allow("windvane:*"))
    caller = account.caller(keys)
    call = Call("windvane", "FollowEvents", caller, {}, "id")
    told: list[bytes] = []

    async def events() -> AsyncIterator[bytes]:
        for number in range(3):
            yield str(number).encode()

    async def follow() -> None:
        async for chunk in account.world.edge._while_permitted(call, events()):
            told.append(chunk)
            if len(told) == 1:
                account.identity.users.set_key_status(
                    ACCOUNT, "ann", keys["AccessKeyId"], KeyStatus.INACTIVE
                )

    asyncio.run(follow())
    assert told == [b"0"]


def test_a_role_that_is_named_in_a_trust_policy_is_no_way_out_of_a_narrowed_session(
    account: Accounts,
) -> None:
    """A trust policy that names the caller allows it by itself, but not what its session policy leaves out."""
    iam = account.client("iam")
    made = {"RoleName": "first", "AssumeRolePolicyDocument": trust({"AWS": ACCOUNT})}
    first = iam.create_role(**made)["Role"]["Arn"]
    second = iam.create_role(RoleName="second", AssumeRolePolicyDocument=trust({"AWS": first}))
    asked = {"RoleArn": second["Role"]["Arn"], "RoleSessionName": "visit"}
    assert may(account, account.session(first), "sts", "assume_role", **asked) == ""
    narrowed = account.session(first, Policy=document(allow("s3:*")))
    assert may(account, narrowed, "sts", "assume_role", **asked) == "AccessDenied"


def test_who_may_not_pass_the_jobs_role_has_no_reports_made_with_it(account: Accounts) -> None:
    """Our own operation started a processing job with the role of somebody else's AutoML job: its creator had passed that
    role, whoever asked for the reports had not."""
    world = account.world
    now = world.clock()
    world.insert(job_record(now, objective=MetricName.F1), dataset_step(world))
    world.insert(finished_candidate(now, containers=PIPELINE))
    put_artefacts(world)
    names = {"AutoMLJobName": "churn", "CandidateName": "churn-001"}
    role = default_role(ACCOUNT)
    keys = account.user("ann", allow("windvane:*"), allow("iam:PassRole", NARROW))
    start = operations_of(account)["windvane", "StartCandidateReports"]
    call = Call("windvane", "StartCandidateReports", account.caller(keys), names, "id")
    with pytest.raises(AccessDenied, match=f"perform: iam:PassRole on resource: {role}"):
        start(call)
    client = account.client("iam")
    client.put_user_policy(
        UserName="ann", PolicyName="pass", PolicyDocument=document(allow("iam:PassRole", role))
    )
    answer = start(call)
    assert answer is not None
    assert answer["ProcessingJobName"] == "churn-001-reports-1"


def test_an_alias_is_not_taken_from_a_key_that_the_caller_may_not_touch(account: Accounts) -> None:
    """UpdateAlias and DeleteAlias asked for the alias and the new key, not for the key that the alias names now: whoever
    may do as they like with one key took the alias of another, and what is written under it with it."""
    client = account.client("kms")
    theirs, own = (client.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    client.create_alias(AliasName="alias/team", TargetKeyId=theirs)
    permit = Permissions(
        account.identity.authorizer,
        PERMISSIONS,
        stored_key_arn(account.store),
        stored_volume_key(account.store),
    )
    aliases = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/*"
    keys = account.user("ann", allow("kms:*", [own, aliases]))
    asked = {
        "UpdateAlias": {"AliasName": "alias/team", "TargetKeyId": own},
        "DeleteAlias": {"AliasName": "alias/team"},
    }
    for operation, given in asked.items():
        call = Call("kms", operation, account.caller(keys), given, "id")
        with pytest.raises(AccessDenied, match=f"perform: kms:{operation} on resource: {theirs}"):
            permit(call, RequestRecord("id"))
        permit(replace(call, caller=account.caller(keys_of(ROOT))), RequestRecord("id"))


@pytest.mark.parametrize("write", ["put_user_policy", "create_policy"])
def test_a_deny_that_would_deny_nothing_is_not_written(account: Accounts, write: str) -> None:
    """An ARN with its account left out was completed at its end, and the Deny was about nothing that there is."""
    mistyped = f"arn:aws:sagemaker:{REGION}:endpoint/churn"
    iam = account.client("iam")
    account.user("ann", allow("*"))
    text = document(deny("sagemaker:*", mistyped))
    given = {
        "put_user_policy": {"UserName": "ann", "PolicyName": "no", "PolicyDocument": text},
        "create_policy": {"PolicyName": "no", "PolicyDocument": text},
    }
    code, told = refusal(getattr(iam, write), **given[write])
    assert code == "MalformedPolicyDocument"
    assert f'"endpoint/churn" is not valid for resource "{mistyped}"' in told
    for other, why in (
        (f"arn:aws:sagemaker::{ACCOUNT}:endpoint/churn", "must have a region and an account"),
        (f"arn:aws:kms:{REGION}::key/*", "must have a region and an account"),
        ("arn:aws:application-autoscaling:::*", "must have a region and an account"),
        (f"arn:aws:iam:{REGION}:{ACCOUNT}:role/jobs", "cannot contain region information"),
    ):
        told = refusal(
            getattr(iam, write), **{**given[write], "PolicyDocument": text.replace(mistyped, other)}
        )[1]
        assert why in told
    whole = text.replace(mistyped, "arn:aws:sagemaker")  # as AWS completes it
    getattr(iam, write)(**{**given[write], "PolicyDocument": whole})


def test_a_role_that_is_gone_or_narrowed_fetches_no_model_any_more(account: Accounts) -> None:
    """The role was asked when the model was created; an endpoint that was made later had its data all the same."""
    iam = account.client("iam")
    made = iam.create_role(
        RoleName="serving", AssumeRolePolicyDocument=trust({"Service": "sagemaker.amazonaws.com"})
    )
    role, scope = made["Role"]["Arn"], Scope(ACCOUNT, REGION)
    policy = {"RoleName": "serving", "PolicyName": "p"}
    iam.put_role_policy(**policy, PolicyDocument=document(allow("s3:*")))
    account.client().create_model(**model_request(ExecutionRoleArn=role))
    account.client().create_endpoint_config(**config_request())
    account.client().create_endpoint(EndpointName="e", EndpointConfigName="c")
    with account.store.snapshot() as tx:
        [deployed] = tx.find(Endpoint, scope, "e").desired
    assert deployed.role == role
    check = models_of(account).check_data
    check(scope, role, MODEL_DATA)
    iam.put_role_policy(**policy, PolicyDocument=document(deny("s3:*"), allow("*")))
    with pytest.raises(
        InvalidRequest, match='has no "s3:GetObject" permission on bucket "results"'
    ):
        check(scope, role, MODEL_DATA)
    iam.delete_role_policy(**policy)
    iam.delete_role(RoleName="serving")
    with pytest.raises(InvalidRequest, match=f"The role {role} cannot be assumed"):
        check(scope, role, MODEL_DATA)


def parts_of(account: Accounts) -> Services:
    return build_parts(
        account.store, account.world.artifacts, account.clock, LimitSettings(), account.roles
    )


def models_of(account: Accounts) -> Models:
    return parts_of(account).models


def operations_of(account: Accounts) -> Mapping[tuple[str, str], Handler]:
    return operations(parts_of(account))

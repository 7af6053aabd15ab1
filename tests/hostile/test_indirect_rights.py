"""Attacks by way of what a job does, or a server looks at, for somebody who may not do or see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.accounts import (
    ACCOUNT,
    OTHER,
    ROOT,
    Accounts,
    allow,
    deny,
    document,
    keys_of,
    trust,
)
from api.steps import split_request, training_request
from api.world import (
    INPUT,
    REGION,
    ROLE,
    SCOPE,
    config_request,
    job_request,
    model_request,
    refusal,
)
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hostile.requests import transform_request, v2_request

from windvane.api.permission_table import PERMISSIONS
from windvane.api.permissions import Permissions, stored_key_arn, stored_volume_key
from windvane.artifacts.base import Location
from windvane.artifacts.embedded import ObjectStoreArtifacts
from windvane.artifacts.mapped import BucketMap, BucketSource
from windvane.control.buckets import StoredBuckets
from windvane.control.encryption import Encryption
from windvane.control.identity.creators import creator_text
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import new_key_service
from windvane.control.previews import Previews
from windvane.domain.candidate import StepStatus, TrainingJob, TransformJob
from windvane.domain.datasource import DataSource
from windvane.domain.images import TRANSFORMERS, step_image_uri
from windvane.domain.resource import Kind
from windvane.domain.task import TaskKind
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import AccessDenied, InvalidRequest
from windvane.from_settings import key_of_writes
from windvane.names import PageTokens, arn, default_role
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import DEFAULT_DOCUMENT
from windvane.objects.store import open_objects
from windvane.wire.call import Call, RequestRecord
from windvane.work.reach import reach_of
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.starting import TaskPlaces

_JOBS = allow(
    [
        "sagemaker:CreateAutoMLJob",
        "sagemaker:CreateAutoMLJobV2",
        "sagemaker:CreateModel",
        "sagemaker:CreateEndpointConfig",
        "iam:PassRole",
    ]
)
_CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("operation", ["create_auto_ml_job", "create_auto_ml_job_v2"])
@pytest.mark.parametrize("config", [{"EndpointName": "public"}, {"AutoGenerateEndpointName": True}])
def test_who_may_not_make_endpoints_has_no_job_make_one(
    account: Accounts, operation: str, config: dict[str, Any]
) -> None:
    """ModelDeployConfig asked for sagemaker:CreateAutoMLJob alone, and the job made model, configuration and endpoint."""
    request = {"create_auto_ml_job": job_request, "create_auto_ml_job_v2": v2_request}[operation](
        ModelDeployConfig=config
    )
    keys = account.user("ann", _JOBS)
    code, text = refusal(getattr(account.client(keys=keys), operation), **request)
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: sagemaker:CreateEndpoint on resource: arn:aws:" in text
    del request["ModelDeployConfig"]
    getattr(account.client(keys=keys), operation)(**request)


@pytest.mark.parametrize("kind", ["model", "endpoint-config", "endpoint"])
def test_a_deny_on_any_part_of_a_deployment_holds_for_a_job(account: Accounts, kind: str) -> None:
    denied = deny("sagemaker:Create*", f"arn:aws:sagemaker:*:*:{kind}/*")
    keys = account.user("ann", allow("*"), denied)
    request = job_request(ModelDeployConfig={"EndpointName": "public"})
    code, text = refusal(account.client(keys=keys).create_auto_ml_job, **request)
    assert (code, f":{kind}/" in text) == ("AccessDeniedException", True)


def role_of_jobs(account: Accounts, *statements: dict[str, Any]) -> str:
    """The ARN of a new role with these statements."""
    iam, trusts = account.client("iam"), trust({"Service": "sagemaker.amazonaws.com"})
    made = iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=trusts)
    policy = document(*statements)
    iam.put_role_policy(RoleName="jobs", PolicyName="own", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def volume_requests(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation that gives a job a volume with a key."""
    security = {"SecurityConfig": {"VolumeKmsKeyId": key}}
    yield "create_auto_ml_job", job_request(AutoMLJobConfig=security)
    yield "create_auto_ml_job_v2", v2_request(**security)
    yield (
        "create_training_job",
        training_request("t", ResourceConfig={**_CLUSTER, "VolumeKmsKeyId": key}),
    )
    cluster = {"ClusterConfig": {**_CLUSTER, "VolumeKmsKeyId": key}}
    yield "create_processing_job", {**split_request("p"), "ProcessingResources": cluster}
    resources = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeKmsKeyId": key}
    yield "create_transform_job", transform_request(TransformResources=resources)


def test_a_volume_gets_no_key_that_neither_role_nor_caller_may_hand_on(account: Accounts) -> None:
    """VolumeKmsKeyId asked for no permission on the key at all: whoever may start jobs had them use any key."""
    account.world.put("s3://data/dataset/analysis.json")
    account.client().create_model(**model_request())
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    arn = role_of_jobs(account, allow("*"), deny("kms:CreateGrant", key))
    account.client().create_model(**model_request("narrow", ExecutionRoleArn=arn))
    ann = account.user("ann", allow("*"), deny("kms:CreateGrant", key))
    bob = account.user("bob", allow("*"))
    for operation, request in volume_requests(key):
        named = {"ModelName": "narrow"} if "ModelName" in request else {"RoleArn": arn}
        create = getattr(account.client(keys=ann), operation)
        code, text = refusal(create, **{**request, **named})
        assert (code, operation) == ("ValidationException", operation)
        assert f'no "kms:CreateGrant" permission on key "{key}"' in text
        create(**request)  # with a role that may
    for operation, request in volume_requests(key):
        name = next(member for member in request if member.endswith("JobName"))
        named = {"ModelName": "narrow"} if "ModelName" in request else {"RoleArn": arn}
        other = {**request, **named, name: f"{request[name]}-2"}
        getattr(account.client(keys=bob), operation)(**other)


def test_an_endpoint_gets_no_key_that_its_creator_may_not_hand_on(account: Accounts) -> None:
    """KmsKeyId of an endpoint configuration asked for no permission on the key either."""
    account.client().create_model(**model_request())
    parts = Permissions(
        account.identity.authorizer,
        PERMISSIONS,
        stored_key_arn(account.store),
        stored_volume_key(account.store),
    )
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    account.client().create_endpoint_config(**config_request("plain"))
    account.client().create_endpoint_config(**config_request("keyed", KmsKeyId=key))
    caller = account.caller(account.user("ann", allow("*"), deny("kms:CreateGrant", key)))
    owner = account.caller(account.user("bob", allow("*")))
    for operation in ("CreateEndpoint", "UpdateEndpoint"):
        given = {"EndpointName": "e", "EndpointConfigName": "keyed"}
        call = Call("sagemaker", operation, caller, given, "id")
        with pytest.raises(AccessDenied, match=f"perform: kms:CreateGrant on resource: {key}"):
            parts(call, RequestRecord("id"))
        parts(Call("sagemaker", operation, owner, given, "id"), RequestRecord("id"))
        plain = {**given, "EndpointConfigName": "plain"}
        parts(Call("sagemaker", operation, caller, plain, "id"), RequestRecord("id"))


def test_no_job_writes_under_the_default_key_of_a_bucket_that_its_role_may_not_use(
    account: Accounts, tmp_path: Path
) -> None:
    """The role was asked for the key that a request names, and not for the one that a bucket has by default: a job wrote
    what S3 would have refused it."""
    tokens = PageTokens(b"k" * 32)
    masters = MasterKeys(master_key(b"m" * 32))
    kms = new_key_service(account.store, masters, tokens, account.clock)
    kms.start()
    objects = EncryptedStore(open_objects(tmp_path / "objects"), kms.data_keys)
    try:
        key = kms.keys.create(SCOPE, {}).arn
        artifacts = ObjectStoreArtifacts(objects, ACCOUNT, REGION)
        for bucket in ("locked", "open"):
            artifacts.ensure_bucket(bucket)
        rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        default = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
        objects.set_document("locked", DEFAULT_DOCUMENT, json.dumps(default))
        needed = key_of_writes(objects, BucketMap())
        encryption = Encryption(kms.ciphers, key_of_writes=needed)
        ann, bob = (
            account.roles.of_caller(account.caller(account.user(name, *statements)))
            for name, statements in {
                "ann": (allow("*"), deny("kms:GenerateDataKey", key)),
                "bob": (allow("*"),),
            }.items()
        )
        with pytest.raises(InvalidRequest, match='no "kms:GenerateDataKey" permission on key'):
            encryption.check_default_keys(ann, ["s3://open/a", "s3://locked/jobs"])
        encryption.check_default_keys(ann, ["s3://open/a"])
        encryption.check_default_keys(bob, ["s3://open/a", "s3://locked"])
        kms.keys.set_enabled(SCOPE, key.rpartition("/")[2], False)
        with pytest.raises(InvalidRequest, match="is disabled"):
            encryption.check_default_keys(bob, ["s3://locked/jobs/"])
    finally:
        objects.close()


@pytest.mark.parametrize("create", ["create_auto_ml_job", "create_training_job"])
def test_every_job_asks_for_the_default_key(
    account: Accounts, create: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.world.put("s3://data/dataset/analysis.json")
    asked: list[Any] = []
    monkeypatch.setattr(Encryption, "check_default_keys", lambda _, __, uris: asked.extend(uris))
    request = {"create_auto_ml_job": job_request, "create_training_job": training_request}[create]()
    getattr(account.client(), create)(**request)
    assert asked == [request["OutputDataConfig"]["S3OutputPath"]]


def preview(account: Accounts, keys: Any, *named: str) -> str:
    """Why a look at a table was refused."""
    account.world.put(f"{INPUT}manifest", json.dumps([{"prefix": "s3://"}, *named]).encode())
    previews = Previews(account.world.artifacts, account.roles)
    source = DataSource(f"{INPUT}manifest", is_manifest=True)
    with pytest.raises(InvalidRequest) as refused:
        previews.preview(account.caller(keys), "", source, PreviewRequest("", 0))
    return str(refused.value)


def test_a_manifest_tells_nobody_which_objects_others_have(account: Accounts) -> None:
    """A preview looked for what a manifest names before it asked whether the caller may read it: what was missing was
    told as missing, what was there as refused, in buckets of other accounts too."""
    account.world.put("s3://theirs/there.csv")
    StoredBuckets(account.store, account.clock).claim("theirs", OTHER)
    told = [preview(account, keys_of(ROOT), f"theirs/{name}.csv") for name in ("there", "missing")]
    assert told[0] == told[1]
    assert "another account" in told[0]
    account.world.put("s3://data/private/there.csv")
    reader = account.user("ann", allow("s3:GetObject", "arn:aws:s3:::data/train/*"))
    told = [preview(account, reader, f"data/private/{name}.csv") for name in ("there", "missing")]
    assert told[0] == told[1]
    assert 'no "s3:GetObject" permission' in told[0]


@pytest.mark.parametrize("alias", ["alias/AWS/s3", "alias/Aws/sagemaker"])
def test_no_alias_keeps_the_keys_of_the_service_away(account: Accounts, alias: str) -> None:
    """Names of aliases differ by more than the case of letters: with `alias/AWS/s3` taken, `alias/aws/s3` was not made,
    and nobody in the account could write with aws:kms."""
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    code, text = refusal(kms.create_alias, AliasName=alias, TargetKeyId=key)
    assert (code, "reserved" in text) == ("ValidationException", True)
    assert kms.describe_key(KeyId=alias.lower())["KeyMetadata"]["KeyManager"] == "AWS"


def test_requests_to_kms_that_lack_something_are_the_callers_fault(account: Accounts) -> None:
    """Each was an internal error, which the server told in its log with all of its stack."""
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for policy in ("[" * 30_000, '{"Statement": 5}'):
        assert refusal(kms.create_key, Policy=policy)[0] == "ValidationException"
    assert refusal(kms.decrypt)[0] == "ValidationException"
    assert refusal(kms.re_encrypt, DestinationKeyId=key)[0] == "ValidationException"


TAGGED: dict[str, tuple[str, str]] = {
    "create_model": ("sagemaker", "sagemaker:AddTags"),
    "create_user": ("iam", "iam:TagUser"),
    "create_role": ("iam", "iam:TagRole"),
    "create_policy": ("iam", "iam:TagPolicy"),
    "create_key": ("kms", "kms:TagResource"),
}


@pytest.mark.parametrize("operation", TAGGED)
def test_who_may_not_tag_makes_nothing_with_tags(account: Accounts, operation: str) -> None:
    """What is made with tags was tagged by whoever may make it."""
    service, action = TAGGED[operation]
    request = {
        "create_model": model_request(),
        "create_user": {"UserName": "new"},
        "create_role": {
            "RoleName": "new",
            "AssumeRolePolicyDocument": trust({"Service": "sagemaker.amazonaws.com"}),
        },
        "create_policy": {"PolicyName": "new", "PolicyDocument": document(allow("*"))},
        "create_key": {},
    }[operation]
    names = ("TagKey", "TagValue") if service == "kms" else ("Key", "Value")
    tags = [dict(zip(names, ("owner", "ann"), strict=True))]
    keys = account.user("ann", allow("*"), deny(action))
    create = getattr(account.client(service, keys), operation)
    assert f"perform: {action} on resource: " in refusal(create, **request, Tags=tags)[1]
    create(**request)


def test_no_training_job_takes_over_a_step_that_its_creator_may_not_see(account: Accounts) -> None:
    """An image that names a step had its hyperparameters filled in, which the description of the new job tells."""
    step = arn(SCOPE, Kind.TRAINING_JOB, "secret-1")
    keys = account.user("ann", allow("*"), deny("sagemaker:DescribeTrainingJob", step))
    image = {"TrainingImage": step_image_uri(SCOPE, "xgboost", "secret-1")}
    request = training_request(AlgorithmSpecification={**image, "TrainingInputMode": "File"})
    code, text = refusal(account.client(keys=keys).create_training_job, **request)
    assert code == "AccessDeniedException"
    assert f"perform: sagemaker:DescribeTrainingJob on resource: {step}" in text
    owner = account.user("bob", allow("*"))
    assert (
        "there is no such step"
        in refusal(account.client(keys=owner).create_training_job, **request)[1]
    )


def test_no_training_job_takes_over_what_a_step_calls_its_members(account: Accounts) -> None:
    """A job of one's own could name any other as a member of its ensemble: a second one, whose image named the first, had
    the hyperparameters of that other filled in, which its description told."""
    account.world.put("s3://data/dataset/analysis.json")
    secret = training_request("secret-1", HyperParameters={"eta": "0.0123"})
    account.client().create_training_job(**secret)
    own = allow("sagemaker:*", "arn:aws:sagemaker:*:*:training-job/mine-*")
    ann = account.client(keys=account.user("ann", own, allow("iam:PassRole")))
    members = {"_members": json.dumps({"secret-1": 1})}
    ann.create_training_job(**training_request("mine-1", HyperParameters=members))
    image = step_image_uri(SCOPE, "lightgbm", "mine-1")
    specification = {"TrainingImage": image, "TrainingInputMode": "File"}
    request = training_request("mine-2", AlgorithmSpecification=specification)
    code, text = refusal(ann.create_training_job, **request)
    assert code == "AccessDeniedException"
    assert "perform: sagemaker:DescribeTrainingJob on resource: arn:aws:" in text
    account.client().create_training_job(**request)
    told = account.client().describe_training_job(TrainingJobName="mine-2")["HyperParameters"]
    assert "0.0123" in told["_member-1"]


def test_who_may_not_pass_the_role_of_a_training_job_uses_it_for_no_transform_job(
    account: Accounts,
) -> None:
    """A transform job whose ModelName was a training job got that job's role from whoever might create transform jobs."""
    account.world.put("s3://data/dataset/analysis.json")
    account.client().create_training_job(**training_request("fit", TRANSFORMERS))
    with account.store.transaction() as tx:
        job = tx.find(TrainingJob, SCOPE, "fit")
        assert job is not None
        tx.update(replace(job, status=StepStatus.COMPLETED))
    account.world.put(job.details["ModelArtifacts"]["S3ModelArtifacts"])
    create = allow("sagemaker:CreateTransformJob")
    request = transform_request(ModelName="fit")
    ann = account.client(keys=account.user("ann", create))
    code, text = refusal(ann.create_transform_job, **request)
    assert code == "AccessDeniedException"
    assert f"perform: iam:PassRole on resource: {ROLE}" in text
    bob = account.client(keys=account.user("bob", create, allow("iam:PassRole", ROLE)))
    bob.create_transform_job(**request)


def test_a_signature_for_one_service_is_none_for_another(account: Accounts) -> None:
    """With its name spelled otherwise in the query, the credential of a link was not seen where requests are told apart by
    service: a link that was made for S3 was an operation of ours where the path was one."""
    key = Credentials(*keys_of(ROOT).values())
    for service, status in (("sagemaker", 200), ("s3", 400)):
        request = AWSRequest("GET", "http://windvane.test/windvane/jobs")
        SigV4QueryAuth(key, service, REGION).add_auth(request)
        link = str(request.url).replace("X-Amz-Credential=", "X%2DAmz-Credential=")
        answer = account.world._send(AWSRequest("GET", link).prepare())
        assert (service, answer.status_code) == (service, status)
    assert b"scoped to correct service: 'sagemaker'" in answer.content


def test_a_bucket_for_everybody_is_read_against_no_session_policy(account: Accounts) -> None:
    """A transform job read what the session of its creator denies, where the bucket is declared for everybody: the first
    object alone was asked for with all policies."""
    denied = deny("s3:GetObject", "arn:aws:s3:::open/secret/*")
    keys = account.session(default_role(ACCOUNT), Policy=document(allow("*"), denied))
    creator, now = creator_text(account.caller(keys)), account.clock()
    job = TransformJob(
        scope=SCOPE, name="t", created=now, modified=now, details={}, creator=creator
    )
    config = WorkConfig(Path("/none"), "run", now, 1, 4000)
    places = TaskPlaces(config, account.store)
    places._mapped = BucketMap([BucketSource("open", Path("/none"))])
    may_read = places._may_read(job)
    assert [may_read(Location("open", key)) for key in ("a.csv", "secret/a.csv")] == [True, False]


def test_no_job_writes_what_its_role_may_not(account: Accounts) -> None:
    """The folder that a job was given was asked for, and nothing that it wrote there: with the right name, or the right name
    of an input, a job wrote over what a Deny kept from its role, such as the model that is in production."""
    kept = deny("s3:PutObject", "arn:aws:s3:::results/jobs/prod/*")
    role = role_of_jobs(account, allow("s3:*"), kept)
    client = account.client()
    account.world.put("s3://data/dataset/x")
    for operation, request in (
        ("create_auto_ml_job", job_request("prod")),
        ("create_training_job", training_request("prod")),
    ):
        request |= {"RoleArn": role, "OutputDataConfig": {"S3OutputPath": "s3://results/jobs"}}
        told = refusal(getattr(client, operation), **request)[1]
        assert 'has no "s3:PutObject" permission on bucket "results"' in told
    client.create_auto_ml_job(**{**job_request("other"), "RoleArn": role})


def test_who_may_not_write_an_object_has_no_transform_job_write_it(account: Accounts) -> None:
    """Its outputs are called what its inputs are."""
    kept = deny("s3:PutObject", "arn:aws:s3:::results/prod/*")
    keys = account.session(default_role(ACCOUNT), Policy=document(allow("*"), kept))
    creator, now = creator_text(account.caller(keys)), account.clock()
    output = {"S3OutputPath": "s3://results"}
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in/"}}
    details = {"TransformInput": {"DataSource": source}, "TransformOutput": output}
    job = TransformJob(
        scope=SCOPE, name="t", created=now, modified=now, details=details, creator=creator
    )
    config = WorkConfig(Path("/none"), "run", now, 1, 4000)
    places = TaskPlaces(config, account.store)
    reach = reach_of(
        job,
        TaskKind.STEP,
        account.world.artifacts,
        lambda _: True,
        places._may_read(job),
        places._may_write(job),
    )
    written = [reach.may_write(Location("results", key)) for key in ("a.csv.out", "prod/a.csv.out")]
    assert written == [True, False]
    of_nobody = replace(job, creator=creator.replace('"user_id": "', '"user_id": "X'))
    assert not places._may_write(of_nobody)(Location("results", "a.csv.out"))


def test_a_key_is_the_same_key_by_whichever_name(account: Accounts) -> None:
    """A Deny of jobs with a key, by its ARN, did not hold for a request that named the key by its id or an alias."""
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/kept", TargetKeyId=key["KeyId"])
    store = account.store
    parts = Permissions(
        account.identity.authorizer, PERMISSIONS, stored_key_arn(store), stored_volume_key(store)
    )
    equal = {"ArnEquals": {"sagemaker:VolumeKmsKey": key["Arn"]}}
    caller = account.caller(account.user("ann", allow("*"), deny("sagemaker:*", Condition=equal)))

    def asked(named: str) -> None:
        request = training_request("t", ResourceConfig={**_CLUSTER, "VolumeKmsKeyId": named})
        parts(Call("sagemaker", "CreateTrainingJob", caller, request, "id"), RequestRecord("id"))

    for named in (
        key["Arn"],
        key["KeyId"],
        "alias/kept",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/kept",
    ):
        with pytest.raises(AccessDenied, match="with an explicit deny"):
            asked(named)
    asked("alias/other")

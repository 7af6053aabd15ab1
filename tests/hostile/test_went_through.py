"""The attacks that once went through, against a server as users start it.

By its command, HTTP and boto3 alone: this file was run on the version that they were tried on first, and each of its
tests fails there. How a boundary that it asks about holds in detail is tested beside it, without a server.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hostile.signing import Key, Sent
from hostile.two_accounts import (
    CHANGED_KEY,
    GONE_KEY,
    NARROW,
    OURS,
    REGION,
    THEIR_KEY,
    THEIRS,
    WIDE,
    WRITER,
    TwoAccounts,
    in_bytes,
    sha256,
)

SECRET_TEXT = b"what nobody else may read"
DEFAULT_ROLE = f"arn:aws:iam::{OURS}:role/windvane"
NO_ANSWER_S = 60.0
"""Which is long for an answer that needs nothing but the head of a request."""


@pytest.fixture(scope="module")
def server(two_accounts: TwoAccounts) -> TwoAccounts:
    made = two_accounts
    ours, theirs = made.client("s3", made.ours), made.client("s3", THEIR_KEY)
    for bucket in ("ours", "scratch", "claimed"):
        ours.create_bucket(Bucket=bucket)
    theirs.create_bucket(Bucket="theirs")
    for client, bucket in ((ours, "ours"), (ours, "claimed"), (theirs, "theirs")):
        client.put_object(Bucket=bucket, Key="secret", Body=SECRET_TEXT)
    rows = "a,y\n" + "1,2\n" * 1000
    ours.put_object(Bucket="ours", Key="rows.csv", Body=rows.encode())
    return made


def code(call: Callable[..., Any], **parameters: Any) -> str:
    """Of the refusal; "" if it is done."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def is_there(server: TwoAccounts, key: str) -> bool:
    listed = server.client("s3", server.ours).list_objects_v2(Bucket="ours", Prefix=key)
    return bool(listed["KeyCount"])


@pytest.mark.parametrize("second", ["/ours/secret", ""])
def test_attack_1_two_sources_of_a_copy(server: TwoAccounts, second: str) -> None:
    source = "x-amz-copy-source"
    asked = server.signed(
        server.ours, "PUT", "/ours/stolen", [(source, "/theirs/secret"), (source, second)]
    )
    status, answer = server.ask(asked)
    assert status == 400, answer
    assert not is_there(server, "stolen")


def test_attack_3_a_bad_request_lets_no_bucket_go(server: TwoAccounts) -> None:
    """A session that may only write sent a bad ACL; the next account to create the bucket became its owner."""
    writer = server.session(WRITER)
    bad = server.signed(writer, "PUT", "/claimed", {"x-amz-acl": "nonsense"})
    assert server.ask(bad)[0] in (400, 403)
    theirs = server.client("s3", THEIR_KEY)
    assert code(theirs.create_bucket, Bucket="claimed") == "BucketAlreadyExists"
    assert code(theirs.get_object, Bucket="claimed", Key="secret") == "AccessDenied"
    ours = server.client("s3", server.ours)
    assert ours.get_object(Bucket="claimed", Key="secret")["Body"].read() == SECRET_TEXT


CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://ours/rows.csv"}}
OUTPUT = {"S3OutputPath": "s3://scratch/out"}
MODEL = {"Image": "windvane-lightgbm", "ModelDataUrl": "s3://ours/secret"}


def image(name: str) -> str:
    return f"{OURS}.dkr.ecr.{REGION}.amazonaws.com/windvane-{name}:1-cpu-py3"


def step_input(name: str) -> dict[str, Any]:
    told = {"S3Uri": "s3://ours/rows.csv", "LocalPath": f"/opt/ml/processing/{name}"}
    return {
        "InputName": name,
        "S3Input": {**told, "S3DataType": "S3Prefix", "S3InputMode": "File"},
    }


def step_output(name: str) -> dict[str, Any]:
    told = {"S3Uri": "s3://scratch/made", "LocalPath": f"/opt/ml/processing/{name}"}
    return {"OutputName": name, "S3Output": {**told, "S3UploadMode": "EndOfJob"}}


WITH_A_ROLE: dict[str, dict[str, Any]] = {
    "create_auto_ml_job": {
        "AutoMLJobName": "j",
        "InputDataConfig": [{"DataSource": SOURCE, "TargetAttributeName": "y"}],
        "OutputDataConfig": OUTPUT,
        "RoleArn": DEFAULT_ROLE,
    },
    "create_auto_ml_job_v2": {
        "AutoMLJobName": "j2",
        "AutoMLJobInputDataConfig": [{"DataSource": SOURCE}],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "OutputDataConfig": OUTPUT,
        "RoleArn": DEFAULT_ROLE,
    },
    "create_model": {
        "ModelName": "m",
        "PrimaryContainer": {**MODEL, "Image": image("lightgbm")},
        "ExecutionRoleArn": DEFAULT_ROLE,
    },
    "create_training_job": {
        "TrainingJobName": "t",
        "AlgorithmSpecification": {
            "TrainingImage": image("lightgbm"),
            "TrainingInputMode": "File",
        },
        "HyperParameters": {"objective": "regression"},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": SOURCE, "ContentType": "text/csv"}
        ],
        "OutputDataConfig": OUTPUT,
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "RoleArn": DEFAULT_ROLE,
    },
    "create_processing_job": {
        "ProcessingJobName": "p",
        "AppSpecification": {"ImageUri": image("sklearn-automl")},
        "ProcessingInputs": [step_input("table")],
        "ProcessingOutputConfig": {"Outputs": [step_output("dataset"), step_output("header")]},
        "ProcessingResources": {"ClusterConfig": CLUSTER},
        "Environment": {"TARGET_ATTRIBUTE_NAME": "y"},
        "RoleArn": DEFAULT_ROLE,
    },
}


@pytest.mark.parametrize("operation", WITH_A_ROLE)
def test_attack_4_who_may_not_pass_a_role_names_it(server: TwoAccounts, operation: str) -> None:
    """A session that may read nothing named the role that may read everything."""
    call = getattr(server.client("sagemaker", server.session(WRITER)), operation)
    with pytest.raises(ClientError, match=f"perform: iam:PassRole on resource: {DEFAULT_ROLE}"):
        call(**WITH_A_ROLE[operation])


def test_attack_4_no_role_is_not_the_default_one(server: TwoAccounts) -> None:
    sagemaker = server.client("sagemaker", server.session(WRITER))
    with pytest.raises(ClientError, match=f'"{WRITER}" has no "s3:GetObject" permission'):
        sagemaker.create_model(
            ModelName="n", PrimaryContainer={**MODEL, "Image": image("lightgbm")}
        )
    owner = server.client("sagemaker", server.ours)
    owner.create_model(ModelName="owners", PrimaryContainer={**MODEL, "Image": image("lightgbm")})
    with pytest.raises(ClientError, match=f'"{WRITER}" has no "s3:ListBucket" permission'):
        sagemaker.create_transform_job(
            TransformJobName="r",
            ModelName="owners",
            TransformInput={"DataSource": SOURCE, "ContentType": "text/csv", "SplitType": "Line"},
            TransformOutput=OUTPUT,
            TransformResources={"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        )


def test_attack_4_a_preview_by_a_role_that_may_not_be_passed(server: TwoAccounts) -> None:
    asked = server.signed(
        server.session(WRITER),
        "POST",
        "/windvane/tables/preview",
        {"content-type": "application/json"},
        json.dumps({"S3Uri": "s3://ours/rows.csv", "RoleArn": DEFAULT_ROLE}).encode(),
        "sagemaker",
    )
    status, answer = server.ask(asked)
    assert status in (400, 403), answer
    assert b"iam:PassRole" in answer


@pytest.mark.parametrize("temporary", [False, True], ids=["permanent", "temporary"])
def test_attack_6_another_body_than_the_one_signed(server: TwoAccounts, temporary: bool) -> None:
    key = server.session(WRITER) if temporary else server.ours
    asked = server.signed(
        key, "PUT", "/scratch/changed", {"x-amz-content-sha256": sha256(b"first")}, b"first"
    )
    status, _ = server.ask(replace(asked, body=b"other"))
    assert status == 400
    s3 = server.client("s3", server.ours)
    assert s3.list_objects_v2(Bucket="scratch", Prefix="changed")["KeyCount"] == 0


def test_attack_7_a_body_is_not_waited_for_before_its_sender_is_known(server: TwoAccounts) -> None:
    """Whole bodies were kept in memory first: an answer came when six megabytes had been taken."""
    head = (("host", "x"), ("content-type", "text/csv"))
    asked = in_bytes(Sent("POST", "/endpoints/e/invocations", "", head, b""), 6_000_000)
    answer = server.exchange(asked, NO_ANSWER_S)
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"MissingAuthenticationToken" in answer


def test_attack_8_tables_of_s3(server: TwoAccounts) -> None:
    """They reached the store behind, which answered."""
    asked = server.signed(
        server.session(WRITER),
        "POST",
        "/",
        {"x-amz-target": "S3Tables.ListTableBuckets", "content-type": "application/x-amz-json-1.1"},
        b"{}",
    )
    status, answer = server.ask(asked)
    assert status in (400, 501), answer
    assert b"UnknownOperation" in answer or b"NotImplemented" in answer, answer


def test_attack_9_roles_whose_names_end_alike(server: TwoAccounts) -> None:
    """A session of one had the grants of the other, which stands first in the configuration."""
    wide = server.client("s3", server.session(WIDE))
    assert wide.get_object(Bucket="ours", Key="secret")["Body"].read() == SECRET_TEXT
    narrow = server.client("s3", server.session(NARROW))
    narrow.put_object(Bucket="scratch", Key="narrow", Body=b"x")
    assert code(narrow.get_object, Bucket="ours", Key="secret") == "AccessDenied"


@pytest.mark.parametrize("target", ["/", "/ours/secret"])
def test_attack_12_a_body_where_none_belongs(server: TwoAccounts, target: str) -> None:
    """There was never an answer."""
    sent = server.signed(server.ours, "GET", target)
    answer = server.exchange(in_bytes(replace(sent, body=b"hello")), NO_ANSWER_S)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_attack_13_no_header_of_the_store_behind(server: TwoAccounts) -> None:
    """It named the access key of who wrote the object."""
    session = server.client("s3", server.session(WIDE))
    answer = session.get_object(Bucket="ours", Key="secret")["ResponseMetadata"]["HTTPHeaders"]
    told = {name: value for name, value in answer.items() if "seaweed" in name}
    assert told == {}
    assert server.ours.access_key not in str(answer)


def test_attack_14_a_folder_that_was_there(server: TwoAccounts) -> None:
    open_to_others = [
        path
        for path in (server.folder, *server.folder.rglob("*"))
        if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not path.is_symlink()
    ]
    assert open_to_others == []


def test_attack_15_the_link_to_the_console(server: TwoAccounts) -> None:
    """Whoever could read the journal could sign in."""
    assert "link=" not in server.log()


def test_attack_17_the_default_bucket_of_another_account(server: TwoAccounts) -> None:
    theirs = server.client("s3", THEIR_KEY)
    for region in (REGION, "eu-west-1"):
        bucket = f"sagemaker-{region}-{OURS}"
        assert code(theirs.create_bucket, Bucket=bucket) == "BucketAlreadyExists"
        assert bucket not in [one["Name"] for one in theirs.list_buckets()["Buckets"]]


def test_attack_16_wrong_keys(server: TwoAccounts) -> None:
    """Behind the others: who tries so many is not told any more what is wrong."""
    wrong = server.client("sagemaker", Key("AKIANOBODY0000000001", "a secret"))
    codes = [code(wrong.list_models) for _ in range(40)]
    assert codes[0] == "UnrecognizedClientException"
    assert codes[-1] == "ThrottlingException"
    assert "AKIANOBODY0000000001" in server.log()
    assert code(server.client("sagemaker", server.ours).list_models) == ""


@pytest.fixture(scope="module")
def outlived(server: TwoAccounts) -> dict[str, Key]:
    """Temporary keys, when their accounts and keys are gone: of the last tests, for the server starts again."""
    sessions = {
        "the secret is another": server.session(DEFAULT_ROLE, CHANGED_KEY),
        "the key is gone": server.session(DEFAULT_ROLE, GONE_KEY),
        "the account is gone": server.session(f"arn:aws:iam::{THEIRS}:role/windvane", THEIR_KEY),
    }
    for session in sessions.values():
        assert code(server.client("sagemaker", session).list_models) == ""
    server.stop()
    server.start({replace(CHANGED_KEY, secret="of another, with as many letters as...."): OURS})
    return sessions


@pytest.mark.parametrize(
    "then", ["the secret is another", "the key is gone", "the account is gone"]
)
@pytest.mark.parametrize(
    ("service", "operation"), [("sagemaker", "list_models"), ("s3", "list_buckets")]
)
def test_attack_10_temporary_keys(
    server: TwoAccounts, outlived: dict[str, Key], service: str, operation: str, then: str
) -> None:
    """They were good for hours after what they came from."""
    refused = code(getattr(server.client(service, outlived[then]), operation))
    assert refused in ("UnrecognizedClientException", "InvalidAccessKeyId")

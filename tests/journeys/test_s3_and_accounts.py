"""S3 through the server's port, and two accounts that see nothing of each other."""

import hashlib
import os
import re
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from journeys.accounts import OTHER, ROLE
from journeys.small import table

CONFIGURATION = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def other_client(server, service, **options):
    return boto3.client(
        service,
        endpoint_url=server.url,
        aws_access_key_id=OTHER["access_key"],
        aws_secret_access_key=OTHER["secret_key"],
        region_name="us-east-1",
        **options,
    )


def code_of(caught):
    return caught.value.response["Error"]["Code"]


def test_objects_travel_whole_in_parts_too(server, tmp_path):
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    content = os.urandom(1 << 20) * 20
    (tmp_path / "up").write_bytes(content)
    s3.upload_file(str(tmp_path / "up"), bucket, "big/ä b+c")
    s3.download_file(bucket, "big/ä b+c", str(tmp_path / "down"))
    assert (
        hashlib.sha256((tmp_path / "down").read_bytes()).digest()
        == hashlib.sha256(content).digest()
    )
    part = s3.get_object(Bucket=bucket, Key="big/ä b+c", Range="bytes=5-9")["Body"].read()
    assert part == content[5:10]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "big/ä b+c"})
    assert s3.head_object(Bucket=bucket, Key="copy")["ContentLength"] == len(content)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "copy"}]})
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key="copy")


def test_presigned_urls_work_until_they_are_changed(server):
    s3 = server.client("s3", config=Config(signature_version="s3v4"))
    bucket = server.env["WINDVANE_BUCKET"]
    s3.put_object(Bucket=bucket, Key="presigned", Body=b"content")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "presigned"})
    assert urllib.request.urlopen(url).read() == b"content"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("presigned", "other"))
    assert caught.value.code == 403
    caught.value.close()


def test_unsigned_and_wrongly_signed_requests_are_refused(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.url}/{server.env['WINDVANE_BUCKET']}/presigned")
    assert caught.value.code == 403
    caught.value.close()
    wrong = boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id=server.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="wrong",
        region_name="us-east-1",
    )
    with pytest.raises(ClientError) as refused:
        wrong.list_buckets()
    assert code_of(refused) == "SignatureDoesNotMatch"


def test_an_account_sees_its_own_buckets_only(server):
    ours, theirs = server.client("s3"), other_client(server, "s3")
    theirs.create_bucket(Bucket="their-bucket")
    theirs.put_object(Bucket="their-bucket", Key="secret", Body=b"x")
    assert [bucket["Name"] for bucket in theirs.list_buckets()["Buckets"]] == ["their-bucket"]
    assert "their-bucket" not in [bucket["Name"] for bucket in ours.list_buckets()["Buckets"]]
    for attempt in (
        lambda: ours.get_object(Bucket="their-bucket", Key="secret"),
        lambda: ours.put_object(Bucket="their-bucket", Key="planted", Body=b"x"),
        lambda: ours.delete_bucket(Bucket="their-bucket"),
        lambda: ours.copy_object(
            Bucket=server.env["WINDVANE_BUCKET"],
            Key="stolen",
            CopySource={"Bucket": "their-bucket", "Key": "secret"},
        ),
    ):
        with pytest.raises(ClientError) as refused:
            attempt()
        assert code_of(refused) == "AccessDenied"
    with pytest.raises(ClientError) as taken:
        ours.create_bucket(Bucket="their-bucket")
    assert code_of(taken) == "BucketAlreadyExists"
    theirs.delete_object(Bucket="their-bucket", Key="secret")
    theirs.delete_bucket(Bucket="their-bucket")
    ours.create_bucket(Bucket="their-bucket")


def test_an_account_sees_its_own_jobs_only_and_may_not_use_anothers_buckets(server):
    uri = server.upload("accounts/train.csv", table(of_classes=True))
    server.create_job("mine", uri, GenerateCandidateDefinitionsOnly=True)
    job = server.wait_for_job("mine")
    assert job["AutoMLJobSecondaryStatus"] == "CandidateDefinitionsGenerated"
    assert "BestCandidate" not in job
    theirs = other_client(server, "sagemaker")
    assert theirs.list_auto_ml_jobs()["AutoMLJobSummaries"] == []
    with pytest.raises(ClientError) as missing:
        theirs.describe_auto_ml_job(AutoMLJobName="mine")
    assert code_of(missing) == "ResourceNotFound"
    request = {
        "AutoMLJobName": "theft",
        "InputDataConfig": [
            {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                "TargetAttributeName": "y",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": uri},
        "RoleArn": f"arn:aws:iam::{OTHER['account']}:role/windvane",
    }
    with pytest.raises(ClientError) as refused:
        theirs.create_auto_ml_job(**request)
    assert "s3:ListBucket" in refused.value.response["Error"]["Message"]


def test_keys_of_an_assumed_role_reach_every_service(server):
    keys = server.client("sts").assume_role(
        RoleArn=server.env["WINDVANE_ROLE_ARN"], RoleSessionName="visit"
    )["Credentials"]
    session = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1"
    )
    s3 = session.client("s3", endpoint_url=server.url)
    bucket = server.env["WINDVANE_BUCKET"]
    s3.put_object(Bucket=bucket, Key="assumed/role", Body=b"content" * 1000)
    assert s3.get_object(Bucket=bucket, Key="assumed/role")["Body"].read() == b"content" * 1000
    assert [
        entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="assumed/")["Contents"]
    ] == ["assumed/role"]
    session.client("sagemaker", endpoint_url=server.url).list_auto_ml_jobs()
    identity = session.client("sts", endpoint_url=server.url).get_caller_identity()
    assert identity["Arn"].endswith(":assumed-role/windvane/visit")


def test_health_and_metrics_answer_without_a_signature(server):
    server.client("sagemaker").list_auto_ml_jobs()
    assert urllib.request.urlopen(f"{server.url}/healthz").read() == b"ok"
    metrics = urllib.request.urlopen(f"{server.url}/metrics").read().decode()
    assert 'windvane_requests_total{operation="ListAutoMLJobs"' in metrics
    answered = set(re.findall(r"^# TYPE (\w+)", metrics, re.MULTILINE))
    created = {name for name in answered if name.endswith("_created")}  # when each counter began
    documented = re.findall(r"`(windvane_\w+)`", CONFIGURATION.read_text())
    assert answered - created == set(documented)
    page = urllib.request.urlopen(f"{server.url}/").read().decode()
    assert "Windvane" in page


def test_keys_of_a_declared_role_reach_its_buckets_only(server):
    ours = server.client("s3")
    for bucket in ("readable", "writable", "neither"):
        ours.create_bucket(Bucket=bucket)
        ours.put_object(Bucket=bucket, Key="here", Body=b"x")
    keys = server.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="visit")["Credentials"]
    session = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1"
    )
    s3 = session.client("s3", endpoint_url=server.url)
    assert s3.get_object(Bucket="readable", Key="here")["Body"].read() == b"x"
    s3.put_object(Bucket="writable", Key="new", Body=b"x")
    for attempt in (
        lambda: s3.put_object(Bucket="readable", Key="new", Body=b"x"),
        lambda: s3.get_object(Bucket="writable", Key="here"),
        lambda: s3.get_object(Bucket="neither", Key="here"),
        lambda: s3.copy_object(
            Bucket="writable", Key="copy", CopySource={"Bucket": "neither", "Key": "here"}
        ),
    ):
        with pytest.raises(ClientError) as refused:
            attempt()
        assert code_of(refused) == "AccessDenied"

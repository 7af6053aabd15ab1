"""A job with keys for its output and its volume and encrypted traffic, to an endpoint: what is on the disk, in memory and
in S3, and what is left of it when the key is disabled."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError
from journeys.running import RunningServer, limits

from windvane.process.volatile import make_memory_folder, memory_folder

JOB = "sealed"
SECRETS = (b"quaxly-vermilion", b"snorble-teal")
"""Cells of the table, which stand nowhere else."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sealed") / "data"


@pytest.fixture(scope="module")
def sealed(folder):
    """The server, the key, and the job when it has ended; its endpoint is in service."""
    if why := make_memory_folder(folder):
        pytest.skip(why)
    server = RunningServer(folder)
    try:
        key = server.client("kms").create_key()["KeyMetadata"]
        yield server, key, made(server, key)
    finally:
        server.stop()


def table():
    random = np.random.default_rng(5)
    a, noise = random.normal(size=(2, 600)).round(3)
    words = random.choice([word.decode() for word in SECRETS], 600)
    lines = [
        f"{a[i]},{words[i]},{'yes' if a[i] + (words[i][0] == 'q') + noise[i] > 0.5 else 'no'}"
        for i in range(600)
    ]
    return "\n".join(["a,word,y", *lines]).encode() + b"\n"


def made(server, key):
    uri = server.upload("sealed/train.csv", table())
    bucket = server.env["WINDVANE_BUCKET"]
    server.create_job(
        JOB,
        uri,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/sealed", "KmsKeyId": key["Arn"]},
        AutoMLJobConfig={
            **limits(1, 170),
            "SecurityConfig": {
                "EnableInterContainerTrafficEncryption": True,
                "VolumeKmsKeyId": key["KeyId"],
            },
        },
        ModelDeployConfig={"EndpointName": JOB},
    )
    seen = set()
    while True:
        for root in (server.folder, memory_folder(server.folder)):
            seen |= {(root, secret) for secret in SECRETS if secret in contents(root)}
        job = server.client("sagemaker").describe_auto_ml_job(AutoMLJobName=JOB)
        if job["AutoMLJobStatus"] != "InProgress":
            break
        time.sleep(0.5)
    assert job["AutoMLJobStatus"] == "Completed", (job, server.log()[-3000:])
    assert not {root for root, _ in seen} - {memory_folder(server.folder)}
    return job, seen


def contents(root):
    """Of every file below a folder, one after the other."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                found.append((Path(folder) / name).read_bytes())
            except OSError:
                continue  # gone meanwhile, or a socket
    return b"\n".join(found)


def objects(server):
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="sealed/sealed/")
    return [entry["Key"] for page in pages for entry in page["Contents"]]


def test_everything_is_told_and_the_endpoint_answers(sealed):
    server, key, (job, _) = sealed
    assert job["OutputDataConfig"]["KmsKeyId"] == key["Arn"]
    assert job["AutoMLJobConfig"]["SecurityConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "VolumeKmsKeyId": key["KeyId"],
    }
    sagemaker = server.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=JOB)
    assert endpoint["EndpointStatus"] == "InService"
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    assert config["KmsKeyId"] == key["Arn"]
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=JOB, ContentType="text/csv", Body=b"2.0,quaxly-vermilion\n"
    )
    assert answer["Body"].read().strip() == b"yes"


def test_no_cell_of_the_table_is_on_the_disk_while_the_volume_has_them(sealed):
    server, _, (_, seen) = sealed
    assert {root for root, _ in seen} == {memory_folder(server.folder)}
    on_disk = contents(server.folder)
    assert not [secret for secret in SECRETS if secret in on_disk]


def test_every_object_of_the_job_is_encrypted_under_its_key(sealed):
    server, key, _ = sealed
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    keys = objects(server)
    assert len(keys) > 10
    for name in keys:
        head = s3.head_object(Bucket=bucket, Key=name)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
    upload = s3.head_object(Bucket=bucket, Key="sealed/train.csv")
    assert upload["ServerSideEncryption"] == "AES256"


def test_without_its_key_nothing_can_be_read_or_begun_and_each_says_why(sealed):
    server, key, _ = sealed
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    sagemaker, kms = server.client("sagemaker"), server.client("kms")
    artefact = next(name for name in objects(server) if name.endswith("model.tar.gz"))
    kms.disable_key(KeyId=key["KeyId"])
    try:
        with pytest.raises(ClientError) as refused:
            s3.get_object(Bucket=bucket, Key=artefact)
        assert refused.value.response["Error"]["Code"] == "KMS.DisabledException"
        assert key["Arn"] in refused.value.response["Error"]["Message"]
        with pytest.raises(ClientError, match="is disabled"):
            server.create_job(
                "refused",
                f"s3://{bucket}/sealed/train.csv",
                OutputDataConfig={"S3OutputPath": f"s3://{bucket}/x", "KmsKeyId": key["KeyId"]},
            )
        sagemaker.create_endpoint(
            EndpointName="locked",
            EndpointConfigName=sagemaker.describe_endpoint(EndpointName=JOB)["EndpointConfigName"],
        )
        while (made := sagemaker.describe_endpoint(EndpointName="locked"))[
            "EndpointStatus"
        ] == "Creating":
            time.sleep(0.2)
        assert made["EndpointStatus"] == "Failed"
        assert f"{key['Arn']} is disabled" in made["FailureReason"]
    finally:
        kms.enable_key(KeyId=key["KeyId"])
    assert s3.get_object(Bucket=bucket, Key=artefact)["Body"].read()


def test_what_was_in_memory_goes(sealed):
    server, _, _ = sealed
    for name in (JOB, "locked"):
        server.client("sagemaker").delete_endpoint(EndpointName=name)
    give_up = time.monotonic() + 30
    while any(path.is_file() for path in memory_folder(server.folder).rglob("*")):
        assert time.monotonic() < give_up
        time.sleep(0.2)

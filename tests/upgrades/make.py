"""Make a small data folder with the installed version: python tests/upgrades/make.py FOLDER

Writes FOLDER/data.tar.xz, the data folder of a server that was stopped, and FOLDER/facts.json, what its API said just
before. Every version that changes the schema of the store or the files of the data folder leaves one here, under the
name of its schema, such as v0005-2: that of the store, and that of the index of objects (v0005 has its first, v0003 none);
test_upgrades.py opens them all. Nothing in it is worth keeping secret.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import boto3
import numpy as np

JOB, ENDPOINT, SECOND_ACCOUNT = "kept-job", "kept-endpoint", "111111111111"
ROWS = "0.3,red\n-1.2,blue\n2.5,green\n"
CONFIG = f"""
[[accounts]]
account = "{SECOND_ACCOUNT}"
access_key = "AKIAKEPTFIXTURE00001"
secret_key = "of-a-fixture-and-nothing-else-000000000"
"""
PARTS = (b"one part, which is the last one and may be small " * 1000,)
"""Of the upload in parts. Objects are encrypted, and so cannot be packed: parts of 5 MiB would be too much here."""


def main():
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        config = Path(scratch) / "windvane.toml"
        config.write_text(CONFIG)
        facts = _lived_in(data, config)
        (target / "facts.json").write_text(json.dumps(facts, indent=1, default=str) + "\n")
        # What is made anew, and the working folder of a job that is over.
        for name in ("logs", "lock", "server.json", "endpoints", "work"):
            subprocess.run(["rm", "-rf", data / name], check=True)
        with tarfile.open(target / "data.tar.xz", "w:xz", preset=9) as archive:
            archive.add(data, arcname="data")


def _lived_in(data, config):
    command = [sys.executable, "-m", "windvane.cli.main"]
    options = ["--data-dir", str(data), "--config", str(config)]
    server = subprocess.Popen(
        [*command, "serve", *options, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        url = server.stdout.readline().split()[-1]
        exports = subprocess.check_output([*command, "env", *options], text=True)
        own = dict(line.removeprefix("export ").split("=", 1) for line in exports.splitlines())
        own = {name: value.strip("'") for name, value in own.items()}
        keys = own["AWS_ACCESS_KEY_ID"], own["AWS_SECRET_ACCESS_KEY"]
        _fill(lambda service: _client(service, url, *keys), own)
        second = "AKIAKEPTFIXTURE00001", "of-a-fixture-and-nothing-else-000000000"
        other = _client("s3", url, *second)
        other.create_bucket(Bucket="kept-elsewhere")
        other.put_object(Bucket="kept-elsewhere", Key="private.txt", Body=b"of another account")
        return {
            "windvane": subprocess.check_output([*command, "--version"], text=True).strip(),
            "keys": list(keys),
            "config": CONFIG,
            SECOND_ACCOUNT: {"objects": _objects(other)},
            **told(lambda service: _client(service, url, *keys)),
        }
    finally:
        server.terminate()
        server.wait(240)


def _client(service, url, access_key, secret_key):
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    return boto3.client(
        service,
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
    )


def _fill(client, own):
    s3, bucket = client("s3"), own["WINDVANE_BUCKET"]
    s3.put_object(Bucket=bucket, Key="train/kept.csv", Body=_table(), ContentType="text/csv")
    s3.put_object(
        Bucket=bucket,
        Key="odd keys/ü ~%41+&.txt",
        Body=b"metadata",
        Metadata={"purpose": "upgrade", "origin": "made by a test"},
        ContentType="text/plain; charset=utf-8",
        CacheControl="max-age=60",
    )
    s3.create_bucket(Bucket="kept-second")
    s3.put_object(Bucket="kept-second", Key="empty", Body=b"")
    _upload_in_parts(s3, "kept-second", "parts.bin")
    s3.put_object(Bucket=bucket, Key="gone", Body=b"deleted before the end")
    s3.delete_object(Bucket=bucket, Key="gone")
    sagemaker = client("sagemaker")
    job = sagemaker.create_auto_ml_job(
        AutoMLJobName=JOB,
        InputDataConfig=[
            {
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train/"}
                },
                "TargetAttributeName": "y",
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ProblemType="Regression",
        AutoMLJobObjective={"MetricName": "MSE"},
        AutoMLJobConfig={
            "Mode": "HYPERPARAMETER_TUNING",
            "CandidateGenerationConfig": {
                "AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]
            },
            "CompletionCriteria": {"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 120},
        },
        RoleArn=own["WINDVANE_ROLE_ARN"],
        Tags=[{"Key": "team", "Value": "upgrade"}],
        ModelDeployConfig={"AutoGenerateEndpointName": False, "EndpointName": ENDPOINT},
    )
    sagemaker.add_tags(ResourceArn=job["AutoMLJobArn"], Tags=[{"Key": "late", "Value": "yes"}])
    give_up = time.monotonic() + 200
    while _status(sagemaker) == "InProgress":
        assert time.monotonic() < give_up
        time.sleep(0.5)
    assert _status(sagemaker) == "Completed", sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)
    _remove_large(s3, bucket)


def _remove_large(s3, bucket):
    """Reports as pages and papers: they show nothing that the rest does not, and take most of the room."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page["Contents"]:
            if entry["Key"].endswith((".pdf", ".html", ".ipynb")):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])


def _status(sagemaker):
    return sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)["AutoMLJobStatus"]


def _upload_in_parts(s3, bucket, key):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, Metadata={"parts": "1"})["UploadId"]
    parts = []
    for number, body in enumerate(PARTS, 1):
        sent = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"ETag": sent["ETag"], "PartNumber": number})
    s3.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
    )


def _table():
    random = np.random.default_rng(5)
    colours = random.choice(["red", "green", "blue"], 520)
    a = random.normal(size=520).round(2)
    lines = [f"{x},{c},{x * 2 + (c == 'red'):.2f}" for x, c in zip(a, colours, strict=True)]
    return ("a,colour,y\n" + "\n".join(lines) + "\n").encode()


def told(client):
    """What the API says of all that the folder holds; `client` makes one for a service."""
    sagemaker, logs = client("sagemaker"), client("logs")
    job = sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)
    candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=JOB)["Candidates"]
    endpoint = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    models = sagemaker.list_models()["Models"]
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT, ContentType="text/csv", Body=ROWS
    )
    facts = {
        "job": job,
        "candidates": candidates,
        "tags": sagemaker.list_tags(ResourceArn=job["AutoMLJobArn"])["Tags"],
        "endpoint": {name: endpoint[name] for name in ("EndpointArn", "EndpointStatus")},
        "variants": config["ProductionVariants"],
        "models": [sagemaker.describe_model(ModelName=m["ModelName"]) for m in models],
        "answer": answer["Body"].read().decode(),
        "lines": [
            [event["logStreamName"], event["message"]]
            for event in logs.filter_log_events(logGroupName="/aws/sagemaker/AutoMLJobs")["events"]
        ],
        "objects": _objects(client("s3")),
    }
    return json.loads(json.dumps(_without_response(facts), default=str))


def _objects(s3):
    """By "BUCKET/KEY": the sum of the bytes, and what is said of them."""
    found = {}
    for bucket in (entry["Name"] for entry in s3.list_buckets()["Buckets"]):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for entry in (entry for page in pages for entry in page.get("Contents", ())):
            key = entry["Key"]
            got = s3.get_object(Bucket=bucket, Key=key)
            found[f"{bucket}/{key}"] = {
                "sha256": hashlib.sha256(got["Body"].read()).hexdigest(),
                "etag": got["ETag"],
                "type": got["ContentType"],
                "metadata": got["Metadata"],
                "cache": got.get("CacheControl"),
            }
    return found


def _without_response(value):
    if isinstance(value, dict):
        return {k: _without_response(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, list):
        return [_without_response(item) for item in value]
    return value


if __name__ == "__main__":
    main()

"""What bad input gets from a real server: refused at once, or a job that fails with a sentence that helps."""

import gzip
import json
import random

import pytest
from botocore.exceptions import ClientError
from journeys.running import limits

ROWS = 600


def table(
    rows=ROWS, header="a,b,y", line=lambda i, r: f"{r.random():.4f},{r.choice('uvw')},{i % 2}"
):
    dice = random.Random(1)
    return "\n".join([header, *(line(i, dice) for i in range(rows))]).encode() + b"\n"


def bomb(size):
    """A gzip file of about `size` CSV bytes, of many members that are the same."""
    block = b"1,2,3\n" * 1_700_000
    return gzip.compress(b"a,b,y\n") + gzip.compress(block) * (size // len(block))


GOOD = table()
FAILS = {
    "few-rows": (GOOD[: GOOD.index(b"\n", 4000) + 1], "y", {}, ["500"]),
    "no-target": (GOOD, "outcome", {}, ["outcome", "a", "b", "y"]),
    "empty-target": (table(line=lambda i, r: f"{r.random()},u,"), "y", {}, ["y", "target"]),
    "constant-target": (table(line=lambda i, r: f"{r.random()},u,1"), "y", {}, ["y", "1"]),
    "lonely-class": (
        table(line=lambda i, r: f"{r.random()},u,{'rare' if i == 7 else 'xyz'[i % 3]}"),
        "y",
        {},
        ["rare", "single row"],
    ),
    "header-only": (b"a,b,y\n", "y", {}, ["row"]),
    "ragged": (GOOD.replace(b"\n", b"\n1,2,3,4,5\n", 5), "y", {}, ["line", "field"]),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100, "y", {}, ["binary"]),
    "wrong-gzip": (GOOD, "y", {"CompressionType": "Gzip"}, ["gzip"]),
    "many-columns": (
        (",".join([*(f"c{i}" for i in range(10_000)), "y"]) + "\n").encode()
        + b"1," * 10_000
        + b"1\n",
        "y",
        {},
        ["10001", "10000"],
    ),
    "bomb": (bomb(1_000_000_000), "y", {"CompressionType": "Gzip"}, ["bomb", "500 to one"]),
}


@pytest.mark.parametrize("case", FAILS)
def test_a_fault_in_the_data_ends_the_job_as_failed_with_a_reason(case, server):
    body, target, channel, words = FAILS[case]
    uri = server.upload(f"bad/{case}/train.csv", body)
    server.create_job(f"bad-{case}", uri, target, channel=channel, AutoMLJobConfig=limits(2, 60))
    job = server.wait_for_job(f"bad-{case}")
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Failed", "Failed")
    reason = job["FailureReason"].replace(",", "")
    assert all(word.lower() in reason.lower() for word in words), job["FailureReason"]
    assert len(job["FailureReason"]) <= 1024
    assert "Traceback" not in reason
    assert "BestCandidate" not in job


def test_an_objective_that_does_not_fit_what_the_data_hold_ends_the_job_as_failed(server):
    uri = server.upload("bad/objective/train.csv", GOOD)
    server.create_job("bad-objective", uri, AutoMLJobObjective={"MetricName": "MSE"})
    job = server.wait_for_job("bad-objective")
    assert job["AutoMLJobStatus"] == "Failed"
    assert "MSE" in job["FailureReason"]
    assert "BinaryClassification" in job["FailureReason"]


def refused(server, name, uri, **members):
    with pytest.raises(ClientError) as caught:
        server.create_job(name, uri, **members)
    with pytest.raises(ClientError) as missing:
        server.client("sagemaker").describe_auto_ml_job(AutoMLJobName=name)
    assert missing.value.response["Error"]["Code"] == "ResourceNotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]


def test_an_empty_prefix_is_refused_in_awss_words(server):
    uri = f"s3://{server.env['WINDVANE_BUCKET']}/nothing-here/"
    error = refused(server, "bad-prefix", uri)
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(
        f'No S3 objects found under S3 URL "{uri}" given in input data source.'
    )


def test_a_manifest_that_names_a_missing_object_is_refused(server):
    bucket = server.env["WINDVANE_BUCKET"]
    server.upload("bad/manifest/there.csv", GOOD)
    manifest = json.dumps([{"prefix": f"s3://{bucket}/bad/manifest/"}, "there.csv", "missing.csv"])
    uri = server.upload("bad/manifest.json", manifest.encode())
    channel = {"DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": uri}}}
    error = refused(server, "bad-manifest", uri, channel=channel)
    assert f"s3://{bucket}/bad/manifest/missing.csv" in error["Message"]


def test_a_missing_output_bucket_is_refused(server):
    uri = server.upload("bad/output/train.csv", GOOD)
    error = refused(
        server, "bad-output", uri, OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/out"}
    )
    assert "no-such-bucket" in error["Message"]


def test_an_unknown_role_is_refused(server):
    uri = server.upload("bad/role/train.csv", GOOD)
    role = "arn:aws:iam::000000000000:role/nobody"
    error = refused(server, "bad-role", uri, RoleArn=role)
    assert role in error["Message"]
    assert "cannot be assumed" in error["Message"]


def test_what_cannot_be_honoured_is_refused_and_never_ignored(server):
    uri = server.upload("bad/kms/train.csv", GOOD)
    error = refused(
        server,
        "bad-kms",
        uri,
        OutputDataConfig={
            "S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/o",
            "KmsKeyId": "key",
        },
    )
    assert "kmsKeyId" in error["Message"]


def test_a_job_without_time_for_a_candidate_still_ends_with_a_baseline(server, bank_train):
    uri = server.upload("bad/hurry/train.csv", bank_train)
    server.create_job("bad-hurry", uri, AutoMLJobConfig=limits(50, 5))
    job = server.wait_for_job("bad-hurry")
    assert job["AutoMLJobStatus"] == "Completed"
    missing = {"ExplainabilityError", "ModelInsightsError"}
    assert job["AutoMLJobSecondaryStatus"] in missing | {"MaxAutoMLJobRuntimeReached"}
    if job["AutoMLJobSecondaryStatus"] in missing:
        reasons = [one["PartialFailureMessage"] for one in job["PartialFailureReasons"]]
        assert any("report is missing" in reason for reason in reasons)
    assert (job["EndTime"] - job["CreationTime"]).total_seconds() <= 5 + 60
    assert job["BestCandidate"]["CandidateStatus"] == "Completed"

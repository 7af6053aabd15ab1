"""Texts and their classes from a CSV to answers by an endpoint and a transform job, by boto3."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from journeys.test_auto_ml_v2 import wait_for

SMS = Path(__file__).parents[2] / "benchmarks" / "data" / "sms_spam"
JOB, N_ROWS, N_CANDIDATES = "sms-spam", 1200, 1


def rows_of(part):
    text = gzip.decompress((SMS / f"{part}.csv.gz").read_bytes()).decode()
    return [(row["text"], row["type"]) for row in csv.DictReader(io.StringIO(text))]


def written(rows):
    """The rows as CSV, between columns that say nothing."""
    out = io.StringIO()
    csv.writer(out).writerows([["id", "text", "type"], *([i, *row] for i, row in enumerate(rows))])
    return out.getvalue().encode()


def created(server, name, uri, **members):
    config = {
        "ContentColumn": "text",
        "TargetLabelColumn": "type",
        "CompletionCriteria": {
            "MaxCandidates": N_CANDIDATES,
            "MaxAutoMLJobRuntimeInSeconds": 240,
        },
        **members.pop("config", {}),
    }
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    server.client("sagemaker").create_auto_ml_job_v2(
        AutoMLJobName=name,
        AutoMLJobInputDataConfig=[{"ChannelType": "training", "DataSource": source}],
        OutputDataConfig={"S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/output"},
        RoleArn=server.env["WINDVANE_ROLE_ARN"],
        AutoMLProblemTypeConfig={"TextClassificationJobConfig": config},
        **members,
    )
    return config


@pytest.fixture(scope="module")
def job(server):
    """The job at its end, with its endpoint."""
    uri = server.upload("texts/sms.csv", written(rows_of("train")[:N_ROWS]))
    config = created(
        server,
        JOB,
        uri,
        AutoMLJobObjective={"MetricName": "Accuracy"},
        ModelDeployConfig={"EndpointName": JOB},
    )
    ended, _ = wait_for(server, JOB)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    assert ended["AutoMLProblemTypeConfig"] == {"TextClassificationJobConfig": config}
    return ended


def test_the_job_is_one_of_texts(job):
    assert job["AutoMLProblemTypeConfigName"] == "TextClassification"
    assert "AutoMLProblemTypeResolvedAttributes" not in job["ResolvedAttributes"]
    best = job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    assert best["MetricName"] == "Accuracy"
    assert best["Value"] > 0.95


def asked(server, body, content_type, accept):
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=JOB, ContentType=content_type, Accept=accept, Body=body
    )
    return answer["Body"].read().decode()


def test_a_request_has_the_text_alone_as_csv_or_json(job, server):
    held_out = rows_of("test")[:300]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[text] for text, _ in held_out])
    by_csv = asked(server, out.getvalue().encode(), "text/csv", "text/csv").split()
    assert len(by_csv) == len(held_out)
    n_right = sum(told == kind for told, (_, kind) in zip(by_csv, held_out, strict=True))
    assert n_right > 0.95 * len(held_out)
    texts = {"instances": [{"text": text} for text, _ in held_out[:20]]}
    by_json = asked(server, json.dumps(texts).encode(), "application/json", "application/json")
    answers = json.loads(by_json)["predictions"]
    assert [one["predicted_label"] for one in answers] == by_csv[:20]


@pytest.mark.long
def test_a_candidate_transforms_texts_as_a_batch(job, server):
    sagemaker, name = server.client("sagemaker"), "sms-batch"
    boxes = job["BestCandidate"]["InferenceContainers"]
    sagemaker.create_model(
        ModelName=name, Containers=boxes, ExecutionRoleArn=server.env["WINDVANE_ROLE_ARN"]
    )
    lines = b'"Free prize, call now"\n"see you at, home"\n'
    source = {"S3DataType": "S3Prefix", "S3Uri": server.upload("texts/batch.csv", lines)}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/texts/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 240}
    )
    found = server.client("s3").get_object(
        Bucket=server.env["WINDVANE_BUCKET"], Key="texts/out/batch.csv.out"
    )
    assert found["Body"].read().split() == [b"spam", b"ham"]


@pytest.mark.parametrize(
    ("name", "rows", "config", "told"),
    [
        (
            "sms-no-column",
            rows_of("train")[:600],
            {"ContentColumn": "message"},
            "content column 'message' is not",
        ),
        ("sms-empty", [("", "ham"), ("", "spam")] * 300, {}, "'text': all 600 values are empty"),
        (
            "sms-one-class",
            [(text, "ham") for text, _ in rows_of("train")[:600]],
            {},
            "'type' has only one value: 'ham'",
        ),
    ],
)
def test_texts_that_cannot_be_learnt_from_end_the_job_with_the_reason(
    name, rows, config, told, server
):
    created(server, name, server.upload(f"texts/{name}.csv", written(rows)), config=config)
    ended, _ = wait_for(server, name)
    assert ended["AutoMLJobStatus"] == "Failed"
    assert told in ended["FailureReason"]


def test_a_column_that_is_text_and_class_is_refused(server):
    with pytest.raises(ClientError, match="as ContentColumn and as TargetLabelColumn"):
        created(server, "sms-none", "s3://x/y", config={"ContentColumn": "type"})

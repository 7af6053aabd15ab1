"""A job with validation data and a feature specification through boto3, from the channels to an answer."""

import csv
import io
import json

import pytest
from journeys.running import limits
from journeys.small import table
from journeys.test_again import COPIED, finished, last_step, objective, sent_back

N_HELD_OUT = 120


def channel(kind, uri):
    return {
        "ChannelType": kind,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
        "TargetAttributeName": "y",
    }


@pytest.fixture(scope="module")
def lines():
    return table(of_classes=True).splitlines()


@pytest.fixture(scope="module")
def job(server, lines):
    """Cells of the number b are words where nothing is known; the date is left out."""
    header, rows = lines[0], lines[1:]
    held_out = [row.replace(b",,", b",not measured,") for row in rows[:N_HELD_OUT]]
    features = {
        "FeatureAttributeNames": ["a", "b", "colour"],
        "FeatureDataTypes": {"a": "numeric", "b": "numeric"},
    }
    train = server.upload("own-data/train/t.csv", b"\n".join([header, *rows[N_HELD_OUT:]]))
    valid = server.upload("own-data/valid/v.csv", b"\n".join([header, *held_out]))
    specification = server.upload("own-data/features.json", json.dumps(features).encode())
    server.create_job(
        "own-data",
        train,
        InputDataConfig=[channel("training", train), channel("validation", valid)],
        AutoMLJobConfig={
            **limits(1, 120),
            "CandidateGenerationConfig": {"FeatureSpecificationS3Uri": specification},
        },
        ModelDeployConfig={"EndpointName": "own-data"},
    )
    ended = server.wait_for_job("own-data")
    assert ended["AutoMLJobStatus"] == "Completed", ended
    return ended


def published(server, part):
    key = f"output/own-data/preprocessed-data/tuning_data/{part}/chunk_0.csv"
    body = server.client("s3").get_object(Bucket=server.env["WINDVANE_BUCKET"], Key=key)["Body"]
    return list(csv.reader(io.StringIO(body.read().decode(), newline="")))


def test_candidates_are_scored_on_the_rows_of_the_validation_channel(server, job, lines):
    raw = list(csv.reader(line.decode() for line in lines[1:]))
    assert [row[0] for row in published(server, "validation")] == [
        row[-1] for row in raw[:N_HELD_OUT]
    ]
    assert [row[0] for row in published(server, "train")] == [row[-1] for row in raw[N_HELD_OUT:]]
    answer = server.client("sagemaker").list_candidates_for_auto_ml_job(AutoMLJobName="own-data")
    for candidate in answer["Candidates"]:
        assert candidate["CandidateStatus"] == "Completed", candidate
        assert 0.5 < candidate["FinalAutoMLJobObjectiveMetric"]["Value"] < 1


def test_what_was_asked_is_told_again(server, job):
    config = job["AutoMLJobConfig"]["CandidateGenerationConfig"]
    assert config["FeatureSpecificationS3Uri"].endswith("/own-data/features.json")
    assert [one["ChannelType"] for one in job["InputDataConfig"]] == ["training", "validation"]
    where = job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"]
    bucket, _, key = where.removeprefix("s3://").partition("/")
    notebook = server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert f"{N_HELD_OUT} of these rows are validation data" in notebook
    assert "ignored, set by you" in notebook


def test_its_steps_sent_back_have_its_score(server, job):
    """As they were told, and with the files of the job, of which only the image and the channels are said."""
    sagemaker = server.client("sagemaker")
    step = last_step(job["BestCandidate"])
    told = sagemaker.describe_training_job(TrainingJobName=step)
    files = [
        {"ChannelName": name, "DataSource": one["DataSource"]}
        for name, one in zip(("train", "validation"), job["InputDataConfig"], strict=True)
    ]
    of_files = {member: told[member] for member in COPIED if member != "HyperParameters"}
    sagemaker.create_training_job(
        TrainingJobName="own-data-files", **{**of_files, "InputDataConfig": files}
    )
    metric = job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["MetricName"]
    for name in (sent_back(sagemaker, step), "own-data-files"):
        again = finished(sagemaker, name)
        assert objective(again, metric) == objective(told, metric), name
    channels = [one["ChannelName"] for one in again["InputDataConfig"]]
    assert channels == ["train", "validation", "feature-specification"]


def test_the_endpoint_takes_all_columns_and_words_where_a_number_was_asked_for(server, job):
    runtime = server.client("sagemaker-runtime")
    bodies = ["2.5,red,2.0,2024-01-01\n", "2.5,red,2.0,\n", "2.5,red,unheard of,whenever\n"]
    answers = [
        runtime.invoke_endpoint(EndpointName="own-data", ContentType="text/csv", Body=body)["Body"]
        .read()
        .decode()
        .strip()
        for body in bodies
    ]
    assert answers[0] == answers[1] == "yes"
    assert answers[2] in ("yes", "no")
    server.client("sagemaker").delete_endpoint(EndpointName="own-data")

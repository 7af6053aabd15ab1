"""A job with sample weights: they decide what is learnt and how it is scored, and are told again; they are no feature."""

import json

import numpy as np
import pandas as pd
import pytest
from journeys.test_again import finished, last_step, objective, sent_back
from journeys.test_auto_ml_v2 import wait_for

from windvane import AutoML

N_ROWS = 600


def contradicting():
    """As many rows say yes where `a` is above 0 as say no there; the former count for nine times as much."""
    random = np.random.default_rng(5)
    a = random.normal(size=N_ROWS).round(3)
    is_heavy = np.arange(N_ROWS) % 2 == 0
    y = np.where((a > 0) == is_heavy, "yes", "no")
    other = random.choice(["red", "green"], N_ROWS)
    return pd.DataFrame({"a": a, "w": np.where(is_heavy, 9, 1), "other": other, "y": y})


@pytest.fixture(scope="module")
def config(server):
    features = {"FeatureAttributeNames": ["a", "other"], "FeatureDataTypes": {"a": "numeric"}}
    uri = server.upload("weighted/features.json", json.dumps(features).encode())
    return {
        "TargetAttributeName": "y",
        "SampleWeightAttributeName": "w",
        "Mode": "ENSEMBLING",
        "ProblemType": "BinaryClassification",
        "CompletionCriteria": {"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 200},
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm"]}]},
        "FeatureSpecificationS3Uri": uri,
    }


@pytest.fixture(scope="module")
def job(server, config):
    uri = server.upload("weighted/train.csv", contradicting().to_csv(index=False).encode())
    sagemaker = server.client("sagemaker")
    sagemaker.create_auto_ml_job_v2(
        AutoMLJobName="weighted",
        AutoMLJobInputDataConfig=[
            {
                "ChannelType": "training",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/output"},
        RoleArn=server.env["WINDVANE_ROLE_ARN"],
        AutoMLProblemTypeConfig={"TabularJobConfig": config},
        AutoMLJobObjective={"MetricName": "Accuracy"},
    )
    ended, _ = wait_for(server, "weighted")
    return ended


def test_weights_and_specification_are_told_again(job, config):
    assert job["AutoMLJobStatus"] == "Completed", job
    assert job["AutoMLProblemTypeConfig"] == {"TabularJobConfig": config}


def test_scores_count_rows_by_their_weights(job, server):
    """Rows that count alike would be right half of the time, whatever was said of them."""
    metric = job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    assert metric["MetricName"] == "Accuracy"
    assert metric["Value"] > 0.8
    sagemaker = server.client("sagemaker")
    step = last_step(job["BestCandidate"])
    again = finished(sagemaker, sent_back(sagemaker, step))
    told = sagemaker.describe_training_job(TrainingJobName=step)
    assert objective(again, "Accuracy") == objective(told, "Accuracy")


def test_the_model_has_learnt_from_what_counts_and_needs_no_weights(job, server, tmp_path):
    (container,) = job["BestCandidate"]["InferenceContainers"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    server.client("s3").download_file(bucket, key, str(tmp_path / "model.tar.gz"))
    model = AutoML.load(tmp_path / "model.tar.gz")
    rows = pd.DataFrame({"a": [2.0, -2.0], "other": ["red", "red"]})
    assert model.predict(rows).tolist() == ["yes", "no"]
    assert [column.name for column in model.analysis.features] == ["a", "other"]

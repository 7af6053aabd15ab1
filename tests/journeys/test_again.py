"""What Describe says of a candidate's steps, sent back under another name, comes to the same."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from journeys.running import limits
from journeys.small import N_CANDIDATES, OF_CLASSES, trained
from journeys.stepping import WAIT

COPIED = (
    "AlgorithmSpecification",
    "HyperParameters",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "RoleArn",
)
JOBS = (OF_CLASSES, pytest.param("again-numbers", marks=pytest.mark.long))


@pytest.fixture(scope="module", params=JOBS)
def job(request, server):
    return trained(server, request.param)


@pytest.fixture(scope="module")
def sagemaker(server):
    return server.client("sagemaker")


@pytest.fixture(scope="module")
def candidates(job, sagemaker):
    listed = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job["AutoMLJobName"])
    return [one for one in listed["Candidates"] if one["CandidateStatus"] == "Completed"]


def objective(described, name):
    metrics = described["FinalMetricDataList"]
    return next(one["Value"] for one in metrics if one["MetricName"] == f"validation:{name}")


def sent_back(sagemaker, name, **changed):
    """The name of the copy."""
    described = sagemaker.describe_training_job(TrainingJobName=name)
    copy = f"{name[:50]}-again"
    sagemaker.create_training_job(
        TrainingJobName=copy, **{member: described[member] for member in COPIED} | changed
    )
    return copy


def finished(sagemaker, name):
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig=WAIT)
    described = sagemaker.describe_training_job(TrainingJobName=name)
    assert described["TrainingJobStatus"] == "Completed", described
    return described


def artefact(server, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def last_step(candidate):
    return candidate["CandidateSteps"][-1]["CandidateStepName"]


@pytest.mark.long
def test_every_candidate_trained_again_has_its_score(job, candidates, sagemaker):
    """Classes are told best by one model, numbers by an ensemble, which the same candidates are enough for. An ensemble's training job is given its weights, and tells the score that they have; the leaderboard's is of every row
    by weights fitted without it."""
    channels = [
        len(sagemaker.describe_training_job(TrainingJobName=last_step(one))["InputDataConfig"])
        for one in candidates
    ]
    if job["AutoMLJobName"] != OF_CLASSES:
        assert max(channels) > 2, "there is an ensemble among them"
    assert len(candidates) >= N_CANDIDATES - 1
    copies = [sent_back(sagemaker, last_step(one)) for one in candidates]
    for candidate, copy in zip(candidates, copies, strict=True):
        told = candidate["FinalAutoMLJobObjectiveMetric"]
        again, metric = finished(sagemaker, copy), told["MetricName"]
        step = sagemaker.describe_training_job(TrainingJobName=last_step(candidate))
        assert objective(again, metric) == objective(step, metric), candidate
        if "ensemble" in candidate["InferenceContainers"][1]["Image"]:
            metrics = candidate["CandidateProperties"]["CandidateMetrics"]
            sets = {one["Set"]: one["Value"] for one in metrics if one.get("MetricName") == metric}
            assert objective(again, metric) == sets["Train"] != told["Value"] == sets["Validation"]
        else:
            assert objective(again, metric) == told["Value"], candidate


@pytest.mark.long
def test_a_candidate_that_its_time_cut_short_has_its_score_again(server, sagemaker):
    name, allowed = "again-cut-short", limits(1, 300)
    allowed["CompletionCriteria"]["MaxRuntimePerTrainingJobInSeconds"] = 20
    server.create_job(name, server.upload(f"{name}/train.csv", waves()), AutoMLJobConfig=allowed)
    best = server.wait_for_job(name, 300)["BestCandidate"]
    told = sagemaker.describe_training_job(TrainingJobName=last_step(best))
    assert "fold0" in json.loads(told["HyperParameters"]["_stops"])
    last_word = told["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert "The time of its AutoML job cut its training short." in last_word
    unhurried = {"MaxRuntimeInSeconds": 600}
    copy = sent_back(sagemaker, last_step(best), StoppingCondition=unhurried)
    score = best["FinalAutoMLJobObjectiveMetric"]
    assert objective(finished(sagemaker, copy), score["MetricName"]) == score["Value"]


def waves():
    """A table without noise: no round of boosting is in vain, and there are several times more than the time is for."""
    random = np.random.default_rng(0)
    X = random.normal(size=(4_900, 200)).round(3)
    y = np.sin(3 * X) @ random.normal(size=200)
    table = pd.DataFrame(X).add_prefix("x").assign(y=y.round(4))
    return table.to_csv(index=False).encode()


def test_transformers_fitted_again_are_the_same_bytes(candidates, sagemaker, server):
    fitted = {one["CandidateSteps"][1]["CandidateStepName"] for one in candidates}
    compared = 0
    for name in sorted(fitted):
        told = sagemaker.describe_training_job(TrainingJobName=name)
        again = finished(sagemaker, sent_back(sagemaker, name))
        made = artefact(server, again["ModelArtifacts"]["S3ModelArtifacts"])
        if "ModelArtifacts" in told:
            assert made == artefact(server, told["ModelArtifacts"]["S3ModelArtifacts"]), told
            compared += 1
    assert compared >= 2


def test_the_table_read_again_is_the_same_dataset(candidates, sagemaker, server):
    name = candidates[0]["CandidateSteps"][0]["CandidateStepName"]
    told = sagemaker.describe_processing_job(ProcessingJobName=name)
    outputs = told["ProcessingOutputConfig"]["Outputs"]
    before = {one["OutputName"]: digests(server, one["S3Output"]["S3Uri"]) for one in outputs}
    again = f"{name}-again"
    root = f"s3://{server.env['WINDVANE_BUCKET']}/{again}"
    moved = [
        {**one, "S3Output": {**one["S3Output"], "S3Uri": f"{root}/{one['OutputName']}"}}
        for one in outputs
    ]
    sagemaker.create_processing_job(
        ProcessingJobName=again,
        ProcessingOutputConfig={"Outputs": moved},
        **{
            member: told[member]
            for member in (
                "AppSpecification",
                "Environment",
                "ProcessingInputs",
                "ProcessingResources",
                "RoleArn",
                "StoppingCondition",
            )
        },
    )
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=again, WaiterConfig=WAIT)
    after = {one["OutputName"]: digests(server, one["S3Output"]["S3Uri"]) for one in moved}
    assert list(before["header"]) == ["headers.csv"]
    for name, files in before.items():
        assert files, name
        assert set(after[name]) == set(files)
        differ = [file for file in files if after[name][file] != files[file]]
        assert set(differ) <= {"analysis.json"}, "it says who chose problem and objective"


def digests(server, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found = server.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{key}/")
    return {
        one["Key"].removeprefix(f"{key}/"): hashlib.sha256(
            artefact(server, f"s3://{bucket}/{one['Key']}")
        ).hexdigest()
        for one in found.get("Contents", ())
    }

"""A forecasting job through boto3: from rows to an endpoint that forecasts, and data that are at fault."""

import csv
import io
import math
import random
import time
from datetime import date, timedelta

import pytest
from journeys.running import FINAL, RunningServer

from windvane.work.layout import FORECAST_LAYOUT

NAME, BROKEN = "demand", "demand-broken"
HORIZON = 7
REPORT, DEPLOYMENT = "GeneratingModelInsightsReport", "DeployingModel"
STAGES = (REPORT, DEPLOYMENT, "Completed")
CONFIG = {
    "ForecastFrequency": "1D",
    "ForecastHorizon": HORIZON,
    "TimeSeriesConfig": {
        "TargetAttributeName": "sold",
        "TimestampAttributeName": "day",
        "ItemIdentifierAttributeName": "product",
        "GroupingAttributeNames": ["shop"],
    },
    "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 240},
    "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets", "npts"]}]},
}


def rows():
    """What three shops sold of two products, with a week's season; the promotions of the next week are known."""
    lines = ["product,shop,day,sold,promotion"]
    for number, (product, shop) in enumerate((p, s) for p in ("tea", "jam") for s in "abc"):
        for day in range(100 + HORIZON):
            promotion = int(day % 9 == number)
            sold = 20 + 5 * number + 8 * math.sin(2 * math.pi * day / 7) + 6 * promotion
            sold = f"{sold + (day * 7919 % 11) / 5:.2f}" if day < 100 else ""
            lines.append(
                f"{product},{shop},{date(2024, 1, 1) + timedelta(days=day)},{sold},{promotion}"
            )
    return "\n".join(lines).encode()


def begin(server, name, data, config=CONFIG, **members):
    uri = server.upload(f"{name}/rows.csv", data)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    server.client("sagemaker").create_auto_ml_job_v2(
        AutoMLJobName=name,
        AutoMLJobInputDataConfig=[{"ChannelType": "training", "DataSource": source}],
        OutputDataConfig={"S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/forecasts"},
        RoleArn=server.env["WINDVANE_ROLE_ARN"],
        AutoMLProblemTypeConfig={"TimeSeriesForecastingJobConfig": config},
        **members,
    )


def ended(server, name, timeout_s=250):
    """The job at its end, and the secondary statuses that were seen on the way."""
    sagemaker, seen = server.client("sagemaker"), []
    give_up = time.monotonic() + timeout_s
    while True:
        job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)
        seen.append(job["AutoMLJobSecondaryStatus"])
        if job["AutoMLJobStatus"] in FINAL:
            return job, list(dict.fromkeys(seen))
        assert time.monotonic() < give_up, (job, server.log()[-5000:])
        time.sleep(0.2)


@pytest.fixture(scope="module")
def jobs(server):
    """A job on whole rows, and one on rows without times, which go on side by side."""
    begin(server, NAME, rows(), ModelDeployConfig={"EndpointName": NAME})
    begin(server, BROKEN, rows().replace(b"2024-01-05", b"soon"))
    return {name: ended(server, name) for name in (NAME, BROKEN)}


@pytest.fixture(scope="module")
def job(jobs):
    found, _ = jobs[NAME]
    assert found["AutoMLJobStatus"] == "Completed", found
    return found


@pytest.fixture(scope="module")
def candidates(job, server):
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=NAME, SortBy="FinalObjectiveMetricValue"
    )
    return listed["Candidates"]


def read(server, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_it_completes_with_its_best_candidate(job, jobs):
    assert job["AutoMLJobSecondaryStatus"] == "Completed"
    assert "PartialFailureReasons" not in job
    _, seen = jobs[NAME]
    assert seen[-1] == "Completed"
    assert "FeatureEngineering" not in seen
    best = job["BestCandidate"]
    assert best["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "AverageWeightedQuantileLoss"
    assert 0 < best["FinalAutoMLJobObjectiveMetric"]["Value"] < 0.2


def test_every_candidate_has_a_package_and_its_backtests(candidates, server):
    assert len(candidates) == 6, "the floor, two models of each algorithm, and their average"
    losses = [one["FinalAutoMLJobObjectiveMetric"]["Value"] for one in candidates]
    assert losses == sorted(losses)
    for one in candidates:
        (container,) = one["InferenceContainers"]
        assert read(server, container["ModelDataUrl"])
        prefix = one["CandidateProperties"]["CandidateArtifactLocations"]["BacktestResults"]
        told = list(csv.DictReader(io.StringIO(read(server, f"{prefix}/windows.csv").decode())))
        assert {row["shop"] for row in told} == {"a", "b", "c"}
        steps = [step["CandidateStepType"] for step in one["CandidateSteps"]]
        assert steps == ["AWS::SageMaker::ProcessingJob", "AWS::SageMaker::TrainingJob"]


def test_the_steps_of_a_candidate_are_described(job, server):
    sagemaker = server.client("sagemaker")
    reading, training = (
        step["CandidateStepName"] for step in job["BestCandidate"]["CandidateSteps"]
    )
    told = sagemaker.describe_processing_job(ProcessingJobName=reading)
    assert told["ProcessingJobStatus"] == "Completed"
    told = sagemaker.describe_training_job(TrainingJobName=training)
    (container,) = job["BestCandidate"]["InferenceContainers"]
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == container["ModelDataUrl"]
    metrics = {one["MetricName"] for one in told["FinalMetricDataList"]}
    assert "AverageWeightedQuantileLoss" in str(metrics)


def test_all_that_it_leaves_is_listed(job, server):
    root = f"forecasts/{NAME}/"
    pages = (
        server.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=server.env["WINDVANE_BUCKET"], Prefix=root)
    )
    paths = [one["Key"].removeprefix(root) for page in pages for one in page["Contents"]]
    places = [[one.path for one in FORECAST_LAYOUT if one.matches(path)] for path in paths]
    assert all(len(one) == 1 for one in places), paths
    assert {place for [place] in places} == {one.path for one in FORECAST_LAYOUT}


def test_its_endpoint_forecasts(job, server):
    assert job["ModelDeployResult"] == {"EndpointName": NAME}
    asked = [line for line in rows().decode().splitlines() if line.startswith(("product", "tea,b"))]
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=NAME, ContentType="text/csv", Accept="text/csv", Body="\n".join(asked)
    )
    forecast = list(csv.DictReader(io.StringIO(answer["Body"].read().decode())))
    assert len(forecast) == HORIZON
    for row in forecast:
        assert float(row["p10"]) <= float(row["p50"]) <= float(row["p90"])
        assert 10 < float(row["mean"]) < 60


def test_its_log_tells_what_happened(job, server):
    events = server.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/AutoMLJobs", logStreamName=NAME, startFromHead=True
    )["events"]
    text = "\n".join(event["message"] for event in events)
    assert "Found 6 series of 600 steps together; frequency: D" in text
    assert "backtest windows" in text


def test_data_at_fault_end_a_job_with_the_reason(jobs):
    job, _ = jobs[BROKEN]
    assert job["AutoMLJobStatus"] == "Failed"
    assert "soon" in job["FailureReason"]
    assert "'day'" in job["FailureReason"]


@pytest.fixture
def own_server(tmp_path):
    running = RunningServer(tmp_path / "data")
    yield running
    running.stop()


def completed(server, name):
    """Candidates that have finished, with their scores."""
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=name, MaxResults=100
    )["Candidates"]
    return {
        one["CandidateName"]: one["FinalAutoMLJobObjectiveMetric"]["Value"]
        for one in listed
        if one["CandidateStatus"] == "Completed"
    }


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_kills_at_random_points_lose_and_duplicate_nothing(own_server):
    """All models are tried. Between kills the server has the time to get a little further; the last of them are while the report
    on the backtests is made, and while the endpoint is."""
    server, dice, seen = own_server, random.Random(20261201), {}
    config = {**CONFIG, "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 1500}}
    del config["CandidateGenerationConfig"]
    begin(server, NAME, rows(), config, ModelDeployConfig={"EndpointName": NAME})
    for stage in ("", "", "", "", "", "", "", REPORT, REPORT, DEPLOYMENT):
        if stage:
            reached(server, stage)
        time.sleep(dice.uniform(0.0, 0.5) if stage else dice.uniform(0.2, 4))
        seen |= completed(server, NAME)
        server.kill()
        server.start()
    job, _ = ended(server, NAME, 600)
    assert job["AutoMLJobStatus"] == "Completed", job
    assert "PartialFailureReasons" not in job
    after = completed(server, NAME)
    assert seen.items() <= after.items()
    names = [name.rsplit("-", 1)[0] for name in after]
    assert len(names) == len(set(names)) > 10
    places = job["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]
    bucket, _, prefix = places["ModelInsights"].removeprefix("s3://").partition("/")
    found = server.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    assert any(one["Key"].endswith("report.html") for one in found), found
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=NAME, ContentType="text/csv", Body=rows()
    )
    assert answer["Body"].read().count(b"\n") >= 6 * HORIZON


def reached(server, stage):
    """Wait until the job is at a stage, or past it."""
    sagemaker, give_up = server.client("sagemaker"), time.monotonic() + 900
    while True:
        job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=NAME)
        if job["AutoMLJobSecondaryStatus"] in STAGES[STAGES.index(stage) :]:
            return
        assert time.monotonic() < give_up, (job, server.log()[-5000:])
        time.sleep(0.02)

"""Forecasting jobs from upload to forecast: boto3, the SageMaker SDK's AutoMLV2, the AWS command line."""

import csv
import io
import json
import sys
import time

import numpy as np
import pytest
from journeys.commands import version_1
from journeys.pages import blocks, run
from journeys.running import FINAL
from journeys.sdk import told_by

PAGE = "docs/forecasting-jobs.md"
HORIZON, N_DAYS = 14, 90
QUANTILES = ["p10", "p50", "p90"]
FORECAST = {
    "ForecastFrequency": "1D",
    "ForecastHorizon": HORIZON,
    "TimeSeriesConfig": {
        "TargetAttributeName": "sales",
        "TimestampAttributeName": "day",
        "ItemIdentifierAttributeName": "shop",
    },
    "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets", "arima"]}]},
    "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 240},
}
"""As in the example of the page."""


def rows(n_days=N_DAYS, shops=("north", "south", "west")):
    """Sales of shops by weekday and promotion, as CSV; what promotions there will be is known for the horizon."""
    random = np.random.default_rng(5)
    days = np.datetime64("2024-01-01") + np.arange(n_days + HORIZON)
    lines = ["shop,day,sales,promotion"]
    for number, shop in enumerate(shops, start=1):
        promotion = random.integers(0, 2, len(days))
        wave = 1 + 0.4 * np.sin(2 * np.pi * np.arange(len(days)) / 7)
        sales = 100 * number * wave * (1 + 0.3 * promotion) + random.normal(0, 3, len(days))
        for day in range(len(days)):
            value = f"{sales[day]:.2f}" if day < n_days else ""
            lines.append(f"{shop},{days[day]},{value},{promotion[day]}")
    return "\n".join(lines).encode() + b"\n"


def forecasts(text):
    """Rows of an answer, by shop."""
    found = list(csv.DictReader(io.StringIO(text)))
    return {
        shop: [row for row in found if row["shop"] == shop]
        for shop in {row["shop"] for row in found}
    }


def check_forecasts(made, shops, quantiles=QUANTILES):
    """A forecast of each step for each shop, quantiles in order, the weekdays told apart."""
    assert set(made) == set(shops)
    first = np.datetime64("2024-01-01") + N_DAYS
    for shop, steps in made.items():
        assert list(steps[0]) == ["shop", "day", *quantiles, "mean"]
        assert [row["day"] for row in steps] == [str(first + i) for i in range(HORIZON)]
        for row in steps:
            levels = [float(row[name]) for name in quantiles]
            assert levels == sorted(levels), (shop, row)
        middle = [float(row["p50"]) for row in steps]
        assert max(middle) > 1.3 * min(middle), shop


def wait_for(server, name, timeout_s=240):
    """The job at its end."""
    sagemaker = server.client("sagemaker")
    give_up = time.monotonic() + timeout_s
    while True:
        job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)
        if job["AutoMLJobStatus"] in FINAL:
            return job
        assert time.monotonic() < give_up, (job, server.log()[-5000:])
        time.sleep(0.2)


def create(server, name, uri, **members):
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    server.client("sagemaker").create_auto_ml_job_v2(
        **{
            "AutoMLJobName": name,
            "AutoMLJobInputDataConfig": [{"DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/forecasts"},
            "RoleArn": server.env["WINDVANE_ROLE_ARN"],
            "AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": FORECAST},
            **members,
        }
    )


@pytest.fixture(scope="module")
def answered(server, tmp_path_factory):
    """What the example of the page prints: a job is created, waited for, and its endpoint asked."""
    folder = tmp_path_factory.mktemp("sales")
    (folder / "sales.csv").write_bytes(rows())
    [example] = blocks(PAGE, "python")
    printed, _ = run(example, folder, server.shell_env(), sys.executable)
    return printed


@pytest.fixture(scope="module")
def job(server, answered):
    return server.client("sagemaker").describe_auto_ml_job_v2(AutoMLJobName="sales")


def test_the_documented_example_prints_a_forecast_of_every_shop(answered):
    check_forecasts(forecasts(answered.rstrip("\n")), ["north", "south", "west"])


def test_a_job_completes_as_it_was_asked_for(job):
    described = job
    assert described["AutoMLJobStatus"] == "Completed", described
    assert described["AutoMLProblemTypeConfigName"] == "TimeSeriesForecasting"
    assert described["AutoMLProblemTypeConfig"] == {"TimeSeriesForecastingJobConfig": FORECAST}
    resolved = described["ResolvedAttributes"]
    assert resolved["AutoMLJobObjective"] == {"MetricName": "AverageWeightedQuantileLoss"}
    assert resolved["CompletionCriteria"]["MaxAutoMLJobRuntimeInSeconds"] == 240
    assert "PartialFailureReasons" not in described
    assert described["ModelDeployResult"] == {"EndpointName": "sales"}


def test_candidates_are_models_and_their_average_with_their_backtests(server, job):
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName="sales", SortBy="FinalObjectiveMetricValue"
    )["Candidates"]
    losses = [
        one["FinalAutoMLJobObjectiveMetric"]["Value"]
        for one in listed
        if one["CandidateStatus"] == "Completed"
    ]
    assert len(losses) > 3
    assert losses == sorted(losses)
    best = job["BestCandidate"]
    assert len(best["InferenceContainers"]) == 1
    place = best["CandidateProperties"]["CandidateArtifactLocations"]["BacktestResults"]
    bucket, prefix = place.removeprefix("s3://").split("/", 1)
    s3 = server.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    assert {one["Key"].rsplit(".", 1)[1] for one in found} >= {"csv", "json"}


def test_the_endpoint_forecasts_an_item_by_its_name(server, job):
    """From the history that is kept with the model; what is known in advance was among its rows."""
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="sales",
        ContentType="application/json",
        Accept="text/csv",
        Body=json.dumps({"instances": [{"shop": "north"}]}),
    )
    check_forecasts(forecasts(answer["Body"].read().decode()), ["north"])


def test_a_transform_job_forecasts_a_whole_object(server, job):
    sagemaker, bucket = server.client("sagemaker"), server.env["WINDVANE_BUCKET"]
    sagemaker.create_model(
        ModelName="sales-batch",
        ExecutionRoleArn=server.env["WINDVANE_ROLE_ARN"],
        Containers=job["BestCandidate"]["InferenceContainers"],
    )
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/sales/sales.csv"}}
    sagemaker.create_transform_job(
        TransformJobName="sales-batch",
        ModelName="sales-batch",
        MaxPayloadInMB=0,
        TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "None"},
        TransformOutput={"S3OutputPath": f"s3://{bucket}/sales-out", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="sales-batch", WaiterConfig={"Delay": 0.2, "MaxAttempts": 1200})
    out = server.client("s3").get_object(Bucket=bucket, Key="sales-out/sales.csv.out")
    check_forecasts(forecasts(out["Body"].read().decode()), ["north", "south", "west"])


def test_what_is_wrong_with_the_data_ends_the_job_and_says_what(server):
    uri = server.upload("short/rows.csv", rows(n_days=20))
    create(server, "short", uri)
    described = wait_for(server, "short")
    assert described["AutoMLJobStatus"] == "Failed"
    assert "at most a quarter of the time steps" in described["FailureReason"]


def with_columns(shop):
    """Rows of a shop with columns of every role, as a Parquet file."""
    import pandas as pd

    made = pd.read_csv(io.BytesIO(rows(shops=(shop,)))).rename(columns={"shop": "item"})
    is_ahead = made["sales"].isna()
    made["shop"] = shop
    made["weather"] = np.where(is_ahead, None, np.where(np.arange(len(made)) % 3, "sun", "rain"))
    made["size"] = {"north": 1, "south": 2}[shop]
    made["memo"] = np.arange(len(made))
    made["item"] = "tea"
    out = io.BytesIO()
    made.to_parquet(out, index=False)
    return out.getvalue()


@pytest.mark.long
def test_every_member_of_a_request_has_its_effect(server):
    bucket, name = server.env["WINDVANE_BUCKET"], "whole-forecast"
    for shop in ("north", "south"):
        server.upload(f"{name}/{shop}.parquet", with_columns(shop))
    named = [{"prefix": f"s3://{bucket}/{name}/"}, "north.parquet", "south.parquet"]
    manifest = server.upload(f"{name}.manifest", json.dumps(named).encode())
    features = {
        "FeatureAttributeNames": ["promotion", "weather", "size"],
        "FeatureDataTypes": {"promotion": "categorical"},
    }
    specification = server.upload(f"{name}.json", json.dumps(features).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": manifest}}
    channel = {"ContentType": "x-application/vnd.amazon+parquet", "DataSource": source}
    columns = {**FORECAST["TimeSeriesConfig"], "ItemIdentifierAttributeName": "item"}
    config = {
        **FORECAST,
        "ForecastQuantiles": ["p95", "p5"],
        "TimeSeriesConfig": {**columns, "GroupingAttributeNames": ["shop"]},
        "Transformations": {
            "Filling": {
                "sales": {"middlefill": "zero"},
                "promotion": {"futurefill": "value", "futurefill_value": "0"},
            },
            "Aggregation": {"sales": "avg"},
        },
        "HolidayConfig": [{"CountryCode": "DE"}],
        "FeatureSpecificationS3Uri": specification,
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["npts"]}]},
    }
    create(
        server,
        name,
        manifest,
        AutoMLJobInputDataConfig=[channel],
        AutoMLProblemTypeConfig={"TimeSeriesForecastingJobConfig": config},
        AutoMLJobObjective={"MetricName": "RMSE"},
        ModelDeployConfig={"EndpointName": name},
    )
    described = wait_for(server, name)
    assert described["AutoMLJobStatus"] == "Completed", described
    assert described["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "RMSE"
    found = json.loads(
        server.client("s3")
        .get_object(Bucket=bucket, Key=f"forecasts/{name}/preprocessed-data/series/findings.json")[
            "Body"
        ]
        .read()
    )
    assert found["n_series"] == 2
    roles = {role: found[role] for role in ("known_covariates", "past_covariates", "static")}
    assert roles == {
        "known_covariates": ["promotion"],
        "past_covariates": ["weather"],
        "static": ["size"],
    }
    told = server.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/AutoMLJobs", logStreamNamePrefix=name
    )
    said = [event["message"] for event in told["events"]]
    assert "Algorithms to try: npts, seasonal-npts." in said
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name,
        ContentType="application/json",
        Accept="text/csv",
        Body=json.dumps({"instances": [{"item": "tea", "shop": "south"}]}),
    )
    steps = list(csv.DictReader(io.StringIO(answer["Body"].read().decode())))
    assert list(steps[0]) == ["item", "shop", "day", "p5", "p95", "mean"]
    assert {(row["item"], row["shop"]) for row in steps} == {("tea", "south")}
    assert len(steps) == HORIZON


@pytest.mark.long
def test_the_sdk_fits_attaches_transforms_and_deploys(server, tmp_path):
    train, history = tmp_path / "train.csv", tmp_path / "history.csv"
    train.write_bytes(rows())
    history.write_bytes(rows(shops=("north", "south")))
    _, told = told_by(server, tmp_path, "sdk_forecast.py", "sdk-forecast", train, history)
    assert told["best"] in told["candidates"]
    assert told["metric"]["MetricName"] == "WAPE"
    assert told["places"]["BacktestResults"].startswith("s3://")
    quantiles = ["p20", "p50", "p80"]
    check_forecasts(forecasts(told["batch"]), ["north", "south"], quantiles)
    assert told["answers"] == list(csv.reader(io.StringIO(told["batch"])))


@pytest.mark.long
def test_from_upload_to_forecast_with_the_aws_cli(server, tmp_path):
    aws = version_1(server, tmp_path)
    bucket, name = server.env["WINDVANE_BUCKET"], "cli-forecast"
    (tmp_path / "rows.csv").write_bytes(rows())
    aws("s3", "cp", str(tmp_path / "rows.csv"), f"s3://{bucket}/{name}/rows.csv")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/"}
    channel = {"ChannelType": "training", "DataSource": {"S3DataSource": source}}
    aws(
        *("sagemaker", "create-auto-ml-job-v2", "--auto-ml-job-name", name),
        *("--auto-ml-job-input-data-config", json.dumps([channel])),
        *("--output-data-config", f"S3OutputPath=s3://{bucket}/forecasts"),
        *(
            "--auto-ml-problem-type-config",
            json.dumps({"TimeSeriesForecastingJobConfig": FORECAST}),
        ),
        *("--role-arn", server.env["WINDVANE_ROLE_ARN"]),
        *("--model-deploy-config", "EndpointName=cli-forecast"),
    )
    wait_for(server, name)
    described = aws("sagemaker", "describe-auto-ml-job-v2", "--auto-ml-job-name", name)
    assert described["AutoMLJobStatus"] == "Completed", described
    answer = tmp_path / "forecast.csv"
    aws(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", name),
        *("--content-type", "text/csv", "--body", f"fileb://{tmp_path / 'rows.csv'}", str(answer)),
    )
    check_forecasts(forecasts(answer.read_text()), ["north", "south", "west"])

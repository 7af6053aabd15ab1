"""Electricity load by two hours, a forecast of a week: boto3 for the job with all algorithms, AutoMLV2.attach and deploy.

The calls are those of the notebook `lab2_sagemaker_autopilot_api` of the samples "Modern time series forecasting on AWS".
"""

import io
import os
import tempfile
import time
import zipfile
from pathlib import Path

import boto3
import pandas as pd
import sagemaker
from sagemaker.automl.automlv2 import AutoMLV2

ARCHIVE = "LD2011_2014.txt.zip"
HORIZON = 7 * 12

session = sagemaker.Session()
region = session.boto_region_name
bucket, prefix = session.default_bucket(), "samples/electricity"
sm = boto3.client("sagemaker")
folder = Path(tempfile.mkdtemp(prefix="electricity-"))

# The load of each customer by quarters of an hour, with commas for points; by two hours, as a long table.
boto3.client("s3").download_file(
    f"sagemaker-example-files-prod-{region}",
    f"datasets/timeseries/uci_electricity/{ARCHIVE}",
    str(folder / ARCHIVE),
)
with zipfile.ZipFile(folder / ARCHIVE) as archive:
    archive.extractall(folder)
raw = pd.read_csv(
    folder / ARCHIVE.removesuffix(".zip"), sep=";", index_col=0, decimal=",", parse_dates=True
)
load = raw.resample("2h").mean().rename_axis("ts")
long = load.reset_index().melt(id_vars="ts", var_name="mt_id", value_name="consumption")
long.to_csv(folder / "train.csv", index=False)
session.upload_data(str(folder / "train.csv"), key_prefix=f"{prefix}/data/train")

# The job.
job_name = time.strftime("automl-ts-%Y%m%d-%H%M%S", time.gmtime())
train_uri = f"s3://{bucket}/{prefix}/data/train/"
sm.create_auto_ml_job_v2(
    AutoMLJobName=job_name,
    AutoMLJobInputDataConfig=[
        {
            "ChannelType": "training",
            "ContentType": "text/csv;header=present",
            "CompressionType": "None",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": train_uri}},
        }
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{prefix}/output"},
    AutoMLProblemTypeConfig={
        "TimeSeriesForecastingJobConfig": {
            "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 180},
            "ForecastFrequency": "2H",
            "ForecastHorizon": HORIZON,
            "ForecastQuantiles": ["p10", "p50", "p90"],
            "Transformations": {
                "Filling": {"consumption": {"middlefill": "nan", "backfill": "nan"}}
            },
            "TimeSeriesConfig": {
                "TargetAttributeName": "consumption",
                "TimestampAttributeName": "ts",
                "ItemIdentifierAttributeName": "mt_id",
            },
            "CandidateGenerationConfig": {
                "AlgorithmsConfig": [
                    {"AutoMLAlgorithms": ["cnn-qr", "deepar", "prophet", "npts", "arima", "ets"]}
                ]
            },
        }
    },
    AutoMLJobObjective={"MetricName": "AverageWeightedQuantileLoss"},
    RoleArn=os.environ["WINDVANE_ROLE_ARN"],
)
job = sm.describe_auto_ml_job_v2(AutoMLJobName=job_name)
while job["AutoMLJobStatus"] not in ("Failed", "Completed", "Stopped"):
    print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"])
    time.sleep(5)
    job = sm.describe_auto_ml_job_v2(AutoMLJobName=job_name)
print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"], job.get("FailureReason", ""))
print(f"{(job['EndTime'] - job['CreationTime']).seconds} seconds")
candidates = sm.list_candidates_for_auto_ml_job(
    AutoMLJobName=job_name,
    StatusEquals="Completed",
    SortOrder="Ascending",
    SortBy="FinalObjectiveMetricValue",
)["Candidates"]
for candidate in candidates:
    print(f"{candidate['CandidateName']}: {candidate['FinalAutoMLJobObjectiveMetric']['Value']}")
best = job["BestCandidate"]

# An endpoint of the best candidate, which is sent the last week of one customer.
endpoint_name = f"{best['CandidateName']}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
automl = AutoMLV2.attach(job_name)
automl.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.4xlarge",
    candidate=best,
    endpoint_name=endpoint_name,
    sagemaker_session=session,
)
customer = long["mt_id"].iloc[0]
last_week = long[long["mt_id"] == customer].tail(HORIZON)
response = boto3.client("sagemaker-runtime").invoke_endpoint(
    EndpointName=endpoint_name, Body=last_week.to_csv(index=False), ContentType="text/csv"
)
forecast = pd.read_csv(io.StringIO(response["Body"].read().decode()), header=0)
forecast["ts"] = pd.to_datetime(forecast["ts"])
print(f"{len(forecast)} steps of {customer} from {forecast['ts'].iloc[0]} on")
inside = ((forecast["p10"] <= forecast["p50"]) & (forecast["p50"] <= forecast["p90"])).all()
print("Quantiles in order:", inside)
sm.delete_endpoint(EndpointName=endpoint_name)

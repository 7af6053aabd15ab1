"""Food demand by week, a forecast: boto3 for the job, a model of its best candidate, an endpoint, and batch transform.

The calls are those of Amazon's notebook `autopilot_time_series`.
"""

import io
import os
import tempfile
import time
from pathlib import Path

import boto3
import pandas as pd
import sagemaker

SOURCE = "amazon-forecast-samples"
DATA = "synthetic-food-demand.csv"

region = boto3.Session().region_name
session = sagemaker.Session()
bucket, prefix = session.default_bucket(), "samples/food-demand"
role = os.environ["WINDVANE_ROLE_ARN"]
sm = boto3.Session().client(service_name="sagemaker", region_name=region)
s3 = boto3.resource("s3")
folder = Path(tempfile.mkdtemp(prefix="food-demand-"))


def wait(describe, member, ends, seconds):
    """Ask again and again until a status is one of `ends`."""
    while (told := describe())[member] not in ends:
        print(told[member])
        time.sleep(seconds)
    print(told[member], told.get("FailureReason", ""))
    return told


# The history of each product in each place, and what is known of the four weeks to come.
s3.meta.client.copy(
    {"Bucket": SOURCE, "Key": f"autopilot/{DATA}"}, bucket, f"{prefix}/train/{DATA}"
)

# The job.
job_name = time.strftime("ts-%Y%m%d-%H%M%S", time.gmtime())
nothing = {"middlefill": "zero", "backfill": "zero", "futurefill": "zero"}
parts = ("middlefill", "backfill", "futurefill")
usual_price = dict.fromkeys(parts, "value") | {f"{part}_value": "1" for part in parts}
train_uri = f"s3://{bucket}/{prefix}/train/"
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
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{prefix}/train_output"},
    AutoMLProblemTypeConfig={
        "TimeSeriesForecastingJobConfig": {
            "ForecastFrequency": "W",
            "ForecastHorizon": 4,
            "ForecastQuantiles": ["p50", "p60", "p70", "p80", "p90"],
            "Transformations": {
                "Filling": {
                    "unit_sales": {"middlefill": "zero", "backfill": "zero"},
                    "promotion_email": nothing,
                    "promotion_homepage": nothing,
                    "scaled_price": usual_price,
                }
            },
            "TimeSeriesConfig": {
                "TargetAttributeName": "unit_sales",
                "TimestampAttributeName": "timestamp",
                "ItemIdentifierAttributeName": "product_code",
                "GroupingAttributeNames": ["location_code"],
            },
            "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 180},
        }
    },
    AutoMLJobObjective={"MetricName": "AverageWeightedQuantileLoss"},
    RoleArn=role,
)
job = wait(
    lambda: sm.describe_auto_ml_job_v2(AutoMLJobName=job_name),
    "AutoMLJobStatus",
    ("Failed", "Completed", "Stopped"),
    5,
)

# A model of the best candidate, under the candidate's name.
best = sm.describe_auto_ml_job_v2(AutoMLJobName=job_name)["BestCandidate"]
name = best["CandidateName"]
containers = best["InferenceContainers"]
sm.create_model(ModelName=name, ExecutionRoleArn=role, Containers=containers)
print("The best candidate is", name, "with", containers)

# An endpoint, which is sent the history of one product in one place.
sm.create_endpoint_config(
    EndpointConfigName=f"epc-{name}",
    ProductionVariants=[
        {
            "InstanceType": "ml.m5.2xlarge",
            "InitialInstanceCount": 1,
            "ModelName": name,
            "VariantName": "AllTraffic",
        }
    ],
)
sm.create_endpoint(EndpointName=f"ep-{name}", EndpointConfigName=f"epc-{name}")
wait(
    lambda: sm.describe_endpoint(EndpointName=f"ep-{name}"),
    "EndpointStatus",
    ("Failed", "InService", "Stopped"),
    1,
)
s3.Bucket(SOURCE).download_file("autopilot/real-time-payload.csv", str(folder / "payload.csv"))
response = boto3.client("sagemaker-runtime").invoke_endpoint(
    EndpointName=f"ep-{name}", Body=(folder / "payload.csv").read_text(), ContentType="text/csv"
)
prediction = response["Body"].read().decode()
(folder / "real-time-prediction-output.csv").write_text(prediction)
key = f"s3://{bucket}/{prefix}/realtime_inference/real-time-prediction-output.csv"
boto3.client("s3").put_object(Body=prediction, Bucket=bucket, Key=key)
at_once = pd.read_csv(io.StringIO(prediction), sep=",")
print(at_once.head(10).to_string(index=False))
sm.delete_endpoint(EndpointName=f"ep-{name}")
sm.delete_endpoint_config(EndpointConfigName=f"epc-{name}")

# Batch transform of all that there is.
transform_name = f"{name}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
s3.meta.client.copy(
    {"Bucket": SOURCE, "Key": f"autopilot/{DATA}"}, bucket, f"{prefix}/batch_transform/input/{DATA}"
)
input_uri = f"s3://{bucket}/{prefix}/batch_transform/input/"
sm.create_transform_job(
    TransformJobName=transform_name,
    ModelName=name,
    MaxPayloadInMB=0,
    ModelClientConfig={"InvocationsTimeoutInSeconds": 3600},
    TransformInput={
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": input_uri}},
        "ContentType": "text/csv",
        "SplitType": "None",
    },
    TransformOutput={
        "S3OutputPath": f"s3://{bucket}/{prefix}/batch_transform/output/",
        "AssembleWith": "Line",
    },
    TransformResources={"InstanceType": "ml.m5.12xlarge", "InstanceCount": 1},
)
wait(
    lambda: sm.describe_transform_job(TransformJobName=transform_name),
    "TransformJobStatus",
    ("Failed", "Completed", "Stopped"),
    1,
)
answers = s3.Object(bucket, f"{prefix}/batch_transform/output/{DATA}.out").get()["Body"].read()
forecast = pd.read_csv(io.BytesIO(answers))
n_series = len(forecast[["product_code", "location_code"]].drop_duplicates())
print(f"{len(forecast)} rows of {n_series} series: {', '.join(forecast.columns)}")
sm.delete_model(ModelName=name)

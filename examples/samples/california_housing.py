"""California housing, a regression: boto3 for the job, its notebooks and its explanation downloaded, AutoML.attach, and
batch transform with a transformer's own settings.

The calls are those of Amazon's notebook `sm-autopilot_linear_regression_california_housing`.
"""

import io
import os
import tarfile
import tempfile
import time
from pathlib import Path
from urllib.parse import urlparse

import boto3
import numpy as np
import pandas as pd
import sagemaker
from sagemaker import AutoML

TARGET = "medianHouseValue"
COLUMNS = [
    "longitude",
    "latitude",
    "housingMedianAge",
    "totalRooms",
    "totalBedrooms",
    "population",
    "households",
    "medianIncome",
    TARGET,
]

region = boto3.Session().region_name
session = sagemaker.Session()
bucket, prefix = session.default_bucket(), "samples/housing"
sm = boto3.client("sagemaker", region_name=region)
folder = Path(tempfile.mkdtemp(prefix="housing-"))

# Rows to learn from, and rows to answer.
boto3.client("s3").download_file(
    f"sagemaker-example-files-prod-{region}",
    "datasets/tabular/california_housing/cal_housing.tgz",
    str(folder / "cal_housing.tgz"),
)
with tarfile.open(folder / "cal_housing.tgz") as archive:
    table = archive.extractfile("CaliforniaHousing/cal_housing.data").read()
housing = pd.read_csv(io.BytesIO(table), names=COLUMNS)
housing.loc[housing.sample(frac=0.01, random_state=100).index, "housingMedianAge"] = np.nan
train = housing.sample(frac=0.8, random_state=200)
test = housing.drop(train.index)
train.to_csv(folder / "train_data.csv", index=False)
test.drop(columns=TARGET).to_csv(folder / "test_data_no_target.csv", index=False, header=False)
session.upload_data(str(folder / "train_data.csv"), key_prefix=f"{prefix}/train")
test_uri = session.upload_data(str(folder / "test_data_no_target.csv"), key_prefix=f"{prefix}/test")

# The job.
job_name = time.strftime("automl-housing-%Y%m%d-%H-%M-%S", time.gmtime())
train_uri = f"s3://{bucket}/{prefix}/train"
sm.create_auto_ml_job(
    AutoMLJobName=job_name,
    InputDataConfig=[
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": train_uri}},
            "TargetAttributeName": TARGET,
        }
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{prefix}/output"},
    AutoMLJobConfig={
        "CompletionCriteria": {"MaxCandidates": 2, "MaxAutoMLJobRuntimeInSeconds": 180}
    },
    RoleArn=os.environ["WINDVANE_ROLE_ARN"],
)
job = sm.describe_auto_ml_job(AutoMLJobName=job_name)
while job["AutoMLJobStatus"] not in ("Failed", "Completed", "Stopped"):
    print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"])
    time.sleep(5)
    job = sm.describe_auto_ml_job(AutoMLJobName=job_name)
print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"], job.get("FailureReason", ""))
best = job["BestCandidate"]
print("The best candidate is", best["CandidateName"])
for candidate in sm.list_candidates_for_auto_ml_job(AutoMLJobName=job_name)["Candidates"]:
    print(candidate["CandidateName"], candidate["FinalAutoMLJobObjectiveMetric"])
    print(candidate["InferenceContainers"][1]["Image"])

# Its notebooks, and the explanation of the best candidate: one folder below the place that is named.
for location in job["AutoMLJobArtifacts"].values():
    session.download_data(str(folder), bucket, key_prefix=urlparse(location).path[1:])
explanation = urlparse(
    best["CandidateProperties"]["CandidateArtifactLocations"]["Explainability"]
).path[1:]
session.download_data(str(folder), bucket, key_prefix=explanation)
below = session.list_s3_files(bucket, explanation)[0].replace(explanation, "").split("/")[1]
print("Downloaded", *sorted(file.name for file in folder.glob("*.ipynb")), f"{below}/report.html")
print((folder / below / "report.html").stat().st_size, "bytes")

# Batch transform of the rows that were kept back.
automl = AutoML.attach(auto_ml_job_name=job_name)
model = automl.create_model(name=f"{best['CandidateName']}-model", candidate=best)
transformer = model.transformer(
    instance_count=1,
    instance_type="ml.m5.xlarge",
    assemble_with="Line",
    strategy="SingleRecord",
    output_path=f"s3://{bucket}/{prefix}/inference-results/{best['CandidateName']}/",
    env={"SAGEMAKER_MODEL_SERVER_TIMEOUT": "100", "SAGEMAKER_MODEL_SERVER_WORKERS": "1"},
)
transformer.transform(
    test_uri,
    split_type="Line",
    content_type="text/csv",
    wait=False,
    model_client_config={"InvocationsTimeoutInSeconds": 80, "InvocationsMaxRetries": 1},
)
transform = transformer.latest_transform_job.name
while sm.describe_transform_job(TransformJobName=transform)["TransformJobStatus"] == "InProgress":
    time.sleep(2)
status = sm.describe_transform_job(TransformJobName=transform)["TransformJobStatus"]
key = f"{prefix}/inference-results/{best['CandidateName']}/test_data_no_target.csv.out"
answers = boto3.resource("s3").Object(bucket, key).get()["Body"].read()
predicted = pd.read_csv(io.BytesIO(answers), header=None)[0].to_numpy()
rmse = np.sqrt(np.mean((predicted - test[TARGET].to_numpy()) ** 2))
print(f"{transform} {status}: RMSE {rmse:.0f} of {len(predicted)} rows")

for model in sm.list_models(NameContains=job_name)["Models"]:
    sm.delete_model(ModelName=model["ModelName"])
boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=f"{prefix}/output/{job_name}").delete()

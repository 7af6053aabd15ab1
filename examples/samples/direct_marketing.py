"""Direct marketing: boto3 for the job, its best candidates as models, and batch transform of rows that were kept back.

The calls are those of Amazon's notebook `sagemaker_autopilot_direct_marketing`.
"""

import os
import tempfile
import time
from pathlib import Path

import boto3
import pandas as pd
import sagemaker

BEST = 2

region = boto3.Session().region_name
session = sagemaker.Session()
bucket, prefix = session.default_bucket(), "samples/direct-marketing"
role = os.environ["WINDVANE_ROLE_ARN"]
sm = boto3.client("sagemaker", region_name=region)
s3 = boto3.resource("s3")
folder = Path(tempfile.mkdtemp(prefix="direct-marketing-"))
suffix = time.strftime("%d-%H-%M-%S", time.gmtime())

# Rows to learn from, and rows to answer.
s3.Bucket(f"sagemaker-example-files-prod-{region}").download_file(
    "datasets/tabular/uci_bank_marketing/bank-additional-full.csv", str(folder / "bank.csv")
)
data = pd.read_csv(folder / "bank.csv").sample(5000, random_state=200)
train = data.sample(frac=0.8, random_state=200)
test = data.drop(train.index)
train.to_csv(folder / "train_data.csv", index=False)
test.drop(columns="y").to_csv(folder / "test_data.csv", index=False, header=False)
session.upload_data(str(folder / "train_data.csv"), key_prefix=f"{prefix}/train")
test_uri = session.upload_data(str(folder / "test_data.csv"), key_prefix=f"{prefix}/test")

# The job.
job_name = f"automl-banking-{suffix}"
train_uri = f"s3://{bucket}/{prefix}/train"
sm.create_auto_ml_job(
    AutoMLJobName=job_name,
    InputDataConfig=[
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": train_uri}},
            "TargetAttributeName": "y",
        }
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{prefix}/output"},
    AutoMLJobConfig={
        "CompletionCriteria": {"MaxCandidates": 3, "MaxAutoMLJobRuntimeInSeconds": 180}
    },
    RoleArn=role,
)
job = sm.describe_auto_ml_job(AutoMLJobName=job_name)
while job["AutoMLJobStatus"] not in ("Failed", "Completed", "Stopped"):
    print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"])
    time.sleep(5)
    job = sm.describe_auto_ml_job(AutoMLJobName=job_name)
print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"], job.get("FailureReason", ""))
print(job["AutoMLJobArtifacts"]["CandidateDefinitionNotebookLocation"])
print(job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"])
print("The best candidate is", job["BestCandidate"]["CandidateName"])

# A model and a transform job of each of the best candidates.
candidates = sm.list_candidates_for_auto_ml_job(
    AutoMLJobName=job_name, SortBy="FinalObjectiveMetricValue"
)["Candidates"]
for index, candidate in enumerate(candidates, 1):
    print(index, candidate["CandidateName"], candidate["FinalAutoMLJobObjectiveMetric"]["Value"])
for index, candidate in enumerate(candidates[:BEST], 1):
    model_name = f"automl-banking-model-{index}-{suffix}"
    model = sm.create_model(
        Containers=candidate["InferenceContainers"], ModelName=model_name, ExecutionRoleArn=role
    )
    print(model["ModelArn"])
    sm.create_transform_job(
        TransformJobName=f"automl-banking-transform-{index}-{suffix}",
        ModelName=model_name,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": test_uri}},
            "ContentType": "text/csv",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{bucket}/{prefix}/inference-results/{model_name}"},
        TransformResources={"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1},
    )

# What they answer.
for index in range(1, 1 + len(candidates[:BEST])):
    transform_name = f"automl-banking-transform-{index}-{suffix}"
    transform = sm.describe_transform_job(TransformJobName=transform_name)
    while transform["TransformJobStatus"] not in ("Failed", "Completed", "Stopped"):
        time.sleep(2)
        transform = sm.describe_transform_job(TransformJobName=transform_name)
    model_name, answers = transform["ModelName"], str(folder / f"answers-{index}.csv")
    s3.Bucket(bucket).download_file(
        f"{prefix}/inference-results/{model_name}/test_data.csv.out", answers
    )
    labels = pd.read_csv(answers, header=None)[0]
    right = (labels.to_numpy() == test["y"].to_numpy()).mean()
    print(f"{transform_name} {transform['TransformJobStatus']}: {right:.3f} of {len(labels)} right")
    sm.delete_model(ModelName=model_name)

"""How a first job is started without the console: the same in the words of the AWS CLI and of boto3. Names of buckets need
no quotes; a role, whose path is of any signs, is a literal of its language."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from windvane.names import default_bucket
from windvane.wire.call import Caller

_SHELL = """\
eval "$(windvane env --data-dir DIR)"

aws s3 cp train.csv s3://{bucket}/first-job/
aws sagemaker create-auto-ml-job --auto-ml-job-name first-job \\
  --input-data-config '[{{"TargetAttributeName": "y", "DataSource": {{"S3DataSource":
    {{"S3DataType": "S3Prefix", "S3Uri": "s3://{bucket}/first-job/"}}}}}}]' \\
  --auto-ml-job-config 'CompletionCriteria={{MaxAutoMLJobRuntimeInSeconds=600}}' \\
  --output-data-config S3OutputPath=s3://{bucket}/jobs \\
  --role-arn {role}"""

_PYTHON = """\
import boto3  # with the variables that `windvane env` prints

bucket = "{bucket}"
data = {{"S3DataType": "S3Prefix", "S3Uri": f"s3://{{bucket}}/first-job/"}}
boto3.client("s3").upload_file("train.csv", bucket, "first-job/train.csv")
boto3.client("sagemaker").create_auto_ml_job(
    AutoMLJobName="first-job",
    InputDataConfig=[
        {{"TargetAttributeName": "y", "DataSource": {{"S3DataSource": data}}}},
    ],
    AutoMLJobConfig={{"CompletionCriteria": {{"MaxAutoMLJobRuntimeInSeconds": 600}}}},
    OutputDataConfig={{"S3OutputPath": f"s3://{{bucket}}/jobs"}},
    RoleArn={role},
)"""


@dataclass(frozen=True)
class FirstJob:
    """Code to copy: for a shell, and in Python."""

    shell: str
    python: str


def first_job(caller: Caller, roles: tuple[str, ...]) -> FirstJob:
    """Return the first steps that a page without jobs shows.

    roles    ARNs of those that the caller may hand to jobs
    """
    bucket, role = default_bucket(caller.account, caller.region), next(iter(roles), "ROLE")
    return FirstJob(
        _SHELL.format(bucket=bucket, role=shlex.quote(role)),
        _PYTHON.format(bucket=bucket, role=json.dumps(role)),
    )

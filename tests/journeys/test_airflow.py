"""What the operators and sensors of Airflow's Amazon provider (9.39) ask, in their order and with the keys of their
connection. `make test-long` has the provider itself ask: test_airflow_itself.py."""

import gzip
import time

import pytest
from botocore.exceptions import ClientError
from journeys.connecting import Hook, connection
from journeys.small import table

JOB, TRANSFORM_JOB = "by-airflow", "from-a-dag"
GOING_ON = ("InProgress", "Stopping")


@pytest.fixture(scope="module")
def hook(server):
    return Hook(connection(server))


@pytest.fixture(scope="module")
def sagemaker(hook):
    return hook.client("sagemaker")


@pytest.fixture(scope="module")
def root(server):
    return f"s3://{server.env['WINDVANE_BUCKET']}/airflow"


@pytest.fixture(scope="module")
def job(server, hook, sagemaker, root):
    """SageMakerAutoMLOperator, which looks at nothing before it creates a job, and asks for its end by Describe."""
    s3 = hook.client("s3")
    body = gzip.compress(table(of_classes=True))
    s3.put_object(Bucket=server.env["WINDVANE_BUCKET"], Key="airflow/table.csv.gz", Body=body)
    sagemaker.create_auto_ml_job(
        AutoMLJobName=JOB,
        InputDataConfig=[
            {
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"{root}/table.csv.gz",
                    }
                },
                "TargetAttributeName": "y",
                "CompressionType": "Gzip",
            }
        ],
        OutputDataConfig={"S3OutputPath": f"{root}/output"},
        RoleArn=server.env["WINDVANE_ROLE_ARN"],
        AutoMLJobConfig={
            "CompletionCriteria": {"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 240}
        },
        ModelDeployConfig={"EndpointName": JOB},
    )
    return until_it_ends(lambda: sagemaker.describe_auto_ml_job(AutoMLJobName=JOB), "AutoMLJob")


def until_it_ends(describe, word):
    while True:
        answer = describe()
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        if answer[f"{word}Status"] not in GOING_ON:
            return answer
        time.sleep(0.3)


def code_of(call, **members):
    with pytest.raises(ClientError) as refused:
        call(**members)
    return refused.value.response["Error"]["Code"]


def test_a_job_gives_its_best_candidate_and_an_endpoint(sagemaker, job):
    assert job["AutoMLJobStatus"] == "Completed", job.get("FailureReason")
    assert job["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    assert job["BestCandidate"]["InferenceContainers"]
    assert sagemaker.describe_endpoint(EndpointName=JOB)["EndpointStatus"] == "InService"


def test_a_model_and_a_transform_job_get_names_that_are_free(hook, server, sagemaker, job, root):
    """SageMakerTransformOperator: a name is free where Describe is a ValidationException."""
    assert (
        code_of(sagemaker.describe_transform_job, TransformJobName=TRANSFORM_JOB)
        == "ValidationException"
    )
    assert code_of(sagemaker.describe_model, ModelName="airflow") == "ValidationException"
    role = hook.client("iam").get_role(RoleName="windvane")["Role"]["Arn"]
    containers = job["BestCandidate"]["InferenceContainers"]
    sagemaker.create_model(ModelName="airflow", Containers=containers, ExecutionRoleArn=role)
    s3, bucket = hook.client("s3"), server.env["WINDVANE_BUCKET"]
    s3.put_object(Bucket=bucket, Key="airflow/in/rows.csv", Body=b"0.5,red,0.25,2024-01-02\n" * 9)
    s3.head_bucket(Bucket=bucket)
    assert code_of(s3.head_object, Bucket=bucket, Key="airflow/in") == "404"
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="airflow/", Delimiter="/", PaginationConfig={}
    )
    assert "airflow/in/" in [one["Prefix"] for page in pages for one in page["CommonPrefixes"]]
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{root}/in"}}
    sagemaker.create_transform_job(
        TransformJobName=TRANSFORM_JOB,
        ModelName="airflow",
        TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"{root}/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    ended = until_it_ends(
        lambda: sagemaker.describe_transform_job(TransformJobName=TRANSFORM_JOB), "TransformJob"
    )
    assert ended["TransformJobStatus"] == "Completed", ended.get("FailureReason")
    listed = sagemaker.list_transform_jobs(NameContains=TRANSFORM_JOB, MaxResults=100)
    assert [one["TransformJobName"] for one in listed["TransformJobSummaries"]] == [TRANSFORM_JOB]


def test_an_endpoint_that_exists_is_updated(sagemaker, job):
    """SageMakerEndpointOperator knows by the beginning of a text that it has to update."""
    variant = {"VariantName": "v", "ModelName": "airflow", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="airflow", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    wanted = {"EndpointName": JOB, "EndpointConfigName": "airflow"}
    with pytest.raises(ClientError) as refused:
        sagemaker.create_endpoint(**wanted)
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("Cannot create already existing endpoint")
    sagemaker.update_endpoint(**wanted)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=JOB, WaiterConfig={"Delay": 0.2, "MaxAttempts": 36000})
    assert sagemaker.describe_endpoint(EndpointName=JOB)["EndpointConfigName"] == "airflow"
    sagemaker.delete_endpoint(EndpointName=JOB)


def test_a_training_jobs_log_is_told_by_its_sensor(hook, sagemaker, job):
    """SageMakerTrainingSensor, at one of the job's own steps."""
    steps = job["BestCandidate"]["CandidateSteps"]
    name = next(
        one["CandidateStepName"]
        for one in steps
        if one["CandidateStepType"].endswith("TrainingJob")
    )
    described = sagemaker.describe_training_job(TrainingJobName=name)
    n_instances = described["ResourceConfig"]["InstanceCount"]
    assert described["TrainingEndTime"] >= described["TrainingStartTime"]
    logs, group = hook.client("logs"), "/aws/sagemaker/TrainingJobs"
    found = logs.describe_log_streams(
        logGroupName=group,
        logStreamNamePrefix=f"{name}/",
        orderBy="LogStreamName",
        limit=n_instances,
    )
    [stream] = [one["logStreamName"] for one in found["logStreams"]]
    where = {"logGroupName": group, "logStreamName": stream, "startTime": 0, "startFromHead": True}
    told = logs.get_log_events(**where)
    assert f"The training job {name} is Completed" in told["events"][-1]["message"]
    assert logs.get_log_events(**where, nextToken=told["nextForwardToken"])["events"] == []
    missing = {**where, "logGroupName": "/aws/sagemaker/NoJobs"}
    assert code_of(logs.get_log_events, **missing) == "ResourceNotFoundException"

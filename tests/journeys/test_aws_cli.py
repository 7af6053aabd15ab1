"""The same way with the AWS command line alone: jobs of both versions, waiters, pages, logs, keys of a session, alarms, errors."""

import gzip
import json
import time

import pytest
from botocore import xform_name
from journeys.commands import version_1
from journeys.deploying import Deploying
from journeys.small import table

JOB, JOB_V2 = "with-cli", "with-cli-v2"
ROW = '0.5,"blue, or so",-0.25,2024-02-03'
ROW_OF_BANK = (
    "45,blue-collar,married,basic.9y,no,yes,no,cellular,aug,thu,773,5,999,0,nonexistent,"
    "1.4,93.444,-36.1,4.968,5228.1"
)


@pytest.fixture(scope="module")
def aws(server, tmp_path_factory):
    return version_1(server, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def waiting(aws, server, packed):
    """A command that waits for an endpoint, which has just been created."""
    containers = json.dumps(Deploying(server, packed).whole())
    for name in (f"{JOB}-a", f"{JOB}-b"):
        aws("sagemaker", "create-model", "--model-name", name, "--containers", containers)
    variant = f"VariantName=v,ModelName={JOB}-a,InitialInstanceCount=1,InstanceType=ml.m5.large"
    aws(
        *("sagemaker", "create-endpoint-config", "--endpoint-config-name", JOB),
        *("--production-variants", variant),
    )
    named = ("--endpoint-name", JOB)
    aws("sagemaker", "create-endpoint", *named, "--endpoint-config-name", JOB)
    process = aws.start("sagemaker", "wait", "endpoint-in-service", *named)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def job(aws, server, waiting, tmp_path_factory):
    """The finished job, which was created after one of the second version that only defines candidates."""
    bucket = server.env["WINDVANE_BUCKET"]
    file = tmp_path_factory.mktemp("cli") / "train.csv.gz"
    file.write_bytes(gzip.compress(table(of_classes=True)))
    aws("s3", "cp", str(file), f"s3://{bucket}/cli/")
    assert "train.csv.gz" in aws("s3", "ls", f"s3://{bucket}/cli/")
    data = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/cli/"}},
        "CompressionType": "Gzip",
    }
    tabular = {"TargetAttributeName": "y", "GenerateCandidateDefinitionsOnly": True}
    aws(
        *("sagemaker", "create-auto-ml-job-v2", "--auto-ml-job-name", JOB_V2),
        *("--auto-ml-job-input-data-config", json.dumps([{"ChannelType": "training", **data}])),
        *("--output-data-config", f"S3OutputPath=s3://{bucket}/cli-output"),
        *("--auto-ml-problem-type-config", json.dumps({"TabularJobConfig": tabular})),
        *("--role-arn", server.env["WINDVANE_ROLE_ARN"]),
    )
    completion = {"CompletionCriteria": {"MaxCandidates": 2, "MaxAutoMLJobRuntimeInSeconds": 240}}
    aws(
        *("sagemaker", "create-auto-ml-job", "--auto-ml-job-name", JOB),
        *("--input-data-config", json.dumps([{"TargetAttributeName": "y", **data}])),
        *("--output-data-config", f"S3OutputPath=s3://{bucket}/cli-output"),
        *("--auto-ml-job-config", json.dumps(completion)),
        *("--role-arn", server.env["WINDVANE_ROLE_ARN"]),
        *("--model-deploy-config", "AutoGenerateEndpointName=true"),
    )
    server.wait_for_job(JOB)
    return aws("sagemaker", "describe-auto-ml-job", "--auto-ml-job-name", JOB)


def test_from_upload_to_prediction_with_the_aws_cli(aws, server, job, tmp_path):
    assert job["AutoMLJobStatus"] == "Completed", job.get("FailureReason")
    endpoint = job["ModelDeployResult"]["EndpointName"]
    assert endpoint.startswith(JOB)
    aws("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", endpoint)
    answer = tmp_path / "answer.csv"
    (tmp_path / "row.csv").write_text(ROW)
    aws(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", endpoint),
        *("--content-type", "text/csv", "--body", f"fileb://{tmp_path / 'row.csv'}", str(answer)),
    )
    assert answer.read_text().strip() in ("yes", "no")
    second = aws("sagemaker", "describe-auto-ml-job-v2", "--auto-ml-job-name", JOB_V2)
    assert second["AutoMLJobSecondaryStatus"] == "CandidateDefinitionsGenerated"
    assert second["AutoMLProblemTypeConfigName"] == "Tabular"


def test_a_transform_job_of_a_model_of_ones_own(aws, server, waiting, tmp_path):
    (tmp_path / "rows.csv").write_text(f"{ROW_OF_BANK}\n" * 3)
    root = f"s3://{server.env['WINDVANE_BUCKET']}/cli"
    aws("s3", "cp", str(tmp_path / "rows.csv"), f"{root}-in/rows.csv")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{root}-in/"}}
    read = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"}
    aws(
        *("sagemaker", "create-transform-job", "--transform-job-name", JOB),
        *("--model-name", f"{JOB}-a", "--transform-input", json.dumps(read)),
        *("--transform-output", f"S3OutputPath={root}-out/,AssembleWith=Line"),
        *("--transform-resources", "InstanceType=ml.m5.large,InstanceCount=1"),
    )
    # The command asks 60 times.
    ended = server.client("sagemaker").get_waiter("transform_job_completed_or_stopped")
    ended.wait(TransformJobName=JOB, WaiterConfig={"Delay": 0.2, "MaxAttempts": 1200})
    wait = ("sagemaker", "wait", "transform-job-completed-or-stopped")
    aws(*wait, "--transform-job-name", JOB)
    assert set(aws("s3", "cp", f"{root}-out/rows.csv.out", "-").split()) <= {"yes", "no"}


def test_steps_of_a_job_are_waited_for(aws, server, job):
    steps = job["BestCandidate"]["CandidateSteps"]
    named = {one["CandidateStepType"].split("::")[2]: one["CandidateStepName"] for one in steps}
    for word, kind in (("training", "TrainingJob"), ("processing", "ProcessingJob")):
        waiter = f"{word}-job-completed-or-stopped"
        aws("sagemaker", "wait", waiter, f"--{word}-job-name", named[kind])


@pytest.mark.parametrize(
    ("command", "given", "key", "name"),
    [
        (
            "list_candidates_for_auto_ml_job",
            {"AutoMLJobName": JOB},
            "Candidates",
            "CandidateName",
        ),
        ("list_auto_ml_jobs", {"NameContains": JOB}, "AutoMLJobSummaries", "AutoMLJobName"),
        ("list_models", {"NameContains": JOB}, "Models", "ModelName"),
        ("list_endpoints", {"NameContains": JOB}, "Endpoints", "EndpointName"),
    ],
)
def test_lists_are_turned_page_by_page(command, given, key, name, aws, server, job):
    whole = [one[name] for one in getattr(server.client("sagemaker"), command)(**given)[key]]
    assert len(set(whole)) == len(whole) > 1
    options = [
        part for pair in given.items() for part in (f"--{xform_name(pair[0], '-')}", pair[1])
    ]

    def names(*more):
        answer = aws("sagemaker", command.replace("_", "-"), *options, "--page-size", "1", *more)
        return [one[name] for one in answer[key]], answer.get("NextToken")

    first, token = names("--max-items", "1")
    assert first == whole[:1]
    assert names("--starting-token", token) == (whole[1:], None)


def test_logs_are_read(aws, job):
    group = ("--log-group-name", "/aws/sagemaker/AutoMLJobs")
    streams = aws("logs", "describe-log-streams", *group, "--log-stream-name-prefix", JOB)
    assert [one["logStreamName"] for one in streams["logStreams"]] == [JOB, JOB_V2]
    stream = aws("logs", "get-log-events", *group, "--log-stream-name", JOB, "--start-from-head")
    lines = [event["message"] for event in stream["events"]]
    assert f"The AutoML job {JOB} is Completed" in lines[-1]
    found = aws("logs", "filter-log-events", *group, "--log-stream-names", JOB, "--page-size", "3")
    assert [event["message"] for event in found["events"]] == lines


def test_keys_of_a_session_work_and_end_where_the_role_does(aws, server):
    session = ("--role-session-name", "cli", "--duration-seconds", "900")
    role = ("--role-arn", server.env["WINDVANE_ROLE_ARN"])
    keys = aws("sts", "assume-role", *role, *session)["Credentials"]
    environment = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    caller = aws("sts", "get-caller-identity", **environment)
    assert caller["Account"] == "000000000000"
    assert caller["Arn"].endswith(":assumed-role/windvane/cli")
    refused = aws.run("sts", "get-caller-identity", **{**environment, "AWS_SESSION_TOKEN": "x"})
    assert (refused.returncode, "InvalidClientTokenId" in refused.stderr) == (255, True)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            ("describe-auto-ml-job", "--auto-ml-job-name", "nobody"),
            "(ResourceNotFound) when calling the DescribeAutoMLJob operation: Amazon SageMaker can't",
        ),
        (
            ("wait", "endpoint-in-service", "--endpoint-name", "nobody"),
            "Waiter EndpointInService failed: Waiter encountered a terminal failure state",
        ),
    ],
)
def test_a_refusal_is_told_and_fails_the_command(command, told, aws):
    done = aws.run("sagemaker", *command)
    assert (done.returncode, done.stdout) == (255, "")
    assert told in done.stderr


def test_an_endpoint_is_scaled_by_an_alarm(aws, server, waiting):
    assert waiting.wait(timeout=200) == 0
    address = (
        *("--service-namespace", "sagemaker", "--resource-id", f"endpoint/{JOB}/variant/v"),
        *("--scalable-dimension", "sagemaker:variant:DesiredInstanceCount"),
    )
    target = ("register-scalable-target", *address, "--min-capacity", "1", "--max-capacity", "2")
    aws("application-autoscaling", *target)
    steps = "AdjustmentType=ChangeInCapacity,StepAdjustments=[{MetricIntervalLowerBound=0,ScalingAdjustment=1}]"
    policy = aws(
        *("application-autoscaling", "put-scaling-policy", "--policy-name", "out", *address),
        *("--policy-type", "StepScaling", "--step-scaling-policy-configuration", steps),
    )
    aws(
        *("cloudwatch", "put-metric-alarm", "--alarm-name", JOB, "--namespace", "AWS/SageMaker"),
        *("--metric-name", "Invocations", "--statistic", "Sum", "--threshold", "1000000"),
        *("--dimensions", f"Name=EndpointName,Value={JOB}", "Name=VariantName,Value=v"),
        *("--period", "60", "--evaluation-periods", "1"),
        *("--comparison-operator", "GreaterThanThreshold", "--alarm-actions", policy["PolicyARN"]),
    )
    alarm = ("--alarm-name", JOB, "--state-value", "ALARM", "--state-reason", "tried")
    aws("cloudwatch", "set-alarm-state", *alarm)
    sagemaker, give_up = server.client("sagemaker"), time.monotonic() + 240
    while True:
        [variant] = sagemaker.describe_endpoint(EndpointName=JOB)["ProductionVariants"]
        if variant["CurrentInstanceCount"] == 2:
            break
        assert time.monotonic() < give_up, variant
        time.sleep(0.1)
    told = aws("cloudwatch", "describe-alarms", "--alarm-names", JOB)
    assert told["MetricAlarms"][0]["AlarmActions"] == [policy["PolicyARN"]]
    aws("cloudwatch", "delete-alarms", "--alarm-names", JOB)


def test_endpoints_are_waited_for_as_they_come_and_go(aws, server, job, waiting):
    assert waiting.wait(timeout=200) == 0
    described = aws("sagemaker", "describe-endpoint", "--endpoint-name", JOB)
    assert described["EndpointStatus"] == "InService"
    aws("sagemaker", "delete-endpoint", "--endpoint-name", JOB)
    aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", JOB)
    endpoint = job["ModelDeployResult"]["EndpointName"]
    server.client("sagemaker").delete_endpoint(EndpointName=endpoint)

"""The same way with the AWS command line alone."""

import json
import subprocess

import pytest
from journeys.running import BIN, DATA


@pytest.fixture(scope="module")
def aws(server, tmp_path_factory):
    environment = server.shell_env(HOME=str(tmp_path_factory.mktemp("home")), AWS_PAGER="")

    def run(*arguments):
        done = subprocess.run(
            [BIN / "aws", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return run


def test_from_upload_to_prediction_with_the_aws_cli(aws, server, tmp_path):
    bucket = server.env["WINDVANE_BUCKET"]
    aws("s3", "cp", str(DATA / "train.csv.gz"), f"s3://{bucket}/cli/train.csv.gz")
    assert "train.csv.gz" in aws("s3", "ls", f"s3://{bucket}/cli/")
    channel = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/cli/"}},
        "CompressionType": "Gzip",
        "TargetAttributeName": "y",
    }
    completion = {"CompletionCriteria": {"MaxCandidates": 2, "MaxAutoMLJobRuntimeInSeconds": 90}}
    aws(
        *("sagemaker", "create-auto-ml-job", "--auto-ml-job-name", "bank-cli"),
        *("--input-data-config", json.dumps([channel])),
        *("--output-data-config", f"S3OutputPath=s3://{bucket}/cli/output"),
        *("--auto-ml-job-config", json.dumps(completion)),
        *("--role-arn", server.env["WINDVANE_ROLE_ARN"]),
        *("--model-deploy-config", "AutoGenerateEndpointName=true"),
    )
    server.wait_for_job("bank-cli")
    job = aws("sagemaker", "describe-auto-ml-job", "--auto-ml-job-name", "bank-cli")
    assert job["AutoMLJobStatus"] == "Completed"
    endpoint = job["ModelDeployResult"]["EndpointName"]
    assert endpoint.startswith("bank-cli")
    aws("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", endpoint)
    answer = tmp_path / "answer.csv"
    row = (
        "45,blue-collar,married,basic.9y,no,yes,no,cellular,aug,thu,773,5,999,0,nonexistent,"
        "1.4,93.444,-36.1,4.968,5228.1"
    )
    (tmp_path / "row.csv").write_text(row)
    aws(
        *(
            "sagemaker-runtime",
            "invoke-endpoint",
            "--endpoint-name",
            endpoint,
            "--content-type",
            "text/csv",
        ),
        *("--body", f"fileb://{tmp_path / 'row.csv'}", str(answer)),
    )
    assert answer.read_text().strip() in ("yes", "no")
    assert aws("sts", "get-caller-identity")["Account"] == "000000000000"
    candidates = aws(
        "sagemaker", "list-candidates-for-auto-ml-job", "--auto-ml-job-name", "bank-cli"
    )
    assert 1 <= len(candidates["Candidates"]) <= 2
    aws("sagemaker", "delete-endpoint", "--endpoint-name", endpoint)
    aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", endpoint)

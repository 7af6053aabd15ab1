"""What one small job leaves in logs and events, as the command lines, the SageMaker SDK and a webhook see it."""

import json
import subprocess
import time

import pytest
from journeys.receiving import SECRET
from journeys.running import BIN, limits
from journeys.small import table

from windvane.events.signing import signature

JOB = "Records-Job"
ENDPOINT = "records-endpoint"
CELLS = ("blue, or so", "2024-0")
"""Stand in the data and must not in any log or event."""


@pytest.fixture(scope="module")
def followed(server):
    """The events of a job, followed from its start to its end."""
    uri = server.upload("records/train.csv", table(of_classes=True))
    server.create_job(
        JOB,
        uri,
        AutoMLJobConfig=limits(1, 90),
        ModelDeployConfig={"EndpointName": ENDPOINT},
    )
    command = [BIN / "windvane", "events", JOB, "--data-dir", server.folder, "--follow"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def story(server, followed):
    """The lines of the job's log."""
    answer = server.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/AutoMLJobs", logStreamNames=[JOB]
    )
    return [event["message"] for event in answer["events"]]


def test_events_tell_the_way_of_a_job_to_its_end(followed):
    jobs = [e["detail"] for e in followed if e["detail-type"] == "Windvane AutoML Job State Change"]
    assert jobs[0]["AutoMLJobSecondaryStatus"] == "Starting"
    assert jobs[-1]["AutoMLJobStatus"] == "Completed"
    shown = [detail["AutoMLJobSecondaryStatus"] for detail in jobs]
    assert shown[1:4] == ["AnalyzingData", "FeatureEngineering", "ModelTuning"]
    assert "DeployingModel" in shown
    candidates = [e["detail"] for e in followed if "Candidate" in e["detail-type"]]
    assert candidates[-1]["CandidateStatus"] == "Completed"
    assert candidates[-1]["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "F1"
    aws = {e["detail-type"] for e in followed if e["source"] == "aws.sagemaker"}
    assert "SageMaker Training Job State Change" in aws
    assert "SageMaker Processing Job State Change" in aws


def test_the_log_of_the_job_tells_its_story(story):
    assert story[0].startswith(f"The AutoML job {JOB} started")
    assert any(line.startswith("Found 700 rows and 5 columns (") for line in story)
    assert any(" scored F1 = " in line for line in story)
    assert f"The endpoint {ENDPOINT} is in service." in story
    assert story[-1].startswith(f"The AutoML job {JOB} is Completed")


def test_the_aws_command_line_reads_the_same(server, story, tmp_path):
    done = subprocess.run(
        [
            *(BIN / "aws", "logs", "filter-log-events", "--output", "json"),
            *("--log-group-name", "/aws/sagemaker/AutoMLJobs"),
            *("--log-stream-name-prefix", JOB, "--filter-pattern", "endpoint"),
        ],
        env=server.shell_env(HOME=str(tmp_path), AWS_PAGER=""),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [event["message"] for event in json.loads(done.stdout)["events"]]
    assert found == [line for line in story if "endpoint" in line]


def test_the_log_of_an_endpoint_outlives_it(server, followed):
    server.client("sagemaker").delete_endpoint(EndpointName=ENDPOINT)
    server.client("sagemaker").get_waiter("endpoint_deleted").wait(
        EndpointName=ENDPOINT, WaiterConfig={"Delay": 0.2, "MaxAttempts": 1200}
    )
    logs = server.client("logs")
    group = f"/aws/sagemaker/Endpoints/{ENDPOINT}"
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    told = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
    assert "The model process is ready." in [event["message"] for event in told["events"]]


def test_the_webhook_was_told_the_same_events_signed(server, followed, receiver):
    wanted = {event["id"] for event in followed}
    give_up = time.monotonic() + 240
    while not wanted <= {headers["Windvane-Event-Id"] for headers, _ in list(receiver.came)}:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    told = [(h, b) for h, b in list(receiver.came) if h["Windvane-Event-Id"] in wanted]
    assert list(dict.fromkeys(json.loads(body)["id"] for _, body in told)) == [
        event["id"] for event in followed
    ]
    headers, body = told[0]
    assert headers["Windvane-Signature"] == signature(SECRET, headers["Windvane-Timestamp"], body)


def test_no_value_of_the_data_stands_in_a_log_or_an_event(server, followed):
    logs = server.client("logs")
    told = [json.dumps(event) for event in followed]
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        told += [event["message"] for page in pages for event in page["events"]]
    assert not [line for line in told if any(cell in line for cell in CELLS)]

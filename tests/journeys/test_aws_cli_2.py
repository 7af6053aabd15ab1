"""What version 2 of the AWS command line does otherwise than version 1: it follows logs, adds checksums of its own to
objects, and has other exit codes. It is the distribution's."""

import os
import signal
import subprocess
from contextlib import suppress

import pytest
from journeys.commands import path_of_version_2, version_2
from journeys.small import table

pytestmark = pytest.mark.skipif(
    path_of_version_2() is None and os.environ.get("CI") != "true",
    reason="the AWS CLI 2 is not installed (Debian's package awscli)",
)
GROUP = "/aws/sagemaker/AutoMLJobs"


@pytest.fixture(scope="module")
def aws(server, tmp_path_factory):
    return version_2(server, tmp_path_factory.mktemp("home"))


@pytest.mark.long
def test_logs_are_followed_from_one_job_to_the_next(aws, server):
    uri = server.upload("cli-2/table.csv", table(of_classes=True))
    names = ("followed-1", "followed-2")
    server.create_job(names[0], uri, GenerateCandidateDefinitionsOnly=True)
    server.wait_for_job(names[0])  # there is no log group before something is logged
    prefix = ("--log-stream-name-prefix", "followed-")
    tail = aws.start("logs", "tail", GROUP, "--follow", "--since", "1d", *prefix)
    shown = [tail.stdout.readline()]
    server.create_job(names[1], uri, GenerateCandidateDefinitionsOnly=True)
    ends = [f"The AutoML job {name} is Completed" for name in names]
    while not all(any(end in line for line in shown) for end in ends):
        shown.append(tail.stdout.readline())
        assert shown[-1], shown
    assert interrupted(tail) in (0, 130)
    assert tail.stdout.read().strip() == ""
    tail.stdout.close()
    logs = server.client("logs")
    events = [
        event
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, logStreamNamePrefix="followed-"
        )
        for event in page["events"]
    ]
    assert [line.rstrip("\n").split(" ", 1)[1] for line in shown] == [
        f"{event['logStreamName']} {event['message']}" for event in events
    ]


def interrupted(process):
    """Its exit code. Like a person, it is interrupted again where once is overheard: Python drops an interrupt that
    meets a destructor."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    return process.returncode


def test_objects_travel_both_ways(aws, server, tmp_path):
    uri = f"s3://{server.env['WINDVANE_BUCKET']}/cli-2/up"
    content = os.urandom(9 << 20)
    (tmp_path / "up").write_bytes(content)
    aws("s3", "cp", "--no-progress", str(tmp_path / "up"), uri)
    aws("s3", "cp", "--no-progress", uri, str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == content


def test_pages_are_turned_and_refusals_have_an_exit_code_of_their_own(aws, server):
    whole = server.client("logs").describe_log_groups()["logGroups"]
    groups = ("logs", "describe-log-groups", "--page-size", "1")
    assert [one["logGroupName"] for one in aws(*groups)["logGroups"]] == [
        one["logGroupName"] for one in whole
    ]
    refused = aws.run("sagemaker", "describe-training-job", "--training-job-name", "nobody")
    assert (refused.returncode, refused.stdout) == (254, "")
    assert "(ValidationException)" in refused.stderr

"""The clock of a server jumps, forward and back: leases, deadlines and sessions go by it, and nothing is lost or done twice.

By libfaketime (Debian: faketime), which reads how far the clock is off from a file. Tasks, in their sandbox, cannot read it
and have the true time, as if they were on another machine: hence the long terms.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import botocore.auth
import pytest
from botocore.exceptions import ClientError
from journeys.running import RunningServer
from journeys.stepping import Steps
from kills.acting import ROWS

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")
MINUTES = 60


class Clock:
    """Of a server, and of the clients that sign for it."""

    def __init__(self, file):
        self._file, self.off_s = file, 0
        self.jump(0)

    def jump(self, off_s):
        """To so many seconds after the true time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{off_s:+d}s\n")
        fresh.replace(self._file)
        self.off_s = off_s

    def now(self, remove_tzinfo=True):
        now = datetime.now(UTC) + timedelta(seconds=self.off_s)
        return now.replace(tzinfo=None) if remove_tzinfo else now


@pytest.fixture
def clock(tmp_path, monkeypatch):
    found = [path for pattern in LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))]
    if not found:
        pytest.skip("needs libfaketime (apt-get install faketime)")
    made = Clock(tmp_path / "clock")
    for signing in {botocore.auth, sys.modules.get("botocore.crt.auth", botocore.auth)}:
        monkeypatch.setattr(signing, "get_current_datetime", made.now)
    monkeypatch.setenv("LD_PRELOAD", str(found[0]))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return made


@pytest.fixture
def server(tmp_path, clock):
    running = RunningServer(tmp_path / "data")
    yield running
    running.stop()


def keep_begun(steps, name):
    began = time.monotonic()
    while "TrainingStartTime" not in (job := steps.described(name)):
        assert time.monotonic() - began < 60
    return job


@pytest.mark.parametrize("off_s", [10 * MINUTES, -10 * MINUTES], ids=["forward", "back"])
def test_work_under_way_ends_once_and_new_work_goes_on(server, clock, off_s):
    steps = Steps(server)
    steps.read(server.upload("clock/train.csv", ROWS))
    hyperparameters = {"iterations": "300", "_folds": "2"}
    steps.create("under-way", "catboost", hyperparameters, max_runtime_s=3600)
    keep_begun(steps, "under-way")
    clock.jump(off_s)
    job = steps.wait("under-way")
    assert job["TrainingJobStatus"] == "Completed", job
    steps.create("meanwhile", "linear-learner", {"_folds": "2"}, max_runtime_s=3600)
    meanwhile = steps.wait("meanwhile")
    assert meanwhile["TrainingJobStatus"] == "Completed"
    is_off = (meanwhile["CreationTime"] - datetime.now(UTC)).total_seconds()
    assert abs(is_off - off_s) < 2 * MINUTES
    clock.jump(0)
    steps.create("after", "linear-learner", {"_folds": "2"})
    assert steps.wait("after")["TrainingJobStatus"] == "Completed"
    assert len(steps.sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 3
    for name in ("under-way", "meanwhile", "after"):
        statuses = [one["Status"] for one in steps.described(name)["SecondaryStatusTransitions"]]
        assert statuses.count("Completed") == 1


def test_a_deadline_that_the_clock_jumps_over_ends_the_job_and_says_so(server, clock):
    steps = Steps(server)
    steps.read(server.upload("clock/train.csv", ROWS))
    hyperparameters = {"iterations": "900", "_folds": "2"}
    steps.create("late", "catboost", hyperparameters, max_runtime_s=120)
    keep_begun(steps, "late")
    clock.jump(10 * MINUTES)
    job = steps.wait("late")
    assert job["TrainingJobStatus"] == "Stopped", job
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded", job


def test_sessions_end_by_the_clock(server, clock):
    role = server.env["WINDVANE_ROLE_ARN"]
    session = server.client("sts").assume_role(
        RoleArn=role, RoleSessionName="jump", DurationSeconds=900
    )["Credentials"]
    client = boto3.client(
        "sagemaker",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    client.list_auto_ml_jobs()
    clock.jump(20 * MINUTES)
    with pytest.raises(ClientError) as refused:
        client.list_auto_ml_jobs()
    assert "xpired" in refused.value.response["Error"]["Code"], refused.value.response
    server.client("sagemaker").list_auto_ml_jobs()
    clock.jump(0)
    server.client("sagemaker").list_auto_ml_jobs()

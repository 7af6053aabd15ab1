"""The disk of the data folder is full, at one write after the other: what is refused is refused with a clear error, what was
acknowledged is there, and the server goes on when there is room."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from journeys.running import RunningServer
from journeys.stepping import Steps, image
from kills.acting import ROWS

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SIZE_MB = 96
FREE_KIB = (0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024)
"""What is left when the disk is filled: the fewer, the sooner a write fails."""

LARGE = b"large object " * 10_000
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=60)


class Disk:
    """A file system of its own in memory, which can be filled."""

    def __init__(self, folder):
        self.folder, self._filler = folder, folder / "filler"

    def fill(self, free_kib):
        """Leave so much."""
        # Somebody else may have taken what was left.
        with suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            left = os.statvfs(self.folder)
            wanted = left.f_bavail * left.f_frsize - free_kib * 1024
            while wanted > 0:
                wanted -= filler.write(bytes(min(wanted, 1 << 20)))

    def empty(self):
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system of its own")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode != 0:
        pytest.skip("needs the right to mount")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def server(disk):
    running = RunningServer(disk.folder / "data")
    yield running
    running.stop()


class Acts:
    """Operations that write, each under a new name; `kept` are those that were acknowledged."""

    def __init__(self, server):
        self.sagemaker, self.s3, self.iam = (
            server.client(service, config=ONCE) for service in ("sagemaker", "s3", "iam")
        )
        self.bucket, self.role = server.env["WINDVANE_BUCKET"], server.env["WINDVANE_ROLE_ARN"]
        self.kept, self.refused = [], []

    def all(self, number):
        for kind in (self.put, self.put_large, self.new_bucket, self.user, self.model, self.tag):
            name = f"{kind.__name__.replace('_', '-')}-{number}"
            try:
                kind(name)
            except ClientError as error:
                self.refused.append((name, error.response))
            else:
                self.kept.append((kind, name))

    def put(self, name):
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=b"small")

    def put_large(self, name):
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=LARGE)

    def new_bucket(self, name):
        self.s3.create_bucket(Bucket=name)

    def user(self, name):
        self.iam.create_user(UserName=name)

    def model(self, name):
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.role,
            Containers=[
                {"Image": image("lightgbm"), "ModelDataUrl": f"s3://{self.bucket}/model.tar.gz"}
            ],
        )

    def tag(self, name):
        self.s3.put_object_tagging(
            Bucket=self.bucket,
            Key="tagged",
            Tagging={"TagSet": [{"Key": name, "Value": "1"}]},
        )

    def check(self):
        for kind, name in self.kept:
            if kind == self.put:
                found = self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
                assert found == b"small"
            elif kind == self.put_large:
                assert self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read() == LARGE
            elif kind == self.new_bucket:
                self.s3.head_bucket(Bucket=name)
            elif kind == self.user:
                self.iam.get_user(UserName=name)
            elif kind == self.model:
                self.sagemaker.describe_model(ModelName=name)
        tagged = [name for kind, name in self.kept if kind == self.tag]
        tags = self.s3.get_object_tagging(Bucket=self.bucket, Key="tagged")["TagSet"]
        assert [one["Key"] for one in tags] == tagged[-1:]


def is_well(server):
    try:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=240):
            return True
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return False


def wait_until_well(server):
    """The audit log tries again a few times a second; until then changes are refused, and /healthz says why."""
    give_up = time.monotonic() + 240
    while not is_well(server):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def check_folder(server):
    checked = subprocess.run(
        [sys.executable, "-m", "windvane.cli.main", "check", "--data-dir", server.folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_a_full_disk_refuses_is_told_and_what_it_took_is_there(disk, server):
    acts = Acts(server)
    acts.s3.put_object(Bucket=acts.bucket, Key="tagged", Body=b"")
    server.upload("model.tar.gz", b"not looked at")
    acts.all("before")
    assert len(acts.kept) == 6, acts.refused
    for free_kib in FREE_KIB:
        disk.fill(free_kib)
        acts.all(free_kib)
        acts.check()
        disk.empty()
        wait_until_well(server)
        acts.all(f"{free_kib}-after")
        assert ("put", f"put-{free_kib}-after") in [(k.__name__, n) for k, n in acts.kept]
    assert len(acts.refused) >= 5
    for name, response in acts.refused:
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        assert status in (500, 503, 507), (name, response)
        assert "-after" not in name, (name, response)
        assert "space" in response["Error"]["Message"], (name, response)
    server.stop()
    server.start()
    acts = _again(server, acts)
    acts.check()
    server.stop()
    check_folder(server)
    server.start()


def _again(server, before):
    acts = Acts(server)
    acts.kept = [(getattr(acts, kind.__name__), name) for kind, name in before.kept]
    return acts


def test_a_job_that_meets_a_full_disk_ends_and_the_next_completes(disk, server):
    steps = Steps(server)
    steps.read(server.upload("full/train.csv", ROWS))
    steps.create("full", "catboost", {"iterations": "200", "_folds": "2"})
    began = time.monotonic()
    while "TrainingStartTime" not in steps.described("full"):
        assert time.monotonic() - began < 60
    disk.fill(0)
    assert os.statvfs(disk.folder).f_bavail < 20
    time.sleep(20)  # longer than a lease: what is tested is that time goes by without room
    steps.described("full")
    disk.empty()
    job = steps.wait("full")
    assert job["TrainingJobStatus"] in ("Completed", "Failed"), job
    if job["TrainingJobStatus"] == "Failed":
        assert "space" in job["FailureReason"] or "disk" in job["FailureReason"], job
    steps.create("room", "linear-learner", {"_folds": "2"})
    assert steps.wait("room")["TrainingJobStatus"] == "Completed"

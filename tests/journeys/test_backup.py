"""A backup while the server serves, then the machine is gone: another folder goes on from that moment."""

import subprocess
import threading
import time

import pytest
from journeys.deploying import Deploying
from journeys.running import BIN, RunningServer, limits
from journeys.small import table

JOB, ENDPOINT = "under-way", "before"
ROW = "45,blue-collar,married,basic.9y,no,yes,no,cellular,aug,thu,773,5,999,0,nonexistent,1.4,93.444,-36.1,4.968,5228.1"


def command(*arguments):
    done = subprocess.run(
        [BIN / "windvane", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def finished(server):
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(AutoMLJobName=JOB)
    return {
        one["CandidateName"]: one["FinalAutoMLJobObjectiveMetric"]["Value"]
        for one in listed["Candidates"]
        if one["CandidateStatus"] == "Completed"
    }


def answer(server):
    runtime = server.client("sagemaker-runtime")
    got = runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="text/csv", Body=ROW)
    return got["Body"].read()


def in_parts(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    sent = [
        s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=n, Body=body)
        for n, body in ((1, bytes(5 * 1024**2)), (2, b"the end"))
    ]
    parts = [{"PartNumber": n, "ETag": part["ETag"]} for n, part in enumerate(sent, 1)]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )


class Writer(threading.Thread):
    """Puts numbered objects until told to stop; `acknowledged` counts."""

    def __init__(self, server):
        super().__init__()
        self._s3, self._bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
        self.acknowledged = 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            number = self.acknowledged
            body = f"{number} ".encode() * 9000
            self._s3.put_object(Bucket=self._bucket, Key=f"written/{number:06}", Body=body)
            self.acknowledged += 1


@pytest.fixture
def lost(tmp_path, packed):
    """The server whose machine will be gone: with objects, an endpoint, and a job under way."""
    server = RunningServer(tmp_path / "data")
    deploying = Deploying(server, packed)
    deploying.create_config(ENDPOINT, deploying.whole())
    deploying.create(ENDPOINT, ENDPOINT)
    in_parts(server.client("s3"), server.env["WINDVANE_BUCKET"])
    server.create_job(
        JOB, server.upload("train/rows.csv", table(of_classes=True)), AutoMLJobConfig=limits(2, 300)
    )
    give_up = time.monotonic() + 240
    while not finished(server):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.mark.long
def test_a_backup_made_while_serving_goes_on_elsewhere(lost, tmp_path):
    writer = Writer(lost)
    writer.start()
    try:
        while writer.acknowledged < 5:
            time.sleep(0.01)
        known, n_known, said = finished(lost), writer.acknowledged, answer(lost)
        command("backup", tmp_path / "backup.tar", "--data-dir", lost.folder)
    finally:
        writer.is_over.set()
        writer.join()
    lost.kill()
    command("restore", tmp_path / "backup.tar", "--data-dir", tmp_path / "again")
    server = RunningServer(tmp_path / "again")
    try:
        sagemaker, s3 = server.client("sagemaker"), server.client("s3")
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        assert [server.env[name] for name in names] == [lost.env[name] for name in names]
        bucket = server.env["WINDVANE_BUCKET"]
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="written/")["Contents"]
        assert [entry["Key"] for entry in listed] == [f"written/{n:06}" for n in range(len(listed))]
        assert n_known <= len(listed) <= writer.acknowledged
        for number, entry in enumerate(listed):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            assert body == f"{number} ".encode() * 9000
        parts = s3.get_object(Bucket=bucket, Key="parts")["Body"].read()
        assert parts == bytes(5 * 1024**2) + b"the end"
        job = server.wait_for_job(JOB)
        assert job["AutoMLJobStatus"] == "Completed", job
        assert known.items() <= finished(server).items()
        config = {"Delay": 0.2, "MaxAttempts": 1200}
        waiter = sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=ENDPOINT, WaiterConfig=config)
        assert answer(server) == said
    finally:
        server.stop()
    command("check", "--data-dir", tmp_path / "again")
    command("audit", "--data-dir", tmp_path / "again", "--verify")

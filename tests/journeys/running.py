"""A real server as users start it; clients are told where it is by its environment."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
from conformance import session

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DATA = ROOT / "examples" / "bank_marketing"
FINAL = ("Completed", "Failed", "Stopped")


class RunningServer:
    """`windvane serve` on a free port, its answers watched; `env` is what `windvane env` exports."""

    def __init__(self, folder, *options, environment=None):
        self.folder = folder
        self._options = options
        self._environment = {**os.environ, **(environment or {})}
        self.start()

    def start(self):
        folder = str(self.folder)
        self._log = (self.folder.parent / f"{self.folder.name}.stderr").open("ab")
        self.process = subprocess.Popen(
            [*self.command(), "--data-dir", folder, "--port", "0", *self._options],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=self._environment,
        )
        line = self.process.stdout.readline()
        assert line.startswith("windvane ready on http"), self.log()
        exports = subprocess.run(
            [BIN / "windvane", "env", "--data-dir", folder],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        self.env = dict(re.findall(r"^export (\w+)='?(.*?)'?$", exports, re.MULTILINE))
        self.url = self.env["AWS_ENDPOINT_URL"]

    def command(self):
        """The words that start it, up to its options."""
        return session.serving()

    def log(self):
        return Path(self._log.name).read_text()

    def shell_env(self, **more):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**clean, **self.env, "AWS_EC2_METADATA_DISABLED": "true", **more}

    def client(self, service, **options):
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            **options,
        )

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def stop(self, within_s=120):
        self.process.terminate()
        self._reap(within_s)

    def _reap(self, within_s=120):
        self.process.wait(timeout=within_s)
        self.process.stdout.close()
        self._log.close()

    def children(self):
        """Pids of live processes that carry this server's data folder in their environment."""
        mark = f"WINDVANE_DATA_DIR={self.folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    environment = (entry / "environ").read_bytes().split(b"\0")
                    state = (
                        (entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[0]
                    )
                except OSError:
                    continue
                if mark in environment and state != "Z":
                    found.append(int(entry.name))
        return found

    def upload(self, key, body, bucket=None):
        bucket = bucket or self.env["WINDVANE_BUCKET"]
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def create_job(self, name, uri, target="y", *, channel=None, traceparent="", **members):
        request = {
            "AutoMLJobName": name,
            "InputDataConfig": [
                {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                    "TargetAttributeName": target,
                    **(channel or {}),
                }
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.env['WINDVANE_BUCKET']}/output"},
            "RoleArn": self.env["WINDVANE_ROLE_ARN"],
            **members,
        }
        client = self.client("sagemaker")
        if traceparent:
            client.meta.events.register(
                "before-sign.sagemaker",
                lambda request, **_: request.headers.add_header("traceparent", traceparent),
            )
        return client.create_auto_ml_job(**request)

    def wait_for_job(self, name, timeout_s=240):
        sagemaker = self.client("sagemaker")
        give_up = time.monotonic() + timeout_s
        while True:
            job = sagemaker.describe_auto_ml_job(AutoMLJobName=name)
            if job["AutoMLJobStatus"] in FINAL:
                return job
            assert time.monotonic() < give_up, (job, self.log()[-5000:])
            time.sleep(0.1)


def limits(candidates, runtime_s):
    return {
        "CompletionCriteria": {
            "MaxCandidates": candidates,
            "MaxAutoMLJobRuntimeInSeconds": runtime_s,
        }
    }

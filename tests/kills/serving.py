"""A server that ends by SIGKILL at a step of its own, and one that goes on after it."""

import os
import re
import subprocess
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from kills.stopping import environment, steps

GONE = (BotoCoreError, ClientError, HTTPClientError, OSError)
"""What a client meets when its server dies."""


class StoppedServer:
    """`windvane serve` that ends at a step; `at` 0 counts alone.

    options    of `windvane serve`
    of_all     steps of its workers count too
    """

    def __init__(self, folder, log, at, *options, of_all=False):
        self.log, self.folder = log, folder
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "windvane.cli.main",
                "serve",
                "--data-dir",
                folder,
                "--port",
                "0",
                *options,
            ],
            env=environment(log, at, of_all=of_all),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = self.process.stdout.readline()
        self.url = line.split()[-1] if line else ""
        self.n_to_start = self.n_steps()
        self._env = {}
        if self.url:
            clean = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
            said = subprocess.run(
                [sys.executable, "-m", "windvane.cli.main", "env", "--data-dir", folder],
                env=clean,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            self._env = dict(re.findall(r"^export (\w+)='?(.*?)'?$", said, re.MULTILINE))

    @property
    def bucket(self):
        return self._env["WINDVANE_BUCKET"]

    @property
    def role(self):
        return self._env["WINDVANE_ROLE_ARN"]

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=self._env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._env["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    def n_steps(self):
        return len(steps(self.log))

    def end(self):
        """Stop it if it is alive; whether it had been killed at its step."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        return self.process.returncode == -9

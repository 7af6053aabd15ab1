"""A server that ends by SIGKILL at a step of its own, and one that goes on after it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from kills.stopping import environment, steps

GONE = (BotoCoreError, ClientError, HTTPClientError, OSError)
"""What a client meets when its server dies."""


class StoppedServer:
    """`windvane serve` that ends at a step; `at` 0 counts alone.

    options      of `windvane serve`
    of_all       steps of its workers count too
    on_postgres  its store is there
    exported     what `windvane env` said of the folder before; None asks it
    """

    def __init__(self, folder, log, at, *options, of_all=False, on_postgres=False, exported=None):
        self.log, self.folder, self.exported = log, folder, exported
        self._counting = environment(log, at, of_all=of_all, on_postgres=on_postgres)
        errors = log.with_suffix(".errors").open("wb")
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
            env=self._counting,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        errors.close()
        line = self.process.stdout.readline()
        self.url = line.split()[-1] if line else ""
        self.n_to_start = self.n_steps()
        if self.url and exported is None:
            self.exported = self._export()

    def _export(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        said = subprocess.run(
            [sys.executable, "-m", "windvane.cli.main", "env", "--data-dir", self.folder],
            env=clean,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return dict(re.findall(r"^export (\w+)='?(.*?)'?$", said, re.MULTILINE))

    def beside(self):
        """The environment of a process whose steps count as the server's, and which ends with it at one of its own."""
        return {**self._counting, "KILL_ROOT": str(self.process.pid)}

    @property
    def bucket(self):
        return self.exported["WINDVANE_BUCKET"]

    @property
    def role(self):
        return self.exported["WINDVANE_ROLE_ARN"]

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=self.exported["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.exported["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
        )

    def n_steps(self):
        return len(steps(self.log))

    def end(self):
        """Stop it if it is alive; whether it had been killed at its step."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(120)
        self.process.stdout.close()
        return self.process.returncode == -9

    def is_gone(self):
        """Whether it was killed, after waiting for it to be."""
        try:
            return self.process.wait(5) == -9
        except subprocess.TimeoutExpired:
            return False

    def left(self):
        """Pids of live processes that carry this server's data folder in their environment."""
        mark, found = f"WINDVANE_DATA_DIR={self.folder}".encode(), []
        for entry in Path("/proc").iterdir():
            try:
                is_ours = mark in (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if is_ours and state != "Z":
                found.append(int(entry.name))
        return found

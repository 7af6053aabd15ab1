"""Attack 5, the half of the process, on a server as it is started: its model process runs what a request says.

The confinement is the one that the server itself puts on, of a model that asked for isolation and of one that did not.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from conformance import session
from hostile.breakable import (
    UNPRIVILEGED,
    command,
    model_processes,
    told_of,
    why_not_unprivileged,
)
from hostile.fuzz_models.making import CELLS, made, packaged, table

from windvane.domain.problem import ProblemType
from windvane.engine.packages.tarball import pack
from windvane.process.confinement import Part
from windvane.process.sandbox import sandbox_of

CONFIG = """
[[networks]]
subnets = ["subnet-1"]
security_groups = ["sg-1"]

[[accounts]]
account = "111122223333"
access_key = "AKIATHEIRS0000000001"
secret_key = "a secret of the other account, 40 chars."
"""
THEIR_KEY = "AKIATHEIRS0000000001", "a secret of the other account, 40 chars."
ASKED = {
    "EnableNetworkIsolation": True,
    "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
}
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/windvane-ensemble:1-cpu-py3"
ROW = ",".join(CELLS[0]).encode()
HELD = sandbox_of(Path("/nowhere"))[0].parts
CLOSED = bool(HELD & {Part.LANDLOCK, Part.MOUNTS}) and Part.SECCOMP in HELD

pytestmark = pytest.mark.skipif(not CLOSED, reason="this machine has too little of a sandbox")


@dataclass(frozen=True)
class Serving:
    """A server with an account beside the folder's own; `socket` is somebody else's that listens."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    key: tuple[str, str]
    socket: Path

    def client(self, service: str, key: tuple[str, str] | None = None) -> Any:
        access_key, secret = key or self.key
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret,
        )

    def deploy(self, name: str, archive: bytes, **asked: Any) -> int:
        """The process of an endpoint of this name."""
        before = model_processes(self.process.pid)
        self.client("s3").put_object(Bucket="models", Key=name, Body=archive)
        sagemaker = self.client("sagemaker")
        sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://models/{name}"},
            **asked,
        )
        variant = {"VariantName": "A", "ModelName": name, "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}],
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        waiter = sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 240})
        [process] = model_processes(self.process.pid) - before
        return process

    def ask(self, endpoint: str, body: bytes) -> bytes:
        runtime = self.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)
        return bytes(answer["Body"].read())


@pytest.fixture(
    scope="module", params=[pytest.param("as it is", marks=pytest.mark.long), "unprivileged"]
)
def serving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    before: tuple[str, ...] = ()
    if request.param == "unprivileged":
        if why := why_not_unprivileged():
            pytest.skip(why)
        before = UNPRIVILEGED
    root = tmp_path_factory.mktemp("live")
    folder, config = root / "data", root / "config.toml"
    config.write_text(CONFIG)
    options = ["--data-dir", folder, "--port", "0", "--config", config]
    log = root / "log"
    with socket.socket(socket.AF_UNIX) as local, log.open("ab") as errors:
        local.bind(str(root / "socket"))
        local.listen()
        process = subprocess.Popen(
            [*before, *command(session.folder()), *options],
            env={**os.environ, "WINDVANE_SECRET": "a secret"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        try:
            told = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert told is not None, log.read_text()
            exports = subprocess.run(
                [Path(sys.executable).with_name("windvane"), "env", "--data-dir", folder],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            env = dict(re.findall(r"^export (\w+)='?(.*?)'?$", exports, re.MULTILINE))
            key = env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
            yield Serving(process, folder, int(told[1]), key, root / "socket")
        finally:
            process.terminate()
            process.communicate(timeout=240)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root, posed = tmp_path_factory.mktemp("package"), table(ProblemType.BINARY)
    packaged(root / "package", posed, [made(root / "saved", "lightgbm", posed)])
    pack(root / "package", root / "model.tar.gz")
    return (root / "model.tar.gz").read_bytes()


def test_a_model_that_runs_code_finds_nothing_of_the_server(
    serving: Serving, archive: bytes
) -> None:
    """No key, no database, no object of any account, no other endpoint's model, no network, no other process."""
    serving.client("s3").create_bucket(Bucket="models")
    theirs = serving.client("s3", THEIR_KEY)
    theirs.create_bucket(Bucket="theirs")
    theirs.put_object(Bucket="theirs", Key="large", Body=bytes(4_000_000))
    sagemaker = serving.client("sagemaker")
    for name, asked in {"plain": {}, "isolated": ASKED}.items():
        process = serving.deploy(name, archive, **asked)
        described = sagemaker.describe_model(ModelName=name)
        assert {member: described[member] for member in asked} == asked
        told = told_of(serving.process.pid, [serving.folder], serving.port, serving.socket, process)
        parts = [Path(path).relative_to(serving.folder).parts for path in told["secret"]]
        kinds = {part[0] for part in parts}
        assert {"keys.json", "windvane.db", "keyring.json", "audit", "logs"} <= kinds
        assert len([part for part in parts if part[0] == "s3"]) > 1, (
            "the index, and the large object"
        )
        others = {part[1] for part in parts if part[0] == "endpoints"}
        assert len(others) == (2 if name == "isolated" else 1)
        own = Path(told["own"]).read_text()
        found = json.loads(serving.ask(name, json.dumps(told).encode()))
        assert found.pop("own file") == own[:40]
        assert len(found) > len(told["secret"]) + 20
        assert {attempt: got for attempt, got in found.items() if got} == {}
        assert serving.ask(name, ROW).startswith(b"class ")

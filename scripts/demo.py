"""From a CSV in S3 to a live endpoint, against a server of its own: what `make demo` runs."""

from __future__ import annotations

import gzip
import io
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import boto3
import pandas as pd
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sklearn.metrics import f1_score, roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "examples" / "bank_marketing"
JOB = "bank-marketing"
RUNTIME_S = 110
MAX_CANDIDATES = 6
console = Console()


def main() -> int:
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="windvane-demo-") as folder,
        running_server(Path(folder)) as server,
    ):
        environment = exported(Path(folder))
        os.environ.update(environment)
        console.print(
            f"Server ready after {time.monotonic() - started:.1f} s: {environment['AWS_ENDPOINT_URL']}"
        )
        with MemoryWatch(server.pid) as memory:
            show_endpoint(run_job(environment))
        console.print(
            f"Peak memory of the server and all its children: {memory.peak_mb:.0f} MB (PSS)"
        )
        console.print("Start a server of your own and open its console:")
        console.print("  .venv/bin/windvane serve --data-dir ./windvane-data")
        console.print(
            "  .venv/bin/windvane login --data-dir ./windvane-data prints a one-time sign-in link to it."
        )
    console.print(f"[green]Done in {time.monotonic() - started:.0f} s.[/green]")
    return 0


@contextmanager
def running_server(folder: Path) -> Iterator[subprocess.Popen[str]]:
    windvane = str(Path(sys.executable).with_name("windvane"))
    command = [windvane, "serve", "--data-dir", str(folder), "--port", "0"]
    with (folder / "server.stderr").open("w") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line.startswith("windvane ready on "):
                raise SystemExit(
                    (folder / "server.stderr").read_text() or "The server did not start."
                )
            yield server
        finally:
            server.terminate()
            server.wait(timeout=15)


def exported(folder: Path) -> dict[str, str]:
    windvane = str(Path(sys.executable).with_name("windvane"))
    text = subprocess.run(
        [windvane, "env", "--data-dir", str(folder)], check=True, capture_output=True, text=True
    ).stdout
    return dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", text, re.MULTILINE))


def run_job(environment: dict[str, str]) -> str:
    """The name of the endpoint that the finished job deployed."""
    bucket = environment["WINDVANE_BUCKET"]
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    s3.put_object(
        Bucket=bucket,
        Key="demo/train.csv",
        Body=gzip.decompress((DATA / "train.csv.gz").read_bytes()),
    )
    created = time.monotonic()
    sagemaker.create_auto_ml_job(
        AutoMLJobName=JOB,
        InputDataConfig=[
            {
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/demo/train"}
                },
                "TargetAttributeName": "y",
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/demo/output"},
        AutoMLJobConfig={
            "CompletionCriteria": {
                "MaxCandidates": MAX_CANDIDATES,
                "MaxAutoMLJobRuntimeInSeconds": RUNTIME_S,
            }
        },
        RoleArn=environment["WINDVANE_ROLE_ARN"],
        ModelDeployConfig={"AutoGenerateEndpointName": True},
    )
    first_candidate_s = in_service_s = None
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            job = sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)
            candidates = listed(sagemaker)
            elapsed = time.monotonic() - created
            if first_candidate_s is None and "BestCandidate" in job:
                first_candidate_s = elapsed
            if in_service_s is None and "ModelDeployResult" in job:
                in_service_s = elapsed
            live.update(leaderboard(job, candidates, elapsed))
            if job["AutoMLJobStatus"] in ("Completed", "Failed", "Stopped"):
                break
            time.sleep(0.5)
    if job["AutoMLJobStatus"] != "Completed":
        raise SystemExit(job.get("FailureReason", "The job did not complete."))
    console.print(
        f"\nFirst candidate after {first_candidate_s:.1f} s; endpoint InService after "
        f"{in_service_s:.1f} s; job Completed after {elapsed:.1f} s"
    )
    endpoint: str = job["ModelDeployResult"]["EndpointName"]
    return endpoint


def listed(sagemaker: boto3.client) -> list[dict]:
    pages = sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(
        AutoMLJobName=JOB, SortBy="FinalObjectiveMetricValue"
    )
    return [candidate for page in pages for candidate in page["Candidates"]]


def leaderboard(job: dict, candidates: list[dict], elapsed: float) -> Table:
    table = Table(
        title=f"{JOB}: {job['AutoMLJobSecondaryStatus']}, {elapsed:.0f} s of {RUNTIME_S} s"
    )
    for heading in ("candidate", "model", "status", "objective", "validation"):
        table.add_column(heading)
    for candidate in candidates:
        metric = candidate.get("FinalAutoMLJobObjectiveMetric", {})
        containers = candidate.get("InferenceContainers", [])
        model = (
            re.sub(r".*/windvane-|:.*", "", containers[1]["Image"]) if len(containers) > 1 else ""
        )
        value = f"{metric['Value']:.4f}" if metric else ""
        table.add_row(
            candidate["CandidateName"],
            model,
            candidate["CandidateStatus"],
            metric.get("MetricName", ""),
            value,
        )
    return table


def show_endpoint(name: str) -> None:
    runtime, sagemaker = boto3.client("sagemaker-runtime"), boto3.client("sagemaker")
    test = pd.read_csv(DATA / "test.csv.gz", dtype=str, keep_default_na=False)
    rows, truth = test.drop(columns="y"), test["y"]
    one = rows.head(1).to_csv(header=False, index=False)
    began = time.monotonic()
    answer = (
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=one)["Body"]
        .read()
        .decode()
    )
    console.print(
        f"First prediction after {(time.monotonic() - began) * 1000:.1f} ms: {answer.strip()!r}"
    )
    times = []
    for _ in range(300):
        began = time.perf_counter()
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=one)
        times.append(time.perf_counter() - began)
    console.print(
        f"InvokeEndpoint, one row, through boto3: p50 {statistics.median(times) * 1000:.2f} ms"
    )
    labels = invoked(runtime, name, rows)[0]
    console.print(
        f"Test F1 of the one-click endpoint: {f1_score(truth == 'yes', labels == 'yes'):.4f}"
    )
    with_probabilities(sagemaker, name)
    probability = invoked(runtime, name, rows)[1].astype(float)
    console.print(
        f"Test AUC of the same candidate: {roc_auc_score(truth == 'yes', probability):.4f}"
    )


def with_probabilities(sagemaker: boto3.client, endpoint: str) -> None:
    """The same candidate's containers, asked for probabilities too, swapped in without a gap."""
    containers = sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)["BestCandidate"][
        "InferenceContainers"
    ]
    keys = "predicted_label,probability"
    containers[1]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = keys
    containers[2]["Environment"]["SAGEMAKER_INFERENCE_INPUT"] = keys
    containers[2]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = keys
    sagemaker.create_model(
        ModelName="with-probabilities",
        Containers=containers,
        ExecutionRoleArn=os.environ["WINDVANE_ROLE_ARN"],
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "with-probabilities",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="with-probabilities", ProductionVariants=[variant]
    )
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="with-probabilities")
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=endpoint, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def invoked(runtime: boto3.client, name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Every row's answer, in bodies of 2,000 rows."""
    parts = []
    for start in range(0, len(rows), 2000):
        body = rows.iloc[start : start + 2000].to_csv(header=False, index=False)
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=body)
        parts.append(pd.read_csv(io.BytesIO(answer["Body"].read()), header=None, dtype=str))
    return pd.concat(parts, ignore_index=True)


class MemoryWatch:
    """Peak of the proportional set size of a process and its descendants, sampled five times a second."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.peak_mb = max(self.peak_mb, sum(pss_mb(pid) for pid in tree_of(self._pid)))


def tree_of(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(
                    (entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1]
                )
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def pss_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match.group(1)) / 1024 if match else 0.0


if __name__ == "__main__":
    sys.exit(main())

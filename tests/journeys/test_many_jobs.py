"""A server with ten thousand jobs answers about as fast as an empty one."""

import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from journeys.running import RunningServer

from windvane.domain.job import JobStatus
from windvane.names import Scope
from windvane.store.open import open_store
from windvane.testing.store_laws.place import a_job

SCOPE = Scope("000000000000", "us-east-1")
MEMBERS = {
    "InputDataConfig": [
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/key"}},
            "TargetAttributeName": "y",
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "RoleArn": "arn:aws:iam::000000000000:role/windvane",
}


def fill(folder, first, count):
    store = open_store("", folder)
    now = datetime.now(UTC) - timedelta(days=1)
    with store.transaction() as tx:
        for number in range(first, first + count):
            name = f"job-{number:05}"
            job = a_job(
                name,
                scope=SCOPE,
                status=JobStatus.COMPLETED,
                sent={"AutoMLJobName": name, **MEMBERS},
            )
            assert tx.insert(replace(job, ended=now))
    store.close()


def median_s(call, times=60):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


@pytest.mark.long
def test_describe_and_one_list_page_stay_under_ten_times_those_of_an_empty_store(tmp_path):
    server = RunningServer(tmp_path / "data")
    sagemaker = server.client("sagemaker")
    calls = {
        "describe": lambda: sagemaker.describe_auto_ml_job(AutoMLJobName="job-00005"),
        "list": lambda: sagemaker.list_auto_ml_jobs(),
        "list by time": lambda: sagemaker.list_auto_ml_jobs(SortBy="CreationTime", MaxResults=100),
        "list by status": lambda: sagemaker.list_auto_ml_jobs(StatusEquals="Failed"),
    }
    fill(server.folder, 0, 10)
    empty = {name: median_s(call) for name, call in calls.items()}
    fill(server.folder, 10, 10_000)
    full = {name: median_s(call) for name, call in calls.items()}
    server.stop()
    ratios = {name: full[name] / empty[name] for name in calls}
    print({name: f"{1000 * empty[name]:.1f} -> {1000 * full[name]:.1f} ms" for name in calls})
    assert all(ratio < 10 for ratio in ratios.values()), ratios

"""What a transform job does with the model of a forecaster: whole histories in, as the sample notebooks ask for it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from unit.serving.forecasting.conftest import HORIZON, history, packed, plain
from unit.work.tasks.test_training import Bucket

from windvane.artifacts.base import parse_location
from windvane.domain.candidate import Container, TransformJob
from windvane.engine.packages.tarball import pack
from windvane.errors import DataFault
from windvane.work.workers.performing import perform_errand

HEAD = "id,t,y\n"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    folder = tmp_path_factory.mktemp("forecasts")
    made = Bucket(folder)
    pack(packed(folder / "package", plain(), ("seasonal-naive", "npts")), folder / "m.tar.gz")
    made.put("s3://b/m.tar.gz", (folder / "m.tar.gz").read_bytes())
    return made


def run(bucket: Bucket, uri: str, out: str, **source: str) -> dict[str, Any]:
    details = {
        "MaxPayloadInMB": 0,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "ContentType": "text/csv",
            "SplitType": "None",
            **source,
        },
        "TransformOutput": {"S3OutputPath": out, "AssembleWith": "Line"},
    }
    step = bucket.step(TransformJob, f"t-{bucket.jobs}", details)
    containers = (Container("", "s3://b/m.tar.gz", {}),)
    return perform_errand(replace(step, job=replace(step.job, containers=containers)))


def rows(bucket: Bucket, uri: str) -> list[dict[str, str]]:
    text = bucket.artifacts.read(parse_location(uri)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_each_object_has_the_forecasts_of_its_series(bucket: Bucket) -> None:
    bucket.put("s3://b/in/a.csv", (HEAD + history("x", range(30))).encode())
    bucket.put("s3://b/in/b.csv", b"id\ns000\ns002\n")
    assert run(bucket, "s3://b/in/", "s3://b/out/") == {"objects": 2}
    assert [row["id"] for row in rows(bucket, "s3://b/out/a.csv.out")] == ["x"] * HORIZON
    made = rows(bucket, "s3://b/out/b.csv.out")
    assert [row["id"] for row in made] == ["s000"] * HORIZON + ["s002"] * HORIZON
    assert list(made[0]) == ["id", "t", "p10", "p50", "p90", "mean"]


@pytest.mark.parametrize(
    ("text", "source", "told"),
    [
        (HEAD + "x,1971-01-01,1\nx,soon,2\n", {}, "s3://b/bad/a.csv: .*row 2, the first .*'soon'"),
        (HEAD, {"SplitType": "Line"}, "set SplitType to None"),
    ],
)
def test_what_is_wrong_ends_the_job_with_object_and_row(
    text: str, source: dict[str, str], told: str, bucket: Bucket
) -> None:
    bucket.put("s3://b/bad/a.csv", text.encode())
    with pytest.raises(DataFault, match=told):
        run(bucket, "s3://b/bad/", "s3://b/bad-out/", **source)

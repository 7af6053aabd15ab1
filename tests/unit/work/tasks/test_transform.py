"""What transform jobs do, on a folder in place of S3."""

import gzip
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from unit.work.tasks.test_training import QUICK, Bucket, output, table

from windvane.artifacts.base import parse_location
from windvane.domain.candidate import Container, TransformJob
from windvane.domain.datasource import DataSource
from windvane.domain.images import TRANSFORMERS
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.errors import DataFault, InvalidRequest
from windvane.work.exchange import InStore
from windvane.work.tasks.publishing import publish_dataset
from windvane.work.tasks.transform_source import items_of
from windvane.work.workers.performing import perform_errand
from windvane.work.workspace import Workspace

FORWARD = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
BACKWARD = {"AUTOML_TRANSFORM_MODE": "inverse-label-transform"}
ROWS = b"2.0,red,0.1\n-2.0,green,0.1\n"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    """One with a dataset, its table, transformers and a candidate."""
    folder = tmp_path_factory.mktemp("bucket")
    file, dataset = folder / "table.csv", folder / "dataset"
    table().to_csv(file, index=False)
    made = Bucket(folder)
    stages.analyse(
        [SourceFile(file, "table")], ReadOptions(scratch=folder), ProblemSpec("y"), dataset
    )
    publish_dataset(made.artifacts, parse_location("s3://b/dataset"), dataset)
    made.put("s3://b/raw/table.csv", file.read_bytes())
    made.train("one", "lightgbm", QUICK)
    made.train("fitted", TRANSFORMERS, {"_recipe": "dpp0"})
    return made


def containers() -> tuple[Container, ...]:
    transformers, model = (f"{output(name)}model.tar.gz" for name in ("fitted", "one"))
    return (
        Container("", transformers, FORWARD),
        Container("", model, {}),
        Container("", transformers, BACKWARD),
    )


class Jobs:
    """Runs transform jobs."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def run(
        self, uri: str, out: str, *, transformers: str = "", name: str = "t", **changes: Any
    ) -> dict[str, Any]:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
        details = {
            "TransformInput": {
                "DataSource": source,
                "ContentType": "text/csv",
                "SplitType": "Line",
                **changes.pop("source", {}),
            },
            "TransformOutput": {"S3OutputPath": out, **changes.pop("target", {})},
            **changes,
        }
        step = self.bucket.step(TransformJob, f"{name}-{self.bucket.jobs}", details)
        allowance: dict[str, Any] = (
            {"transformers": transformers} if transformers else {"containers": containers()}
        )
        return perform_errand(replace(step, job=replace(step.job, **allowance)))

    def text(self, uri: str) -> str:
        return self.bucket.artifacts.read(parse_location(uri)).decode()

    def keys(self, uri: str) -> list[str]:
        root = parse_location(uri)
        return [one.location.key.removeprefix(root.key) for one in self.bucket.artifacts.list(root)]


@pytest.fixture
def jobs(bucket: Bucket) -> Jobs:
    return Jobs(bucket)


def test_every_object_has_its_answer_below_the_output(jobs: Jobs) -> None:
    for key in ("in/a.csv", "in/deep/b.csv", "in/empty.csv"):
        jobs.bucket.put(f"s3://b/{key}", b"" if "empty" in key else ROWS)
    assert jobs.run("s3://b/in", "s3://b/out/") == {"objects": 3}
    assert jobs.keys("s3://b/out/") == ["a.csv.out", "deep/b.csv.out", "empty.csv.out"]
    assert jobs.text("s3://b/out/a.csv.out") == "yes\nno\n"
    assert jobs.text("s3://b/out/empty.csv.out") == ""


def test_a_single_object_has_its_name_and_out(jobs: Jobs) -> None:
    jobs.bucket.put("s3://b/single/test.csv", ROWS)
    jobs.run("s3://b/single/test.csv", "s3://b/single-out")
    assert jobs.keys("s3://b/single-out/") == ["test.csv.out"]


def test_the_models_and_the_jobs_environment_decide(jobs: Jobs) -> None:
    jobs.bucket.put("s3://b/env/test.csv", ROWS)
    keys = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
    jobs.run("s3://b/env/", "s3://b/env-out", Environment=keys)
    first, _ = jobs.text("s3://b/env-out/test.csv.out").splitlines()
    label, probability = first.split(",")
    assert label == "yes"
    assert float(probability) > 0.5


def test_gzip_in_members_is_decompressed(jobs: Jobs) -> None:
    body = gzip.compress(ROWS[:17]) + gzip.compress(ROWS[17:])
    jobs.bucket.put("s3://b/zip/test.csv.gz", body)
    jobs.run("s3://b/zip/", "s3://b/zip-out", source={"CompressionType": "Gzip"})
    assert jobs.text("s3://b/zip-out/test.csv.gz.out") == "yes\nno\n"


def test_a_manifest_names_the_objects(jobs: Jobs) -> None:
    jobs.bucket.put("s3://b/listed/x/a.csv", ROWS)
    jobs.bucket.put("s3://b/listed/x/not.csv", b"no")
    manifest = json.dumps([{"prefix": "s3://b/listed/"}, "x/a.csv"]).encode()
    jobs.bucket.put("s3://b/manifest", manifest)
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://b/manifest"}}
    jobs.run("", "s3://b/listed-out", source={"DataSource": source})
    assert jobs.keys("s3://b/listed-out/") == ["x/a.csv.out"]


@pytest.mark.parametrize(
    ("body", "changes", "told"),
    [
        (ROWS + b"x,red,1\n", {}, r"^ClientError: s3://b/bad/b.csv: Row 3, column 'a': 'x' cannot"),
        (ROWS, {"source": {"CompressionType": "Gzip"}}, r"b\.csv: .* this is not a gzip file"),
        (
            gzip.compress(ROWS, mtime=0)[:-9],
            {"source": {"CompressionType": "Gzip"}},
            "is truncated",
        ),
        (ROWS, {"MaxPayloadInMB": 6, "source": {"ContentType": "application/json"}}, "Record 1"),
    ],
)
def test_an_object_at_fault_is_named_and_has_no_answer(
    body: bytes, changes: dict[str, Any], told: str, jobs: Jobs
) -> None:
    jobs.bucket.put("s3://b/bad/b.csv", body)
    with pytest.raises(DataFault, match=told):
        jobs.run("s3://b/bad/", "s3://b/bad-out", **changes)
    assert jobs.keys("s3://b/bad-out/") == []


def test_a_model_whose_artefact_is_gone_is_told(jobs: Jobs) -> None:
    step = jobs.bucket.step(TransformJob, "gone", {"TransformInput": {}})
    lost = (Container("", "s3://b/lost.tar.gz", {}),)
    with pytest.raises(InvalidRequest, match=r"Could not find model data at s3://b/lost.tar.gz"):
        perform_errand(replace(step, job=replace(step.job, containers=lost)))


def test_a_prefix_that_is_no_folder_names_outputs_below_its_folder(jobs: Jobs) -> None:
    for key in ("part/a-1.csv", "part/a-2/b.csv"):
        jobs.bucket.put(f"s3://b/{key}", b"x")
    found = items_of(jobs.bucket.artifacts, DataSource("s3://b/part/a"))
    assert [item.output for item in found] == ["a-1.csv.out", "a-2/b.csv.out"]


@pytest.mark.parametrize("is_stored", [False, True], ids=["in a folder", "in the store"])
def test_what_is_done_is_not_done_again_by_the_next_worker(jobs: Jobs, is_stored: bool) -> None:
    jobs.bucket.put("s3://b/again/a.csv", ROWS)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/again/"}}
    details = {
        "TransformInput": {"DataSource": source, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://b/again-out"},
    }
    step = jobs.bucket.step(TransformJob, "again", details)
    step = replace(step, job=replace(step.job, containers=containers()))
    place = parse_location("s3://b/again-out/a.csv.out")
    if is_stored:
        step = replace(step, where=InStore(parse_location("s3://b/internal/again")))
    perform_errand(step)
    jobs.bucket.artifacts.write(place, b"kept")
    folder = (
        step.workspace.folder.with_name("another-machine") if is_stored else step.workspace.folder
    )
    again = replace(step, task=replace(step.task, token=1), workspace=Workspace(folder))
    perform_errand(again)
    assert jobs.bucket.artifacts.read(place) == b"kept"


def test_transformers_make_the_matrix_of_a_dataset(jobs: Jobs) -> None:
    artefact = f"{output('fitted')}model.tar.gz"
    made = jobs.run("s3://b/dataset/", "s3://b/matrix", transformers=artefact)
    assert sum(made["rows"].values()) == 600
    keys = ["train/chunk_0.csv", "validation/chunk_0.csv"]
    assert jobs.keys("s3://b/matrix/") == keys
    lines = jobs.text("s3://b/matrix/train/chunk_0.csv").splitlines()
    assert len(lines) == made["rows"]["train"]
    assert {line.partition(",")[0] for line in lines} == {"0", "1"}
    few = {"TRAIN_ROWS": "7", "VALIDATION_ROWS": "3"}
    made = jobs.run("s3://b/dataset", "s3://b/few", transformers=artefact, Environment=few)
    assert made["rows"] == {"train": 7, "validation": 3}


def test_transformers_make_the_same_matrix_of_the_table(jobs: Jobs) -> None:
    artefact = f"{output('fitted')}model.tar.gz"
    jobs.run("s3://b/dataset/", "s3://b/typed", transformers=artefact)
    jobs.run("s3://b/raw/", "s3://b/raw-out", transformers=artefact)
    parts = [jobs.text(f"s3://b/typed/{part}/chunk_0.csv") for part in ("train", "validation")]
    of_table = jobs.text("s3://b/raw-out/table.csv.out").splitlines()
    assert sorted(of_table) == sorted("".join(parts).splitlines())
    rows = table().drop(columns="y").to_csv(index=False, header=False)
    jobs.bucket.put("s3://b/bare/rows.csv", rows.encode())
    jobs.run("s3://b/bare/", "s3://b/bare-out", transformers=artefact)
    without = jobs.text("s3://b/bare-out/rows.csv.out").splitlines()
    assert without == [line.partition(",")[2] for line in of_table]


def test_the_delimiter_of_a_table_is_found(jobs: Jobs) -> None:
    artefact = f"{output('fitted')}model.tar.gz"
    text = table().to_csv(index=False)
    jobs.bucket.put("s3://b/commas/t.csv", text.encode())
    jobs.bucket.put("s3://b/semicolons/t.csv", text.replace(",", ";").encode())
    for name in ("commas", "semicolons"):
        jobs.run(f"s3://b/{name}/", f"s3://b/{name}-out", transformers=artefact)
    assert jobs.text("s3://b/commas-out/t.csv.out") == jobs.text("s3://b/semicolons-out/t.csv.out")


def test_a_table_of_other_columns_is_told(jobs: Jobs) -> None:
    artefact = f"{output('fitted')}model.tar.gz"
    jobs.bucket.put("s3://b/other/t.csv", b"a,b\n1,2\n")
    with pytest.raises(DataFault, match=r"s3://b/other/t.csv: The first line has 2 values"):
        jobs.run("s3://b/other/", "s3://b/other-out", transformers=artefact)


def test_rows_without_target_are_left_out(jobs: Jobs) -> None:
    artefact = f"{output('fitted')}model.tar.gz"
    jobs.bucket.put("s3://b/holes/t.csv", b'y,b,colour,a\nyes,1,"red",2\n,1,red,2\nmaybe,1,red,2\n')
    jobs.run("s3://b/holes/", "s3://b/holes-out", transformers=artefact)
    [line] = jobs.text("s3://b/holes-out/t.csv.out").splitlines()
    assert line.startswith("1,")
    assert np.isfinite([float(cell) for cell in line.split(",")]).all()

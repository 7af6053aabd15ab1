"""What training and processing jobs do, on a folder in place of S3."""

import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.work.world import SCOPE, START

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import ProcessingJob, TrainingJob
from windvane.domain.images import EXPLAINER, TRANSFORMERS, image_uri
from windvane.domain.problem import ProblemSpec
from windvane.domain.task import Task, TaskKind
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.dataset import read_analysis, read_dataset
from windvane.engine.packages.package import load_predictor
from windvane.engine.packages.tarball import pack, unpack
from windvane.engine.training.fold_limits import FoldLimits
from windvane.engine.training.trial import TrainLimits
from windvane.errors import CandidateFault, CorruptArtifact, DataFault, InvalidRequest
from windvane.work.allowance import TaskAllowance
from windvane.work.exchange import InFolder
from windvane.work.tasks.publishing import publish_dataset
from windvane.work.tasks.step_context import StepContext, fetch_dataset
from windvane.work.workers.performing import perform_errand
from windvane.work.workspace import Workspace

QUICK = {"num_iterations": "5", "_folds": "2"}


def table(n_rows: int = 600) -> pd.DataFrame:
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, n_rows)).round(4)
    colour = random.choice(["red", "green"], n_rows)
    y = np.where(a + (colour == "red") + random.normal(0, 0.5, n_rows) > 0.5, "yes", "no")
    return pd.DataFrame({"a": a, "colour": colour, "b": b, "y": y})


class Bucket:
    """Runs step jobs whose S3 is a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifacts = LocalArtifacts(folder / "s3")
        self.artifacts.ensure_bucket("b")
        self.jobs = 0

    def step(self, kind: type[ProcessingJob], name: str, details: dict[str, Any]) -> StepContext:
        self.jobs += 1
        job = kind(scope=SCOPE, name=name, created=START, modified=START, details=details)
        task = Task(
            id=self.jobs, job_arn=job.arn, kind=TaskKind.STEP, key="step", payload={}, created=START
        )
        return StepContext(
            job=job,
            task=task,
            workspace=Workspace(self.folder / "work" / name),
            where=InFolder(self.folder / "work" / name),
            stop_at=4e9,
            allowance=TaskAllowance(lambda: self.artifacts, 1, 2000, 10**9, 100),
        )

    def train(
        self, name: str, algorithm: str, given: dict[str, str], **channels: str
    ) -> dict[str, Any]:
        uris = {"dataset": "s3://b/dataset", **channels}
        details = {
            "AlgorithmSpecification": {"TrainingImage": image_uri(SCOPE, algorithm)},
            "HyperParameters": given,
            "InputDataConfig": [
                {
                    "ChannelName": one.replace("_", "-"),
                    "DataSource": {"S3DataSource": {"S3Uri": uri}},
                }
                for one, uri in uris.items()
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://b/models/"},
        }
        return perform_errand(self.step(TrainingJob, name, details))

    def process(
        self, image: str, inputs: dict[str, dict[str, str]], outputs: dict[str, str], **env: str
    ) -> None:
        details = self.processing(image, inputs, outputs, **env)
        perform_errand(self.step(ProcessingJob, "p", details))

    def processing(
        self, image: str, inputs: dict[str, dict[str, str]], outputs: dict[str, str], **env: str
    ) -> dict[str, Any]:
        return {
            "AppSpecification": {"ImageUri": image_uri(SCOPE, image)},
            "ProcessingInputs": [
                {"InputName": one, "S3Input": {"S3DataType": "S3Prefix", **source}}
                for one, source in inputs.items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {"OutputName": one, "S3Output": {"S3Uri": uri}} for one, uri in outputs.items()
                ]
            },
            "Environment": env,
        }

    def put(self, uri: str, content: bytes) -> None:
        self.artifacts.write(parse_location(uri), content)

    def unpacked(self, uri: str) -> Path:
        archive = self.folder / "archive"
        self.artifacts.download(parse_location(uri), archive)
        into = self.folder / f"unpacked-{uri.rsplit('/', 3)[1]}-{self.jobs}-{len(uri)}"
        unpack(archive, into)
        return into


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    """One with a dataset and two candidates."""
    folder = tmp_path_factory.mktemp("bucket")
    file, dataset = folder / "table.csv", folder / "dataset"
    table().to_csv(file, index=False)
    made = Bucket(folder)
    stages.analyse(
        [SourceFile(file, "table")], ReadOptions(scratch=folder), ProblemSpec("y"), dataset
    )
    publish_dataset(made.artifacts, parse_location("s3://b/dataset"), dataset)
    made.train("one", "lightgbm", QUICK)
    made.train("two", "linear-learner", {"_folds": "2"})
    return made


def with_means(step: StepContext, **allowance: Any) -> StepContext:
    return replace(step, allowance=replace(step.allowance, **allowance))


def output(name: str) -> str:
    return f"s3://b/models/{name}/output/"


def test_a_dataset_comes_back_from_s3_as_it_went(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("s3://b/dataset/notes.txt", b"not ours")
    bucket.put("s3://b/dataset-2/analysis.json", b"another")
    step = bucket.step(TrainingJob, "x", {})
    came = fetch_dataset(step, "s3://b/dataset/", tmp_path / "came")
    names = {file.relative_to(came).as_posix() for file in came.rglob("*") if file.is_file()}
    assert "notes.txt" not in names
    assert read_analysis(came) == read_analysis(bucket.folder / "dataset")
    assert (read_dataset(came).y == read_dataset(bucket.folder / "dataset").y).all()


def test_a_dataset_that_is_not_there_too_large_or_damaged_is_told_by_its_uri(
    bucket: Bucket, tmp_path: Path
) -> None:
    step = bucket.step(TrainingJob, "x", {})
    with pytest.raises(DataFault, match="There is no dataset under s3://b/datas:"):
        fetch_dataset(step, "s3://b/datas", tmp_path / "no")
    with pytest.raises(DataFault, match="takes at most 10 "):
        fetch_dataset(with_means(step, max_data_bytes=10), "s3://b/dataset", tmp_path / "much")
    bucket.put("s3://b/broken/analysis.json", b"{}")
    with pytest.raises(CorruptArtifact, match=r"^s3://b/broken/analysis.json cannot be read"):
        bucket.train("x", "lightgbm", {}, dataset="s3://b/broken")


def test_the_same_request_leaves_the_same_bytes(bucket: Bucket) -> None:
    scores = bucket.train("one-again", "lightgbm", QUICK)
    assert {score["metric"] for score in scores["scores"]} >= {"F1", "AUC"}
    assert scores == bucket.train("one", "lightgbm", QUICK)
    read = bucket.artifacts.read
    one, other = (read(parse_location(f"{output(n)}model.tar.gz")) for n in ("one", "one-again"))
    assert one == other


def test_transformers_and_a_model_of_two_jobs_fit_together(bucket: Bucket) -> None:
    assert "scores" not in bucket.train("fitted", TRANSFORMERS, {"_recipe": "dpp0"})
    transformers = bucket.unpacked(f"{output('fitted')}model.tar.gz")
    model = bucket.unpacked(f"{output('one')}model.tar.gz")
    answer = load_predictor(transformers, model).predict([["2.0", "red", "0.1"]])
    assert answer.probabilities[0, 1] > 0.5


def test_transformers_of_several_recipes_are_one_package(bucket: Bucket) -> None:
    assert "scores" not in bucket.train("of-two", TRANSFORMERS, {"_recipe": '["dpp1", "dpp0"]'})
    ensemble(bucket, '{"one": 0.6, "two": 0.4}')
    transformers = bucket.unpacked(f"{output('of-two')}model.tar.gz")
    model = bucket.unpacked(f"{output('both')}model.tar.gz") / "model"
    assert load_predictor(transformers, model).predict([["2.0", "red", "0.1"]])
    with pytest.raises(CandidateFault, match="'_recipe' is 'dpp9'; it must be one of: dpp0"):
        bucket.train("x", TRANSFORMERS, {"_recipe": '["dpp0", "dpp9"]'})


def test_a_constant_can_be_trained_too(bucket: Bucket) -> None:
    scores = bucket.train("constant", "baseline", {})["scores"]
    assert {score["metric"]: score["value"] for score in scores}["AUC"] == pytest.approx(
        0.5, abs=0.02
    )


def ensemble(bucket: Bucket, members: str, **changes: Any) -> dict[str, Any]:
    given = {"_members": members, **changes.pop("given", {})}
    channels = {"member_1": output("one"), "member_2": output("two"), **changes}
    return bucket.train("both", "ensemble", given, **channels)


def test_an_ensemble_answers_with_all_it_needs_in_one_archive(bucket: Bucket) -> None:
    found = ensemble(bucket, '{"one": 0.6, "two": 0.4}')
    assert 0.5 < {one["metric"]: one["value"] for one in found["scores"]}["AUC"] <= 1
    made = bucket.unpacked(f"{output('both')}model.tar.gz")
    predictor = load_predictor(made / "transformers", made / "model")
    assert sorted(predictor.recipes) == ["dpp0", "dpp1"]
    assert [member.weight for member in predictor.members] == [0.6, 0.4]
    record = bucket.unpacked(f"{output('both')}output.tar.gz")
    assert {file.name for file in record.iterdir()} == {"outcome.json", "oof.npy"}


def test_an_ensemble_has_the_second_layer_that_is_asked_for(bucket: Bucket) -> None:
    weights = '{"one": 0.6, "two": 0.4}'
    layer = {"_second_layer": '{"rounds": 3, "min_data_in_leaf": 5}'}
    assert ensemble(bucket, weights, given=layer) != ensemble(bucket, weights)
    ensemble(bucket, weights, given=layer)
    made = bucket.unpacked(f"{output('both')}model.tar.gz")
    predictor = load_predictor(made / "transformers", made / "model")
    assert predictor.second_layer is not None
    assert (predictor.second_layer.n_members, predictor.second_layer.n_classes) == (2, 2)


@pytest.mark.parametrize(
    ("members", "changes", "told"),
    [
        ("one", {}, "must be a JSON object of training job names and weights"),
        ('{"one": "much"}', {}, "must be a JSON object of training job names and weights"),
        ("{}", {}, "is missing: a JSON object"),
        ('{"one": 1}', {}, "names 1 members, and there are 2 channels"),
        ('{"one": 0.5, "two": 0.4}', {}, "add up to 1"),
        ('{"two": 0.5, "one": 0.5}', {}, "The member 'two' stands in place 1"),
        (
            '{"one": 0.5, "two": 0.5}',
            {"given": {"_second_layer": "yes"}},
            "'_second_layer' is 'yes'; it must be a JSON object",
        ),
        (
            '{"one": 0.5, "two": 0.5}',
            {"given": {"_second_layer": '{"rounds": 0}'}},
            "The second layer's 'rounds' cannot be 0",
        ),
        ('{"one": 0.5, "two": 0.5}', {"given": {"eta": "1"}}, "'eta' is not known to ensemble"),
        (
            '{"one": 0.5, "two": 0.5}',
            {"given": {"_without": '["a"]'}},
            r"without the columns \[\], the ensemble is to be without \['a'\]",
        ),
        (
            '{"one": 0.5, "x": 0.5}',
            {"member_2": output("x")},
            "Could not find model data at s3://b/models/x/output/output.tar.gz",
        ),
    ],
)
def test_members_that_do_not_fit_are_named(
    bucket: Bucket, members: str, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises((CandidateFault, InvalidRequest), match=told):
        ensemble(bucket, members, **changes)


def test_an_ensemble_is_no_member_of_another(bucket: Bucket) -> None:
    ensemble(bucket, '{"one": 0.5, "two": 0.5}')
    with pytest.raises(InvalidRequest, match="s3://b/models/both/output holds an ensemble"):
        ensemble(bucket, '{"both": 0.5, "two": 0.5}', member_1=output("both"))


def test_a_member_whose_model_is_the_first_folds_brings_that_folds_transformers(
    bucket: Bucket,
) -> None:
    dataset, folder = bucket.folder / "dataset", bucket.folder / "first-fold"
    plan = Plan(1, "dpp0", "lightgbm", {"num_iterations": 5, "learning_rate": 0.1}, seed=0)
    limits = TrainLimits(4e9, FoldLimits(most=2))
    stages.cross_validate(dataset, folder / "features", plan, limits, folder / "1")
    made = folder / "made"
    stages.assemble(dataset, {"dpp0": folder / "features"}, {1: folder / "1"}, 1, made)
    shutil.rmtree(folder / "1" / "model")
    for part, name in ((made / "model", "model"), (folder / "1", "output")):
        pack(part, folder / "archive")
        location = parse_location(f"{output('first')}{name}.tar.gz")
        bucket.artifacts.upload(location, folder / "archive")
    ensemble(bucket, '{"one": 0.5, "first": 0.5}', member_2=output("first"))
    both = bucket.unpacked(f"{output('both')}model.tar.gz")
    predictor = load_predictor(both / "transformers", both / "model")
    assert sorted(predictor.recipes) == ["dpp0", "dpp0_fold0"]


def test_a_member_of_another_table_is_refused(bucket: Bucket) -> None:
    other = bucket.folder / "other"
    file = bucket.folder / "other.csv"
    table().rename(columns={"a": "c"}).to_csv(file, index=False)
    options = ReadOptions(scratch=bucket.folder)
    stages.analyse([SourceFile(file, "table")], options, ProblemSpec("y"), other)
    publish_dataset(bucket.artifacts, parse_location("s3://b/other"), other)
    bucket.train("alien", "lightgbm", QUICK, dataset="s3://b/other")
    with pytest.raises(InvalidRequest, match="alien/output was trained on another table"):
        ensemble(bucket, '{"one": 0.5, "alien": 0.5}', member_2=output("alien"))


def test_columns_may_be_left_out_of_all_members(bucket: Bucket) -> None:
    without = {"_without": '["colour"]'}
    bucket.train("one-less", "lightgbm", {**QUICK, **without})
    bucket.train("two-less", "linear-learner", {"_folds": "2", **without})
    members = {"member_1": output("one-less"), "member_2": output("two-less")}
    ensemble(bucket, '{"one-less": 0.5, "two-less": 0.5}', given=without, **members)
    made = bucket.unpacked(f"{output('both')}model.tar.gz")
    predictor = load_predictor(made / "transformers", made / "model")
    rows = [["1.0", colour, "0.1"] for colour in ("red", "green")]
    red, green = predictor.predict(rows).probabilities.tolist()
    assert red == green


def as_parquet(frame: pd.DataFrame) -> bytes:
    made = io.BytesIO()
    frame.to_parquet(made, index=False)
    return made.getvalue()


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


@pytest.mark.parametrize(
    ("write", "compression"),
    [(as_csv, "None"), (lambda frame: gzip.compress(as_csv(frame)), "Gzip"), (as_parquet, "None")],
)
def test_tables_are_read_and_split_as_automl_jobs_do(
    bucket: Bucket, write: Callable[[pd.DataFrame], bytes], compression: str
) -> None:
    bucket.put("s3://b/raw/part", write(table()))
    bucket.process(
        TRANSFORMERS,
        {"table": {"S3Uri": "s3://b/raw/", "S3CompressionType": compression}},
        {"dataset": "s3://b/again/", "header": "s3://b/head"},
        TARGET_ATTRIBUTE_NAME="y",
        PROBLEM_TYPE="BinaryClassification",
        OBJECTIVE="AUC",
    )
    assert bucket.artifacts.read(parse_location("s3://b/head/headers.csv")) == b"y,a,colour,b\n"
    for name in ("folds.npy", "y.npy"):
        made, before = (
            bucket.artifacts.read(parse_location(f"s3://b/{folder}/{name}"))
            for folder in ("again", "dataset")
        )
        assert made == before
    document = json.loads(bucket.artifacts.read(parse_location("s3://b/again/analysis.json")))
    assert document["objective"] == "AUC"


def test_a_table_that_is_read_again_is_scored_by_the_servers_settings(bucket: Bucket) -> None:
    bucket.put("s3://b/raw/part", as_csv(table()))
    details = bucket.processing(
        TRANSFORMERS,
        {"table": {"S3Uri": "s3://b/raw/"}},
        {"dataset": "s3://b/plain", "tuning_data": "s3://b/rows/"},
        TARGET_ATTRIBUTE_NAME="y",
    )
    step = bucket.step(ProcessingJob, "plain", details)
    perform_errand(with_means(step, calibrate=False, tune_threshold=False))
    document = json.loads(bucket.artifacts.read(parse_location("s3://b/plain/analysis.json")))
    assert (document["calibrate"], document["tune_threshold"]) == (False, False)
    parts = [
        bucket.artifacts.read(parse_location(f"s3://b/rows/{part}/chunk_0.csv"))
        for part in ("train", "validation")
    ]
    assert sum(part.count(b"\n") for part in parts) == len(table())


def test_a_damaged_model_is_told_by_its_uri(bucket: Bucket) -> None:
    model = f"{output('one')}model.tar.gz"
    bucket.train("for-damage", TRANSFORMERS, {})
    transformers = f"{output('for-damage')}model.tar.gz"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as made:
        made.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO())
    bucket.put("s3://b/damaged.tar.gz", archive.getvalue())
    bucket.put("s3://b/text.tar.gz", b"a,b")
    for uris, told in (
        (
            {"model": "s3://b/damaged.tar.gz", "transformers": transformers},
            r"^s3://b/damaged.tar.gz/man",
        ),
        ({"model": model}, f"^{model} holds 'model', not 'transformers'"),
        ({"model": "s3://b/text.tar.gz"}, r"^s3://b/text.tar.gz cannot be unpacked"),
    ):
        inputs = {"dataset": {"S3Uri": "s3://b/dataset"}}
        inputs |= {name: {"S3Uri": uri} for name, uri in uris.items()}
        with pytest.raises((CorruptArtifact, InvalidRequest), match=told):
            bucket.process(EXPLAINER, inputs, {"explanation": "s3://b/why"}, CANDIDATE_NAME="one")

"""Training jobs on rows of their own: CSV, Parquet, a manifest, a dataset by another name, rows to validate with."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from unit.work.tasks.test_training import Bucket, output, table, with_means
from unit.work.world import SCOPE

from windvane.artifacts.base import parse_location
from windvane.domain.candidate import TrainingJob
from windvane.domain.images import TRANSFORMERS, image_uri
from windvane.domain.problem import MetricName, ProblemSpec
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.packages.package import load_predictor
from windvane.errors import CandidateFault, DataFault
from windvane.serving.model import LocalContainer, load_model
from windvane.work.tasks.publishing import publish_dataset
from windvane.work.workers.performing import perform_errand

QUICK = {"num_iterations": "15", "_folds": "2"}
HEADED = "text/csv;header=present"
N_ROWS = 600


def without_header(frame: pd.DataFrame) -> bytes:
    """The target first."""
    order = ["y", *(name for name in frame.columns if name != "y")]
    return frame[order].to_csv(index=False, header=False).encode()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    folder = tmp_path_factory.mktemp("tables")
    made = Bucket(folder)
    frame = table(N_ROWS + 200)
    train, valid = frame[:N_ROWS], frame[N_ROWS:]
    made.put("s3://b/rows/part-1.csv", without_header(train[:300]))
    made.put("s3://b/rows/part-2.csv", without_header(train[300:]))
    made.put("s3://b/packed/rows.csv.gz", gzip.compress(without_header(train)))
    made.put("s3://b/valid/rows.csv", without_header(valid))
    made.put("s3://b/headed/train.csv", train.to_csv(index=False).encode())
    made.put("s3://b/headed-valid/rows.csv", valid.to_csv(index=False).encode())
    manifest = json.dumps([{"prefix": "s3://b/rows/"}, "part-1.csv", "part-2.csv"])
    made.put("s3://b/manifest", manifest.encode())
    train.to_parquet(folder / "train.parquet")
    made.put("s3://b/parquet/train.parquet", (folder / "train.parquet").read_bytes())
    (folder / "train.csv").write_bytes(train.to_csv(index=False).encode())
    stages.analyse(
        [SourceFile(folder / "train.csv", "table")],
        ReadOptions(scratch=folder),
        ProblemSpec("y"),
        folder / "dataset",
    )
    publish_dataset(made.artifacts, parse_location("s3://b/dataset"), folder / "dataset")
    return made


def source(uri: str, content_type: str = "", **changes: Any) -> dict[str, Any]:
    kind = changes.pop("kind", "S3Prefix")
    given = {"ContentType": content_type} if content_type else {}
    return {"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}, **given, **changes}


def run(
    bucket: Bucket,
    name: str,
    algorithm: str,
    given: dict[str, str],
    **channels: dict[str, Any],
) -> dict[str, float]:
    """The scores of a training job."""
    details = {
        "AlgorithmSpecification": {"TrainingImage": image_uri(SCOPE, algorithm)},
        "HyperParameters": given,
        "InputDataConfig": [{"ChannelName": one, **value} for one, value in channels.items()],
        "OutputDataConfig": {"S3OutputPath": "s3://b/models/"},
    }
    step = bucket.step(TrainingJob, name, details)
    found = json.loads(json.dumps(perform_errand(with_means(step, memory_mb=4000))))
    return {one["metric"]: one["value"] for one in found.get("scores", ())}


def model_of(bucket: Bucket, name: str) -> Path:
    return bucket.unpacked(f"{output(name)}model.tar.gz")


def test_csv_without_a_header_becomes_one_model_that_answers_rows(bucket: Bucket) -> None:
    given = {"num_boost_round": "15", "num_leaves": "7", "objective": "binary", "num_class": "2"}
    scores = run(bucket, "plain", "lightgbm", given, train=source("s3://b/rows/", "text/csv"))
    assert scores["AUC"] > 0.8
    model = load_model([LocalContainer({}, model_of(bucket, "plain"))])
    answer, media = model.answer(b"2.0,red,0.1\n-2.0,green,0.1\n", "text/csv", "")
    assert (answer, media) == (b"yes\nno\n", "text/csv")


@pytest.mark.parametrize(
    "channel",
    [
        source("s3://b/rows/"),
        source("s3://b/manifest", "text/csv;label_size=1", kind="ManifestFile"),
        source("s3://b/packed/", "text/csv", CompressionType="Gzip"),
    ],
)
def test_the_same_rows_give_the_same_model_however_they_lie(
    bucket: Bucket, channel: dict[str, Any]
) -> None:
    first = run(bucket, "rows-a", "lightgbm", QUICK, train=source("s3://b/rows/", "text/csv"))
    assert run(bucket, "rows-b", "lightgbm", QUICK, train=channel) == first
    read = bucket.artifacts.read
    one, other = (
        read(parse_location(f"{output(name)}model.tar.gz")) for name in ("rows-a", "rows-b")
    )
    assert one == other


@pytest.mark.parametrize(
    "channel",
    [
        source("s3://b/headed/", HEADED),
        source("s3://b/headed/train.csv"),
        source("s3://b/parquet/", "application/x-parquet"),
        source("s3://b/parquet/"),
        source("s3://b/dataset/"),
        source("s3://b/dataset"),
    ],
)
def test_a_table_scores_as_its_dataset_does(bucket: Bucket, channel: dict[str, Any]) -> None:
    told = {**QUICK, "_target": "y", "_problem_type": "BinaryClassification", "_seed": "3"}
    of_dataset = run(bucket, "of-dataset", "lightgbm", told, dataset=source("s3://b/dataset"))
    assert run(bucket, "of-table", "lightgbm", told, train=channel) == of_dataset


def test_a_dataset_by_the_name_of_train_leaves_a_model_for_its_transformers(bucket: Bucket) -> None:
    run(bucket, "apart", "lightgbm", QUICK, train=source("s3://b/dataset/"))
    run(bucket, "fitted", TRANSFORMERS, {"_recipe": "dpp0"}, train=source("s3://b/dataset/"))
    predictor = load_predictor(model_of(bucket, "fitted"), model_of(bucket, "apart"))
    assert predictor.predict([["2.0", "red", "0.1"]]).probabilities[0, 1] > 0.5


def test_transformers_are_fitted_on_a_table(bucket: Bucket) -> None:
    given = {"_recipe": '["dpp0", "dpp1"]', "_target": "y", "_objective": "AUC"}
    assert run(bucket, "of-rows", TRANSFORMERS, given, train=source("s3://b/headed/")) == {}
    schema = json.loads((model_of(bucket, "of-rows") / "schema.json").read_text())
    assert [column["name"] for column in schema["columns"]] == ["a", "colour", "b"]


@pytest.mark.parametrize("algorithm", ["xgboost", "linear-learner", "randomforest"])
def test_rows_to_validate_with_are_what_the_model_is_scored_on(
    bucket: Bucket, algorithm: str
) -> None:
    channels = {"train": source("s3://b/rows/", "text/csv")}
    validation = source("s3://b/valid/rows.csv", "text/csv")
    given = {"_folds": "2", "_objective": "AUC"}
    crossed = run(bucket, "crossed", algorithm, given, **channels)
    scores = run(bucket, "judged", algorithm, given, **channels, validation=validation)
    assert set(scores) == set(crossed)
    assert scores != crossed
    model = model_of(bucket, "judged")
    predictor = load_predictor(model / "transformers", model / "model")
    valid = table(N_ROWS + 200)[N_ROWS:]
    rows = valid.drop(columns="y").astype(str).to_numpy().tolist()
    answer = predictor.predict(rows)
    labels = [predictor.schema.labels[one] for one in answer.classes]
    assert scores["Accuracy"] == pytest.approx((valid["y"] == labels).mean())
    assert scores["AUC"] == pytest.approx(roc_auc_score(valid["y"], answer.probabilities[:, 1]))


def test_training_stops_when_the_rows_to_validate_with_gain_no_more(bucket: Bucket) -> None:
    """Whatever folds of the rows to train on would have to say."""
    valid = table(N_ROWS + 200)[N_ROWS:]
    turned = valid.assign(y=["no" if label == "yes" else "yes" for label in valid["y"]])
    bucket.put("s3://b/turned/rows.csv", without_header(turned))
    given = {"num_iterations": "200", "early_stopping_rounds": "5", "learning_rate": "0.1"}

    def rounds(name: str, uri: str) -> int:
        channels = {"train": source("s3://b/rows/"), "validation": source(uri)}
        run(bucket, name, "lightgbm", given, **channels)
        made = bucket.unpacked(f"{output(name)}output.tar.gz")
        return int(json.loads((made / "outcome.json").read_text())["fits"]["rounds"])

    assert rounds("misled", "s3://b/turned/") < 5 < rounds("led", "s3://b/valid/") < 200


def test_rows_with_a_header_are_validated_by_name(bucket: Bucket) -> None:
    given = {**QUICK, "_target": "y", "objective": "auto", "metric": "auc"}
    channels = {"train": source("s3://b/headed/"), "validation": source("s3://b/headed-valid/")}
    assert run(bucket, "by-name", "lightgbm", given, **channels)["AUC"] > 0.8


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (b"yes,1,red\n", "columns"),
        (b"maybe,1,red,2\nperhaps,1,red,2\n", "None of the 2 rows of the validation data can be"),
    ],
)
def test_rows_that_cannot_validate_say_why(bucket: Bucket, rows: bytes, told: str) -> None:
    bucket.put("s3://b/odd/rows.csv", rows)
    channels = {"train": source("s3://b/rows/"), "validation": source("s3://b/odd/")}
    with pytest.raises(DataFault, match=told):
        run(bucket, "odd", "lightgbm", QUICK, **channels)


def test_a_dataset_has_rows_to_validate_with_already(bucket: Bucket) -> None:
    channels = {"train": source("s3://b/dataset"), "validation": source("s3://b/valid/")}
    with pytest.raises(CandidateFault, match="defines its own validation rows"):
        run(bucket, "twice", "lightgbm", QUICK, **channels)


@pytest.mark.parametrize("share", ["0", "1", "half"])
def test_a_share_of_rows_is_one(bucket: Bucket, share: str) -> None:
    given = {**QUICK, "_validation_fraction": share}
    with pytest.raises(CandidateFault, match="must be a number greater than 0 and less than 1"):
        run(bucket, "no-share", "lightgbm", given, train=source("s3://b/rows/"))


def test_an_ensemble_trains_the_members_that_are_described(bucket: Bucket) -> None:
    members = {"one": ("lightgbm", QUICK), "two": ("linear-learner", {"_folds": "2"})}
    told = {
        f"_member-{number}": json.dumps({"algorithm": algorithm, "hyperparameters": given})
        for number, (algorithm, given) in enumerate(members.values(), 1)
    }
    told["_members"] = '{"one": 0.75, "two": 0.25}'
    dataset = source("s3://b/dataset")
    for name, (algorithm, given) in members.items():
        run(bucket, name, algorithm, given, dataset=dataset)
    channels = {f"member-{n}": source(output(name)) for n, name in enumerate(members, 1)}
    by_channels = run(
        bucket, "both", "ensemble", {"_members": told["_members"]}, dataset=dataset, **channels
    )
    assert run(bucket, "described", "ensemble", told, dataset=dataset) == by_channels
    of_rows = run(
        bucket, "of-csv", "ensemble", {**told, "_target": "y"}, train=source("s3://b/headed/")
    )
    assert of_rows == by_channels
    model = load_model([LocalContainer({}, model_of(bucket, "of-csv"))])
    assert model.answer(b"2.0,red,0.1\n", "text/csv", "")[0] == b"yes\n"
    del told["_member-2"]
    with pytest.raises(CandidateFault, match="'_member-2' is ''; it must be a JSON object"):
        run(bucket, "half", "ensemble", told, dataset=dataset)


@pytest.mark.parametrize(
    ("given", "channel", "told"),
    [
        ({"_target": "z"}, source("s3://b/headed/"), "The target column 'z' is not in the data"),
        ({"_target": "z"}, source("s3://b/dataset/"), "of the dataset s3://b/dataset/ it is 'y'"),
        ({}, source("s3://b/parquet/"), "'_target' is missing: the name of the column"),
        ({"_objective": "Fine"}, source("s3://b/rows/"), "'_objective' is 'Fine'; it must be one"),
        ({"objective": "regression"}, source("s3://b/rows/"), "ProblemType is Regression but"),
        ({"num_class": "3"}, source("s3://b/rows/"), "'num_class' is 3; the table has 2 classes"),
        ({"metric": "rmse"}, source("s3://b/rows/"), "RMSE does not fit the problem type"),
        ({"learning_rat": "1"}, source("s3://b/rows/"), "'learning_rat' is not known to lightgbm"),
        ({"_sample_weight": "w"}, source("s3://b/dataset"), "it is nothing"),
    ],
)
def test_what_does_not_fit_the_rows_is_named(
    bucket: Bucket, given: dict[str, str], channel: dict[str, Any], told: str
) -> None:
    with pytest.raises((CandidateFault, DataFault), match=told):
        run(bucket, "wrong", "lightgbm", given, train=channel)


def test_a_header_that_nobody_spoke_of_is_no_row(bucket: Bucket) -> None:
    with pytest.raises(DataFault, match=r"has text above columns of numbers\. Remove the row, or"):
        run(bucket, "a-header", "lightgbm", QUICK, train=source("s3://b/headed/", "text/csv"))


def test_the_objective_of_another_name_is_that_of_the_table(bucket: Bucket) -> None:
    run(bucket, "auc", "xgboost", {"eval_metric": "auc"}, train=source("s3://b/rows/"))
    manifest = json.loads((model_of(bucket, "auc") / "model" / "manifest.json").read_text())
    assert MetricName.AUC in json.dumps(manifest)

"""A candidate's containers with another model in the second: what fits answers, what does not is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.work.tasks.test_tables import run, source
from unit.work.tasks.test_training import Bucket, output, table

from windvane.artifacts.base import parse_location
from windvane.domain.images import TRANSFORMERS
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.serving.model import LocalContainer, ServedModel, load_model
from windvane.work.tasks.publishing import publish_dataset

FORWARD = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
BACKWARD = {"AUTOML_TRANSFORM_MODE": "inverse-label-transform"}
QUICK = {"_folds": "1", "_recipe": "dpp0"}
ROW = b"2.0,red,0.1"


def put_dataset(bucket: Bucket, name: str, frame: pd.DataFrame) -> None:
    folder = bucket.folder / name
    folder.mkdir()
    frame.to_csv(folder / "table.csv", index=False)
    stages.analyse(
        [SourceFile(folder / "table.csv", "table")],
        ReadOptions(scratch=folder),
        ProblemSpec("y"),
        folder / "dataset",
    )
    publish_dataset(bucket.artifacts, parse_location(f"s3://b/{name}"), folder / "dataset")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Unpacked model data of training jobs."""
    bucket = Bucket(tmp_path_factory.mktemp("swapped"))
    frame = table(700)
    put_dataset(bucket, "dataset", frame[:600])
    put_dataset(bucket, "later", frame[100:])
    bucket.put(
        "s3://b/rows/rows.csv", frame[["y", "a", "colour", "b"]].to_csv(index=False).encode()
    )
    jobs: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
        "fitted": (TRANSFORMERS, {"_recipe": "dpp0"}, {"dataset": source("s3://b/dataset")}),
        "theirs": ("lightgbm", QUICK, {"dataset": source("s3://b/dataset")}),
        "mine": ("xgboost", {**QUICK, "eta": "0.2"}, {"dataset": source("s3://b/dataset")}),
        "linear": ("linear-learner", {"_folds": "1"}, {"dataset": source("s3://b/dataset")}),
        "later": ("lightgbm", QUICK, {"dataset": source("s3://b/later")}),
        "whole": ("lightgbm", {**QUICK, "_target": "y"}, {"train": source("s3://b/rows/")}),
    }
    for name, (algorithm, given, channels) in jobs.items():
        run(bucket, name, algorithm, given, **channels)
    return {name: bucket.unpacked(f"{output(name)}model.tar.gz") for name in jobs}


def served(folders: dict[str, Path], model: str) -> ServedModel:
    return load_model(
        [
            LocalContainer(FORWARD, folders["fitted"]),
            LocalContainer({}, folders[model]),
            LocalContainer(BACKWARD, folders["fitted"]),
        ]
    )


def test_the_model_of_the_second_container_answers(folders: dict[str, Path]) -> None:
    theirs, mine = served(folders, "theirs"), served(folders, "mine")
    assert mine.answer(ROW, "text/csv", "")[0] == theirs.answer(ROW, "text/csv", "")[0] == b"yes\n"
    assert mine.predictor.about["algorithm"] == "xgboost"
    probabilities = [one.predictor.predict([ROW.decode().split(",")]) for one in (theirs, mine)]
    assert probabilities[0].probabilities[0, 1] != probabilities[1].probabilities[0, 1]


def test_one_of_another_recipe_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(
        CorruptArtifact,
        match=r"^The model data of the second container takes what the recipe 'dpp1' makes; the model data of the "
        r"first container has dpp0\.$",
    ):
        served(folders, "linear")


def test_one_of_another_table_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(
        CorruptArtifact,
        match=r"second container was trained on another table than the one that the model data of the first",
    ):
        served(folders, "later")


def test_one_with_transformers_of_its_own_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(InvalidRequest, match="second container hold transformers of their own"):
        served(folders, "whole")
    alone = load_model([LocalContainer({}, folders["whole"])])
    assert alone.answer(ROW, "text/csv", "")[0] == b"yes\n"


def test_one_with_transformers_of_its_own_may_stand_for_all(folders: dict[str, Path]) -> None:
    whole = folders["whole"]
    model = load_model(
        [
            LocalContainer(FORWARD, whole),
            LocalContainer({}, whole),
            LocalContainer(BACKWARD, whole),
        ]
    )
    assert model.answer(ROW, "text/csv", "")[0] == b"yes\n"


def test_a_package_of_no_known_table_is_taken_by_its_recipe(folders: dict[str, Path]) -> None:
    """As those of versions that remembered none."""
    manifest = folders["later"] / "manifest.json"
    document = json.loads(manifest.read_text())
    assert document["about"]["table"]
    del document["about"]["table"]
    manifest.write_text(json.dumps(document))
    assert served(folders, "later").answer(ROW, "text/csv", "")[0] == b"yes\n"

"""A LightGBM candidate, trained by the engine and packed as it would be for S3, answers in every shape."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.learners.catalogue import learner
from windvane.engine.packages.tarball import pack, unpack
from windvane.serving.model import LocalContainer, load_model

KEYS = "predicted_label, probability, probabilities, labels"
FIRST = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
LAST = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    "SAGEMAKER_INFERENCE_OUTPUT": KEYS,
}


@dataclass(frozen=True)
class Packages:
    transformers: Path
    model: Path
    whole: Path


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    random = np.random.default_rng(0)
    lines = ["age,job,y"]
    for _ in range(200):
        age, job = random.integers(18, 90), random.choice(["clerk", "a, b", 'the "boss"'])
        label = "yes" if age > 50 else "no"
        lines.append(f'{age},"{job.replace(chr(34), chr(34) * 2)}",{label}')
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    problem = ProblemSpec("y", ProblemType.BINARY, MetricName.F1)
    options = ReadOptions(scratch=folder, min_rows=20)
    stages.analyse([SourceFile(table, "table.csv")], options, problem, folder / "dataset")
    recipe = learner("lightgbm").recipes[0]
    stages.fit_features(folder / "dataset", recipe, folder / "features")
    plan = Plan(1, recipe, "lightgbm", {"num_iterations": 20, "learning_rate": 0.3}, 0)
    limits = stages.TrainLimits(time.time() + 60)
    stages.train(folder / "dataset", folder / "features", plan, limits, folder / "1")
    stages.assemble(
        folder / "dataset", {recipe: folder / "features"}, {1: folder / "1"}, 1, folder / "out"
    )
    for name, source in (
        ("transformers", "out/transformers"),
        ("model", "out/model"),
        ("whole", "out"),
    ):
        pack(folder / source, folder / f"{name}.tar.gz")
        unpack(folder / f"{name}.tar.gz", folder / name)
    return Packages(folder / "transformers", folder / "model", folder / "whole")


def test_a_pipeline_of_three_containers_answers_original_labels(packages):
    model = load_model(
        [
            LocalContainer(FIRST, packages.transformers),
            LocalContainer({}, packages.model),
            LocalContainer(LAST, packages.transformers),
        ]
    )
    body, _ = model.answer(b'80,"the ""boss"""\n20,unseen\n', "text/csv", "application/json")
    first, second = json.loads(body)["predictions"]
    assert (first["predicted_label"], second["predicted_label"]) == ("yes", "no")
    assert first["labels"] == ["no", "yes"]
    assert first["probability"] == first["probabilities"][1] > 0.5
    assert second["probability"] == second["probabilities"][1] < 0.5


def test_one_container_with_everything_answers_the_same(packages):
    model = load_model([LocalContainer({"SAGEMAKER_INFERENCE_OUTPUT": KEYS}, packages.whole)])
    body, media = model.answer(b"20,clerk", "text/csv", "")
    label, probability = body.decode().split(",")[:2]
    assert (media, label) == ("text/csv", "no")
    assert float(probability) > 0.5


def test_two_containers_answer_class_numbers(packages):
    model = load_model(
        [LocalContainer(FIRST, packages.transformers), LocalContainer({}, packages.model)]
    )
    assert model.answer(b"80,clerk\n20,clerk\n", "text/csv", "")[0] == b"1\n0\n"


def test_the_same_row_gets_the_same_answer_in_every_content_type(packages):
    model = load_model([LocalContainer({"SAGEMAKER_INFERENCE_OUTPUT": KEYS}, packages.whole)])
    bodies = {
        "text/csv": b'33,"a, b"\n',
        "application/json": b'[{"job": "a, b", "age": 33}]',
        "application/jsonlines": b'[33, "a, b"]\n',
    }
    answers = {model.answer(body, media, "text/csv")[0] for media, body in bodies.items()}
    assert len(answers) == 1


def test_packages_know_what_is_typical_of_the_columns_and_no_row(packages):
    sketch = load_model([LocalContainer({}, packages.whole)]).sketch
    assert list(sketch) == ["age", "job"]
    assert 18 <= int(sketch["age"].least) < int(sketch["age"].typical) < int(sketch["age"].most)
    assert sorted(sketch["job"].values) == ["a, b", "clerk", 'the "boss"']
    assert len(sketch["age"].drawn) == len(sketch["job"].drawn) == 100

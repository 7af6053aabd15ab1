"""With a validation set of its own no model learns from its rows: not a fold's, not the one that answers."""

import time

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.automl.local.background import keep_background, read_background
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.candidate_io import FULL_FIT, read_candidate
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile, ValidationFiles
from windvane.engine.packages.package import load_predictor
from windvane.engine.training.trial import TrainLimits
from windvane.errors import InvalidRequest
from windvane.notes.sentences import sentences

N_TRAINING, N_HELD_OUT = 300, 100


def _rows(n_rows, level, seed=0):
    """Targets about `level`, which is also what 'where' tells."""
    random = np.random.default_rng(seed)
    a = random.normal(size=n_rows).round(4)
    y = (level + a + random.normal(0, 0.1, n_rows)).round(4)
    return pd.DataFrame({"a": a, "where": level + random.random(n_rows).round(4), "y": y})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Training targets lie about 10, validation targets about 1,000."""
    folder = tmp_path_factory.mktemp("apart")
    files = []
    for name, frame in (("t", _rows(N_TRAINING, 10)), ("v", _rows(N_HELD_OUT, 1000, 1))):
        frame.to_csv(folder / f"{name}.csv", index=False)
        files.append(SourceFile(folder / f"{name}.csv", name))
    options = ReadOptions(folder, min_rows=20)
    validation = ValidationFiles((files[1],))
    stages.analyse(files[:1], options, ProblemSpec("y"), folder / "dataset", validation)
    return folder / "dataset"


def _answers(dataset, folder, candidates, index, features):
    stages.assemble(dataset, features, candidates, index, folder / "packages")
    predictor = load_predictor(folder / "packages" / "transformers", folder / "packages" / "model")
    return predictor.predict([["0.5", "1000.5"], ["0.0", "10.5"]]).values


def test_the_baseline_is_the_mean_of_the_training_rows(dataset, tmp_path):
    stages.train_baseline(dataset, 1, tmp_path / "1")
    answers = _answers(dataset, tmp_path, {1: tmp_path / "1"}, 1, {})
    assert answers == pytest.approx([10, 10], abs=1)


@pytest.mark.parametrize("n_rows", [None, 150])
def test_a_model_knows_no_target_of_the_validation_rows(dataset, tmp_path, n_rows):
    plan = Plan(
        1,
        "dpp0",
        "lightgbm",
        {"num_iterations": 40, "num_leaves": 8, "learning_rate": 0.3},
        seed=0,
        n_rows=n_rows,
    )
    features, limits = tmp_path / "features" / "dpp0", TrainLimits(time.time() + 600)
    outcome = stages.train(dataset, features, plan, limits, tmp_path / "1")
    record = read_candidate(tmp_path / "1")
    assert (record.recipe_fit, outcome.folds_used) == (FULL_FIT, 1)
    answers = _answers(dataset, tmp_path, {1: tmp_path / "1"}, 1, {"dpp0": features})
    assert (np.abs(answers - 10) < 5).all()
    scores = {score.metric: score.value for score in outcome.scores}
    assert scores["MAE"] > 900, "it is scored on the rows that it knows nothing of"
    assert not any("no refit" in note for note in sentences(outcome.notes))


def test_a_candidate_that_was_only_scored_is_the_model_that_answers(dataset, tmp_path):
    plan = Plan(
        1, "dpp0", "lightgbm", {"num_iterations": 10, "num_leaves": 4, "learning_rate": 0.3}, seed=0
    )
    features, limits = tmp_path / "features" / "dpp0", TrainLimits(time.time() + 600)
    tried = stages.cross_validate(dataset, features, plan, limits, tmp_path / "1")
    again = stages.refit(dataset, features, tmp_path / "1", limits, tmp_path / "2")
    assert tried.notes == again.notes
    assert tried.objective == again.objective
    one, two = ((tmp_path / name / "model").rglob("*.txt") for name in ("1", "2"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]


def test_rows_that_a_model_keeps_are_training_rows(dataset, tmp_path):
    keep_background(dataset, 1000, tmp_path / "kept")
    kept = read_background(tmp_path / "kept")
    assert kept.n_rows == N_TRAINING
    assert kept.cells["where"].max() < 20


def test_the_library_takes_frames_and_files(tmp_path):
    held_out = _rows(60, 10, 2)
    held_out[["y", "where", "a"]].to_csv(tmp_path / "valid.csv", index=False)
    model = AutoML(
        "y", max_candidates=1, max_runtime_s=60, features=["a"], feature_types={"a": "numeric"}
    ).fit(_rows(N_TRAINING, 10), validation=tmp_path / "valid.csv")
    assert model.analysis.has_validation_set
    assert model.analysis.n_held_out == 60
    assert "60 rows of validation data" in model.leaderboard()["notes"][0]
    model.save(tmp_path / "model")
    loaded = AutoML.load(tmp_path / "model")
    assert loaded.problem.features == model.problem.features
    rows = _rows(5, 10, 3)
    assert np.array_equal(loaded.predict(rows), model.predict(rows.drop(columns="where")))


def test_a_share_can_be_held_out(tmp_path):
    model = AutoML("y", max_candidates=1, max_runtime_s=60, validation_fraction=0.4)
    model.fit(_rows(N_TRAINING, 10))
    assert (model.analysis.n_folds, model.analysis.n_held_out) == (1, 120)
    with pytest.raises(
        InvalidRequest, match="validation_fraction is a fraction of the training rows"
    ):
        model.fit(_rows(N_TRAINING, 10), validation=_rows(60, 10))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"validation_fraction": 1.0}, "must be greater than 0 and less than 1"),
        ({"features": "a"}, "features is 'a'; it must be a list"),
        ({"features": ["a", "y"]}, "names 'y', which is the target"),
        ({"feature_types": {"w": "text"}, "sample_weight": "w"}, "which is the sample weight"),
        ({"feature_types": {"a": "sequence"}}, "not supported"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, told):
    with pytest.raises(InvalidRequest, match=told):
        AutoML("y", **asked)
